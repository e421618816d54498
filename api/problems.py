"""Errors as RFC 9457 says: `application/problem+json`, and always with what a person can do next.

A refused start has no `Location` header: RFC 9110 gives it a meaning for 201 and 3xx alone, so the migration that is in
the way is the problem's own member `link`.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from client.errors import (
    AlreadyCancelled,
    AlreadyRunning,
    ClientError,
    ClusterUnavailable,
    CommandRefused,
    NoSuchMigration,
    NothingToAdopt,
    NoWorker,
    RequesterRequired,
)
from http_security.same_origin import MEDIA_TYPE, SECURITY_HEADERS
from journal.writer import JournalUnavailable
from migration.frozen_model import FrozenModel
from migration.spec.problem import Problem
from migration.spec.rules import InvalidSpec
from temporal.codec import CodecError

_STATUSES: dict[type[ClientError], tuple[int, str]] = {
    RequesterRequired: (422, "Who asks?"),
    NoSuchMigration: (404, "No such migration"),
    NothingToAdopt: (404, "Nothing to take over"),
    AlreadyRunning: (409, "The cluster has a running migration"),
    CommandRefused: (409, "Not now"),
    AlreadyCancelled: (409, "Not now"),
    ClusterUnavailable: (502, "The cluster cannot be reached"),
    NoWorker: (503, "No worker answers"),
}


class ProblemDetails(FrozenModel):
    """What every error looks like (RFC 9457).

    Attributes:
        title: the kind of problem, the same for each of its kind.
        detail: what happened this time.
        remedy: the next step a person can take.
        link: the migration that is in the way.
        problems: everything wrong with what was sent, at once.
    """

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    remedy: str = ""
    link: str = ""
    problems: list[Problem] = []


def problem(status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """One problem document; `more` are RFC 9457's extension members, left out where they are empty."""
    details = ProblemDetails(title=title, status=status, detail=detail, **more)
    members = {name: value for name, value in details.model_dump(mode="json").items() if value}
    # Written as ASCII: what is quoted from a request may hold characters that UTF-8 cannot (lone surrogates).
    body = json.dumps(members, ensure_ascii=True)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Have every error of the app answered as a problem."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        found = [each for one in error.errors() for each in _problems(one)]
        return problem(422, "The request has problems", f"{len(found)} problem(s); nothing was done", problems=found)

    @app.exception_handler(UnicodeError)
    async def _text(_: Request, error: UnicodeError) -> Response:
        # JSON can spell half a character ("\\ud800"), which pydantic and Temporal cannot store.
        found = [Problem(field="body", rule=f"holds text that is not Unicode ({error})", remedy="Send UTF-8.")]
        return problem(422, "The request has problems", "1 problem(s); nothing was done", problems=found)

    @app.exception_handler(ClientError)
    async def _client_error(_: Request, error: ClientError) -> Response:
        status, title = _STATUSES[type(error)]
        link = f"/api/v1/migrations/{error.id}" if isinstance(error, AlreadyRunning) else ""
        return problem(status, title, str(error), remedy=error.remedy, link=link)

    @app.exception_handler(RPCError)
    async def _temporal(_: Request, error: RPCError) -> Response:
        remedy = "see that Temporal runs and that TEMPORAL_ADDRESS is right, then try again"
        return problem(503, "Temporal does not answer", error.message, remedy=remedy)

    @app.exception_handler(JournalUnavailable)
    async def _journal(_: Request, error: JournalUnavailable) -> Response:
        remedy = "see that VCFM_JOURNAL is right and the database behind it runs, then try again"
        return problem(503, "The journal does not answer", str(error), remedy=remedy)

    @app.exception_handler(CodecError)
    async def _payload(_: Request, error: CodecError) -> Response:
        remedy = (
            "a new key is added below the others for every process first, and becomes the first line when all have it"
        )
        return problem(503, "What Temporal stores cannot be read", str(error), remedy=remedy)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        title = HTTPStatus(error.status_code).phrase
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, title, error.detail, headers=headers, remedy="/docs shows what there is")

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> Response:
        # What happened goes to the log (the server raises it again there), and not to whoever asked.
        remedy = "read the service's log; what was asked may have been done, so look before you try again"
        said = f"a bug of the service: {type(error).__name__}"
        # Starlette answers bugs outside of every middleware, so also outside of the one that adds these.
        return problem(500, "Internal error", said, headers=dict(SECURITY_HEADERS), remedy=remedy)


def _problems(error: dict[str, Any]) -> Iterator[Problem]:
    """What our own rules found, out of its wrapping; errors of pydantic itself in the same shape."""
    ours = error.get("ctx", {}).get("error")
    if isinstance(ours, InvalidSpec):
        yield from ours.problems
        return
    field = ".".join(str(part) for part in error["loc"])
    rule = error["msg"][:1].lower() + error["msg"][1:]
    if error["type"] == "json_invalid":
        rule = f"is not JSON: {error['ctx']['error']} at character {error['loc'][-1]}"
        field = "body"
    yield Problem(field=field, rule=rule, remedy="See /docs for what is expected.")
