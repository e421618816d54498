"""The REST service as the terminal sees it."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from migration.audit.journal_views import DecisionEntry, JournalEntry
from migration.frozen_model import FrozenModel
from migration.preflight.result import PreflightResult
from migration.run.adoption import Direction
from migration.run.status import MigrationStatus
from migration.run.summary import MigrationSummary

Shape = TypeVar("Shape", bound=FrozenModel)
Entry = TypeVar("Entry", JournalEntry, DecisionEntry)
_PAGE = 500


_LOOKING = 200
"""Seconds; the service gives up sooner itself, and says why."""


class ServiceError(Exception):
    """The service did not do it; the message says why, and what to do next."""


class Away(ServiceError):
    """It does not answer, or answers that it cannot just now."""


class Refused(ServiceError):
    """It said no; the message is its problem document, in lines for a terminal."""


class Service:
    """One REST service.

    Raises (every method):
        Away: it does not answer.
        Refused: it answered with a problem.
        ServiceError: it answers what this version of `vcfm` does not understand.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        try:
            # Nothing is kept open between calls that are half a second apart: a watch outlives many a proxy.
            self._http = httpx.Client(
                base_url=f"{self.url}/api/v1", timeout=30, limits=httpx.Limits(max_keepalive_connections=0)
            )
        except httpx.InvalidURL as error:
            raise ServiceError(f"{url!r} is no URL ({error}): say where the service is (--api URL)") from error

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
        return self._read(MigrationStatus, self._call("POST", "/migrations", json=body))

    def adopt(self, *, cluster: str, rollback: bool, by: str, reason: str) -> MigrationStatus:
        """Take over the migration of a cluster whose workflow is gone."""
        direction = Direction.ROLLBACK if rollback else Direction.CONTINUE
        body = {"cluster": cluster, "direction": direction, "by": by, "reason": reason, "channel": "cli"}
        return self._read(MigrationStatus, self._call("POST", "/adoptions", json=body))

    def preflight(self, body: dict[str, Any]) -> PreflightResult:
        """What preflight would say to a submission; it looks for minutes at most."""
        return self._read(PreflightResult, self._call("POST", "/preflights", json=body, timeout=_LOOKING))

    def status(self, migration: str) -> MigrationStatus:
        """How a migration stands."""
        return self._read(MigrationStatus, self._call("GET", f"/migrations/{quote(migration, safe='')}"))

    def migrations(self) -> list[MigrationSummary]:
        """All migrations, the latest first."""
        return [self._read(MigrationSummary, each) for each in self._call("GET", "/migrations")]

    def journal(self, migration: str, **query: Any) -> list[dict[str, Any]]:
        """One page of a migration's journal."""
        return self._page(migration, "journal", **query)

    def calls(self, migration: str, *, phase: str | None, mutating: bool) -> Iterator[JournalEntry]:
        """Every call of a migration's latest run, or of one phase, or those that were meant to change something."""
        query = ({"phase": phase} if phase else {}) | ({"mutating": True} if mutating else {})
        return self._pages(JournalEntry, migration, "journal", **query)

    def decisions(self, migration: str) -> Iterator[DecisionEntry]:
        """Everything that was said to a migration, in all its runs."""
        return self._pages(DecisionEntry, migration, "decisions")

    def steer(self, migration: str, verb: str, *, by: str, reason: str, phase: str | None = None) -> str:
        """Tell a migration something; `cancel` too. Answers what happens next.

        With a phase it is meant for that one, and refused where another waits.
        """
        said = {"by": by, "reason": reason, "channel": "cli"} | ({"phase": phase} if phase else {})
        answer = self._call("POST", f"/migrations/{quote(migration, safe='')}/{verb}", json=said)
        return str(answer["answer"])

    def _pages(self, shape: type[Entry], migration: str, what: str, **query: Any) -> Iterator[Entry]:
        after = 0
        while found := self._page(migration, what, after=after, limit=_PAGE, **query):
            entries = [self._read(shape, each) for each in found]
            yield from entries
            after = entries[-1].id
            if len(found) < _PAGE:
                return

    def _page(self, migration: str, what: str, **query: Any) -> list[dict[str, Any]]:
        path = f"/migrations/{quote(migration, safe='')}/{what}"
        found: list[dict[str, Any]] = self._call("GET", path, params=query)
        return found

    def _call(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.TransportError as error:
            raise Away(
                f"the service at {self.url} does not answer ({error}): start it (`vcfm serve --dev`), or say where it "
                "is (--api URL)"
            ) from error
        if "json" not in answer.headers.get("content-type", ""):
            raise ServiceError(
                f"{self.url} answers HTTP {answer.status_code} without JSON: no service of ours; say where it is "
                "(--api URL)"
            )
        if answer.is_success:
            return answer.json()
        refusal = Away if answer.status_code == 503 else Refused
        raise refusal(_lines(answer.json()))

    def _read(self, shape: type[Shape], document: Any) -> Shape:
        try:
            return shape.model_validate(document)
        except ValidationError as error:
            raise ServiceError(
                f"{self.url} answers what this vcfm does not understand ({error.error_count()} unknown or missing "
                "fields): install the service's version of vcfm"
            ) from error


def _lines(document: dict[str, Any]) -> str:
    lines = [f"{document.get('title')}: {document.get('detail')}"]
    for each in document.get("problems", []):
        value = f" ({each['value']})" if each.get("value") else ""
        lines.append(f"  {each.get('field')}{value}: {each.get('rule')}. {each.get('remedy')}")
    if document.get("remedy"):
        lines.append(f"Next: {document['remedy']}")
    return "\n".join(lines)
