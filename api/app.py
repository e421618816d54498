"""The REST service: routes, health endpoints, metrics, and errors that name the next step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse
from temporalio.client import Client

from api import adoptions, contract, docs, preflights, problems
from api.middleware import Head, User
from api.migrations import router
from api.payloads import CODEC, FORMS, SHARED, codec_app
from client.migrations import Migrations
from config.settings import Settings
from http_security.hosts import AllowedHosts
from http_security.same_origin import SameOrigin
from journal.store import Journal
from monitoring.metrics import exposition

_HEALTH = timedelta(seconds=2)
"""Shorter than a probe's own timeout; a Temporal that needs longer cannot serve requests in time either."""


def create_app(settings: Settings, *, client: Client) -> FastAPI:
    """Create the application over an open Temporal connection, which it does not close; opens the journal on startup.

    Raises:
        client.signing.ApprovalKeyError: the configured approval key is not usable.
    """
    migrations = Migrations.configured(client, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.client = client
        app.state.migrations = migrations
        app.state.journal = Journal(settings.journal_url)
        app.state.journal.open()
        yield
        app.state.journal.close()

    app = FastAPI(
        title="vcf-migration",
        version=version("vcf-migration"),
        description="Moves a running OpenShift cluster from one vCenter to another.",
        lifespan=lifespan,
        docs_url=None,  # api.docs serves a page that needs no internet
        redoc_url=None,
    )
    problems.install(app)
    contract.install(app, named=settings.api_user_header is not None)
    app.add_middleware(Head)
    if settings.api_user_header:
        app.add_middleware(User, header=settings.api_user_header)
    app.add_middleware(
        SameOrigin,
        hosts=AllowedHosts.of(settings.api_host, settings.api_allowed_hosts),
        shared=dict.fromkeys(SHARED, settings.codec_ui_origin) if settings.codec_ui_origin else {},
        forms=FORMS,
    )
    docs.install(app)
    app.include_router(router)
    app.include_router(adoptions.router)
    app.include_router(preflights.router)
    if settings.codec_token_file and settings.payload_keys_file:
        codec = codec_app(
            payload_keys=settings.payload_keys_file,
            token_file=settings.codec_token_file,
            origin=settings.codec_ui_origin,
        )
        app.mount(CODEC, codec)

    @app.get("/healthz", tags=["health"], summary="Liveness: the process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        tags=["health"],
        summary="Readiness: Temporal answers",
        responses=contract.errors(503),
    )
    async def readyz(request: Request) -> dict[str, str]:
        await request.app.state.client.service_client.check_health(timeout=_HEALTH)
        return {"status": "ready"}

    @app.get("/metrics", tags=["health"], summary="Metrics for Prometheus", response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        return Response(await exposition(request.app.state.migrations), media_type=CONTENT_TYPE_LATEST)

    return app
