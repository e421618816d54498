"""The REST service as the terminal sees it."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from migration.status import MigrationStatus
from migration.summary import MigrationSummary


class Refused(Exception):
    """The service said no; the message is its problem document, in lines for a terminal.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """One REST service.

    Raises (every method):
        Refused: it answered with a problem.
        httpx.TransportError: it does not answer.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1", timeout=30)
        self.url = url.rstrip("/")

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def wait_until_ready(self, *, seconds: float, alive: Callable[[], bool]) -> None:
        """Wait until it can serve requests.

        Raises:
            TimeoutError: it could not within that time, or `alive()` says that it has ended before.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and alive():
            try:
                if self._http.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"{self.url} was not ready within {seconds:.0f} s" if alive() else f"{self.url} has ended")

    def start(self, body: dict[str, Any]) -> MigrationStatus:
        """Submit a migration."""
        return MigrationStatus.model_validate(self._call("POST", "/migrations", json=body))

    def status(self, migration: str) -> MigrationStatus:
        """How a migration stands."""
        return MigrationStatus.model_validate(self._call("GET", f"/migrations/{migration}"))

    def migrations(self) -> list[MigrationSummary]:
        """All migrations, the latest first."""
        return [MigrationSummary.model_validate(each) for each in self._call("GET", "/migrations")]

    def journal(self, migration: str, **query: Any) -> list[dict[str, Any]]:
        """One page of a migration's journal."""
        found: list[dict[str, Any]] = self._call("GET", f"/migrations/{migration}/journal", params=query)
        return found

    def retry(self, migration: str, *, by: str, reason: str) -> str:
        """Run the parked phase again."""
        answer = self._call("POST", f"/migrations/{migration}/retry", json={"by": by, "reason": reason})
        return str(answer["answer"])

    def _call(self, method: str, path: str, **how: Any) -> Any:
        answer = self._http.request(method, path, **how)
        if answer.is_success:
            return answer.json()
        raise Refused(answer.status_code, _lines(answer))


def _lines(answer: httpx.Response) -> str:
    if "json" not in answer.headers.get("content-type", ""):
        return f"HTTP {answer.status_code}: {answer.text[:500]}"
    document = answer.json()
    lines = [f"{document.get('title')}: {document.get('detail')}"]
    for each in document.get("problems", []):
        value = f" = {each['value']}" if each.get("value") else ""
        lines.append(
            f"  {each['field']}{value}: {each['rule']}" + (f" → {each['remedy']}" if each.get("remedy") else "")
        )
    if document.get("remedy"):
        lines.append(f"Next: {document['remedy']}")
    return "\n".join(lines)
