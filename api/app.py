"""The REST service: routes, health, and errors that say what to do next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from temporalio.client import Client
from temporalio.service import RPCError

import temporal
from api import problems
from api.migrations import router
from journal.store import Journal
from settings import Settings
from workflows.doors import Migrations


def create_app(settings: Settings, *, client: Client | None = None) -> FastAPI:
    """The application; it connects to Temporal when it starts, unless a client is given."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.client = client or await temporal.connect()
        app.state.migrations = Migrations(app.state.client, task_queue=settings.task_queue)
        app.state.journal = Journal(settings.journal_url)
        app.state.journal.open()
        yield
        app.state.journal.close()

    app = FastAPI(
        title="vcf-migration",
        version=version("vcf-migration"),
        description="Moves a running OpenShift cluster from one vCenter to another.",
        lifespan=lifespan,
    )
    problems.install(app)
    app.include_router(router)

    @app.get("/healthz", tags=["health"], summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], summary="Temporal answers, so requests can be served")
    async def readyz(request: Request) -> JSONResponse:
        try:
            await request.app.state.client.service_client.check_health()
        except RPCError as error:
            return problems.problem(503, "Not ready", f"Temporal does not answer: {error}")
        return JSONResponse({"status": "ready"})

    return app
