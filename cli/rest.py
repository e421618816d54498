"""The REST client of the command line.

It uses the standard library: importing httpx alone takes as long as all the rest of `vcfm status`.
"""

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple, NoReturn, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import ValidationError

from migration.audit.journal_views import DecisionEntry, JournalEntry
from migration.frozen_model import FrozenModel
from migration.run.adoption import Direction
from migration.run.request import PreflightResult
from migration.run.status import MigrationStatus, MigrationSummary

Shape = TypeVar("Shape", bound=FrozenModel)
Entry = TypeVar("Entry", JournalEntry, DecisionEntry)
_PAGE = 500

_ANSWERING = 30.0
"""Socket timeout in seconds."""
_LOOKING = 200.0
"""Timeout of a preflight in seconds; the service itself times out sooner, and answers why."""


class ServiceError(Exception):
    """The request failed; the message holds the reason and the next step."""


class Unavailable(ServiceError):
    """The service does not answer, or answers 503."""


class Refused(ServiceError):
    """The service answered with an error; the message is its problem document, formatted for a terminal."""


class _Answer(NamedTuple):
    status: int
    kind: str
    body: bytes


class _NoRedirect(HTTPRedirectHandler):
    """Does not follow redirects: a redirected POST would become a GET."""

    def redirect_request(self, *args: Any) -> None:
        """Do not follow the redirect."""
        del args


