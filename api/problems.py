"""Error responses by RFC 9457 (`application/problem+json`), each with the next step in `remedy`.

A refused start has no `Location` header, since RFC 9110 defines it for 201 and 3xx alone: the conflicting migration is
the problem's own member `link`.
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
    RequesterRequired: (422, "No requester"),
    NoSuchMigration: (404, "No such migration"),
    NothingToAdopt: (404, "Nothing to take over"),
    AlreadyRunning: (409, "The cluster has a running migration"),
    CommandRefused: (409, "Command refused"),
    AlreadyCancelled: (409, "Command refused"),
    ClusterUnavailable: (502, "The cluster cannot be reached"),
    NoWorker: (503, "No worker answers"),
}


class ProblemDetails(FrozenModel):
    """The body of every error response (RFC 9457).

    Attributes:
        title: the kind of problem, identical for every problem of that kind.
        detail: what happened in this request.
        remedy: the next step a person can take.
        link: path of the conflicting migration.
        problems: every problem of the request.
    """

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    remedy: str = ""
    link: str = ""
    problems: list[Problem] = []


def problem(status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """Build a problem response; `more` are RFC 9457's extension members, and empty members are left out."""
    details = ProblemDetails(title=title, status=status, detail=detail, **more)
    members = {name: value for name, value in details.model_dump(mode="json").items() if value}
    # As ASCII: text quoted from a request may hold lone surrogates, which UTF-8 cannot encode.
    body = json.dumps(members, ensure_ascii=True)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Make the app answer every error with a problem document."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        found = [each for one in error.errors() for each in _problems(one)]
        return problem(422, "The request has problems", f"{len(found)} problem(s); nothing was done", problems=found)

    @app.exception_handler(UnicodeError)
    async def _text(_: Request, error: UnicodeError) -> Response:
        # JSON can express a lone surrogate ("\\ud800"), which pydantic and Temporal cannot store.
        found = [Problem(field="body", rule=f"holds text that is not valid Unicode ({error})", remedy="Send UTF-8.")]
        return problem(422, "The request has problems", "1 problem(s); nothing was done", problems=found)

    @app.exception_handler(ClientError)
    async def _client_error(_: Request, error: ClientError) -> Response:
        status, title = _STATUSES[type(error)]
        link = f"/api/v1/migrations/{error.id}" if isinstance(error, AlreadyRunning) else ""
        return problem(status, title, str(error), remedy=error.remedy, link=link)

    @app.exception_handler(RPCError)
    async def _temporal(_: Request, error: RPCError) -> Response:
        remedy = "check that Temporal runs and that TEMPORAL_ADDRESS is right, then try again"
        return problem(503, "Temporal does not answer", error.message, remedy=remedy)

    @app.exception_handler(JournalUnavailable)
    async def _journal(_: Request, error: JournalUnavailable) -> Response:
        remedy = "check that VCFM_JOURNAL is right and that its database runs, then try again"
        return problem(503, "The journal is unavailable", str(error), remedy=remedy)

    @app.exception_handler(CodecError)
    async def _payload(_: Request, error: CodecError) -> Response:
        remedy = "add a new key below the others for every process first; move it to the first line when all have it"
        return problem(503, "A payload in Temporal cannot be decoded", str(error), remedy=remedy)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        title = HTTPStatus(error.status_code).phrase
        headers = dict(error.headers) if error.headers else None
        return problem(
            error.status_code, title, error.detail, headers=headers, remedy="see /docs for the available routes"
        )

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> Response:
        # The details go to the log only (the server raises the exception again there), never to the client.
        remedy = "read the service's log; the request may have taken effect, so check the status before you try again"
        detail = f"a bug of the service: {type(error).__name__}"
        # Starlette handles unexpected exceptions outside of all middleware, so this adds the headers itself.
        return problem(500, "Internal error", detail, headers=dict(SECURITY_HEADERS), remedy=remedy)


def _problems(error: dict[str, Any]) -> Iterator[Problem]:
    """The problems inside a validation error: those of `migration.spec`, or pydantic's own in the same shape."""
    ours = error.get("ctx", {}).get("error")
    if isinstance(ours, InvalidSpec):
        yield from ours.problems
        return
    field = ".".join(str(part) for part in error["loc"])
    rule = error["msg"][:1].lower() + error["msg"][1:]
    if error["type"] == "json_invalid":
        rule = f"is not JSON: {error['ctx']['error']} at character {error['loc'][-1]}"
        field = "body"
    yield Problem(field=field, rule=rule, remedy="See /docs for the expected request.")
