"""Errors as RFC 9457 says: `application/problem+json`, and always with what a person can do next."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from migration.spec_rules import InvalidSpec
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from workflows.refusals import AlreadyRunning, ClusterUnavailable, DoorError, NoSuchMigration, NoWorker, Refused

_STATUSES: dict[type[DoorError], tuple[int, str]] = {
    NoSuchMigration: (404, "No such migration"),
    AlreadyRunning: (409, "The cluster has a running migration"),
    Refused: (409, "Not now"),
    ClusterUnavailable: (502, "The cluster cannot be reached"),
    NoWorker: (503, "No worker answers"),
}


def problem(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """One problem document; `more` are RFC 9457's extension members."""
    headers = {"Location": more["link"]} if status == 409 and "link" in more else None
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **more},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Have every error of the app answered as a problem."""

    @app.exception_handler(InvalidSpec)
    async def _invalid(_: Request, error: InvalidSpec) -> JSONResponse:
        return problem(
            422,
            "The spec has problems",
            f"{len(error.problems)} problem(s); nothing was started",
            problems=[each.model_dump(mode="json") for each in error.problems],
        )

    @app.exception_handler(RequestValidationError)
    async def _request(_: Request, error: RequestValidationError) -> JSONResponse:
        found = [{"field": ".".join(str(part) for part in each["loc"]), "rule": each["msg"]} for each in error.errors()]
        return problem(422, "The request has problems", f"{len(found)} problem(s)", problems=found)

    @app.exception_handler(DoorError)
    async def _door(_: Request, error: DoorError) -> JSONResponse:
        status, title = _STATUSES[type(error)]
        link = {"link": f"/api/v1/migrations/{error.id}"} if isinstance(error, AlreadyRunning) else {}
        return problem(status, title, str(error), remedy=error.remedy, **link)

    @app.exception_handler(RPCError)
    async def _temporal(_: Request, error: RPCError) -> JSONResponse:
        return problem(
            503, "Temporal does not answer", str(error), remedy="see that Temporal runs and TEMPORAL_ADDRESS is right"
        )

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), str(error.detail))