class Service:
    """One REST service.

    Raises (every method):
        Unavailable: the service does not answer.
        Refused: the service answered with a problem document.
        ServiceError: this version of `vcfm` cannot parse the answer.
    """

    def __init__(self, url: str) -> None:
        self.url, self._headers = _address(url)
        # Proxies are those of the environment (HTTPS_PROXY, NO_PROXY), authorities those of the system (SSL_CERT_FILE).
        # Each call opens a new connection, since a watch may outlive the connections of a proxy.
        self._opener = build_opener(_NoRedirect)

    def wait_until_ready(self, *, seconds: float, alive: Callable[[], bool]) -> None:
        """Wait until the service is ready.

        Raises:
            TimeoutError: it is not ready in time, or `alive()` returns False before.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and alive():
            try:
                if self._exchange("GET", f"{self.url}/readyz").status == 200:
                    return
            except Unavailable:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"{self.url} was not ready within {seconds:.0f} s" if alive() else f"{self.url} has ended")

    def start(self, body: dict[str, Any]) -> MigrationStatus:
        """Submit a migration."""
        return self._read(MigrationStatus, self._call("POST", "/migrations", body=body))

    def adopt(self, *, cluster: str, rollback: bool, by: str, reason: str) -> MigrationStatus:
        """Take over the migration of a cluster whose workflow is gone."""
        direction = Direction.ROLLBACK if rollback else Direction.CONTINUE
        body = {"cluster": cluster, "direction": direction, "by": by, "reason": reason, "channel": "cli"}
        return self._read(MigrationStatus, self._call("POST", "/adoptions", body=body))

    def preflight(self, body: dict[str, Any]) -> PreflightResult:
        """Run preflight for a submission; takes minutes at most."""
        return self._read(PreflightResult, self._call("POST", "/preflights", body=body, timeout=_LOOKING))

    def status(self, migration: str) -> MigrationStatus:
        """The status of a migration."""
        return self._read(MigrationStatus, self._call("GET", f"/migrations/{quote(migration, safe='')}"))

    def migrations(self) -> list[MigrationSummary]:
        """All migrations, the latest first."""
        return [self._read(MigrationSummary, each) for each in self._call("GET", "/migrations")]

    def journal(self, migration: str, **query: Any) -> list[dict[str, Any]]:
        """One page of a migration's journal."""
        return self._page(migration, "journal", **query)

    def calls(self, migration: str, *, phase: str | None, mutating: bool) -> Iterator[JournalEntry]:
        """The journal entries of a migration's latest run, optionally of one phase or mutating calls only."""
        query = ({"phase": phase} if phase else {}) | ({"mutating": True} if mutating else {})
        return self._pages(JournalEntry, migration, "journal", **query)

    def decisions(self, migration: str) -> Iterator[DecisionEntry]:
        """The decisions of a migration, of all its runs."""
        return self._pages(DecisionEntry, migration, "decisions")

    def steer(self, migration: str, verb: str, *, by: str, reason: str, phase: str | None = None) -> str:
        """Send a verb or `cancel` to a migration; returns its answer, which says what happens next.

        With a phase, the command is refused if another phase waits.
        """
        body = {"by": by, "reason": reason, "channel": "cli"} | ({"phase": phase} if phase else {})
        answer = self._call("POST", f"/migrations/{quote(migration, safe='')}/{verb}", body=body)
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
        found: list[dict[str, Any]] = self._call("GET", path, **query)
        return found

    def _call(
        self, method: str, path: str, *, body: dict[str, Any] | None = None, timeout: float = _ANSWERING, **query: Any
    ) -> Any:
        items = urlencode({name: str(each).lower() if isinstance(each, bool) else each for name, each in query.items()})
        url = f"{self.url}/api/v1{path}" + (f"?{items}" if items else "")
        answer = self._exchange(method, url, body=body, timeout=timeout)
        try:
            document = json.loads(answer.body) if "json" in answer.kind else None
        except ValueError:
            document = None
        if document is None:
            raise ServiceError(
                f"{self.url} answers HTTP {answer.status} without JSON, so it is not this service: set its URL (--api)"
            )
        if 200 <= answer.status < 300:
            return document
        refusal = Unavailable if answer.status == 503 else Refused
        raise refusal(_lines(document))

    def _exchange(
        self, method: str, url: str, *, body: dict[str, Any] | None = None, timeout: float = _ANSWERING
    ) -> _Answer:
        request = Request(url, method=method, headers=self._headers)  # noqa: S310  http and https alone, see _address
        if body is not None:
            request.data = json.dumps(body, allow_nan=False).encode()
            request.add_header("Content-Type", "application/json")
        try:
            try:
                answer = self._opener.open(request, timeout=timeout)
            except HTTPError as error:  # an answer, too
                answer = error
            with closing(answer):
                return _Answer(answer.status, answer.headers.get("content-type", ""), answer.read())
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Unavailable(
                f"the service at {self.url} does not answer ({reason}): start it (`vcfm serve --dev`), or set its URL "
                "(--api)"
            ) from error

    def _read(self, shape: type[Shape], document: Any) -> Shape:
        try:
            return shape.model_validate(document)
        except ValidationError as error:
            raise ServiceError(
                f"{self.url} sends an answer that this vcfm cannot parse ({error.error_count()} unknown or missing "
                "fields): install the service's version of vcfm"
            ) from error


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The service's URL without user name and password, and the headers of every request.

    Raises:
        ServiceError: it is not an HTTP URL.
    """

    def wrong(why: object) -> NoReturn:
        raise ServiceError(f"{url!r} is not a valid URL ({why}): set the service's URL (--api)")

    try:
        parts = urlsplit(url.rstrip("/"))
        named, _, at = parts.netloc.rpartition("@")
        if parts.scheme not in {"http", "https"} or not parts.hostname or (parts.port or 1) < 0:
            wrong("it begins with http:// or https://, then a host")
    except ValueError as error:
        wrong(error)
    headers = {"Accept": "application/json", "User-Agent": "vcfm"}
    if named:
        headers["Authorization"] = f"Basic {base64.b64encode(unquote(named).encode()).decode()}"
    return f"{parts.scheme}://{at}{parts.path}", headers


def _lines(document: dict[str, Any]) -> str:
    lines = [f"{document.get('title')}: {document.get('detail')}"]
    for each in document.get("problems", []):
        value = f" ({each['value']})" if each.get("value") else ""
        lines.append(f"  {each.get('field')}{value}: {each.get('rule')}. {each.get('remedy')}")
    if document.get("remedy"):
        lines.append(f"Next: {document['remedy']}")
    return "\n".join(lines)
