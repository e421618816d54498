"""Liveness, readiness and metrics of one process, on a port of their own.

Served by the very event loop that does the process's work: an answer proves that the loop turns, and a process that is
stuck answers nobody and is restarted. What else may be away (Temporal, a cluster, a vCenter) is a matter of readiness
alone, since a restart would bring none of them back. The port is apart from REST's, so that a network policy can let
Prometheus in without letting it steer migrations.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.service import RPCError

from client.reading import MigrationReader
from config.settings import Settings
from http_security.hosts import AllowedHosts
from http_security.same_origin import SameOrigin
from monitoring.metrics import exposition

_PATIENCE = 2.0
"""Seconds for Temporal's answer: a probe gives up after a few seconds, and then has not heard why."""

Lacks = Callable[[], str]
"""What the process itself lacks to do its work, in words; empty when nothing."""


@asynccontextmanager
async def answering(settings: Settings, *, client: Client, lacks: Lacks = str) -> AsyncIterator[None]:
    """`/healthz`, `/readyz` and `/metrics` while the block lasts, if `VCFM_HEALTH_PORT` is set.

    Raises:
        OSError: nothing can listen there; says what to do.
    """
    if settings.health_port is None:
        yield
        return
    # Kubelets and Prometheus ask by the pod's address, which nobody knows beforehand; nothing can be changed here.
    hosts = AllowedHosts.of(settings.health_host, settings.api_allowed_hosts, any_address=True)
    app = create_app(client, MigrationReader(client), lacks, hosts)
    with _listener(settings.health_host, settings.health_port) as listener:
        server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


def create_app(client: Client, migrations: MigrationReader, lacks: Lacks, hosts: AllowedHosts) -> Starlette:
    """The three routes, for whoever asks by one of those names."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        missing = [each for each in (lacks(), await _temporal(client)) if each]
        if missing:
            return JSONResponse({"status": "not ready", "missing": missing}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def metrics(_: Request) -> Response:
        return Response(await exposition(migrations), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)],
        middleware=[Middleware(SameOrigin, hosts=hosts)],
    )


async def _temporal(client: Client) -> str:
    where = client.service_client.config.target_host
    try:
        async with asyncio.timeout(_PATIENCE):
            await client.service_client.check_health(retry=True)
    except RPCError as error:
        return f"Temporal at {where} does not answer ({error.status.name}): nothing moves until it does"
    except TimeoutError:
        return f"Temporal at {where} does not answer (for {_PATIENCE:.0f} s): nothing moves until it does"
    return ""


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise OSError(
            f"VCFM_HEALTH_PORT: cannot listen on {host}:{port} ({error.strerror}): give each process on this machine "
            "a port of its own"
        ) from error


class _Server(uvicorn.Server):
    """Leaves signals to the process whose health this is."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None."""
        yield
