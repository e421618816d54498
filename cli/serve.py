"""The long-running processes: `vcfm serve`, `api`, `worker`, `bridge`."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

import temporal
from api.app import create_app
from bridge import main as bridge_process
from bridge.main import NothingToFollow, bridging
from cli.dev_server import DatabaseInUse, NoTemporalBinary, dev_server
from client.signing import ApprovalKeyError
from config import logs
from config.settings import Settings
from monitoring.endpoint import answering
from temporal import TemporalUnavailable
from worker import main as worker_process
from worker.main import polling, working

EXPECTED = (TemporalUnavailable, ApprovalKeyError, DatabaseInUse, NoTemporalBinary, NothingToFollow)
app = typer.Typer(rich_markup_mode=None)


@app.command("serve")
def serve_command(
    dev: Annotated[bool, typer.Option("--dev", help="Also run Temporal's dev server, with a database file.")] = False,
    temporal_port: Annotated[int, typer.Option(help="Its port, with --dev; another one if that is taken.")] = 7233,
    ui_port: Annotated[int, typer.Option(help="Its UI's port, with --dev; another one if taken.")] = 8233,
) -> None:
    asyncio.run(serve(_settings(), dev=dev, console=Console(), temporal_port=temporal_port, ui_port=ui_port))


@app.command("api")
def api_command() -> None:
    asyncio.run(serve_api(_settings()))


@app.command("worker")
def worker_command() -> None:
    asyncio.run(worker_process.run(_settings()))


@app.command("bridge")
def bridge_command() -> None:
    asyncio.run(bridge_process.run(_settings()))


def _settings() -> Settings:
    settings = Settings()
    logs.configure(json=settings.log_json)
    return settings


async def serve_api(settings: Settings) -> None:
    """The REST service alone, until a signal.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
    """
    client = await temporal.connect()
    async with answering(settings, client=client):
        await _listen(settings, create_app(settings, client=client))


async def serve(settings: Settings, *, dev: bool, console: Console, temporal_port: int, ui_port: int) -> None:
    """API, worker and bridge in one process, with Temporal's dev server as a child if asked for."""
    async with AsyncExitStack() as stack:
        if dev:
            server = await stack.enter_async_context(
                dev_server(
                    database=settings.state_directory / "temporal.db",
                    port=temporal_port,
                    ui_port=ui_port,
                    log=_log(settings),
                )
            )
            # The worker and the API read Temporal's address from the environment, as every other process does.
            os.environ["TEMPORAL_ADDRESS"] = server.address
            console.print(f"Temporal UI   {server.ui}   (address {server.address})")
        client = await temporal.connect()
        worker = await stack.enter_async_context(working(client, settings))
        await stack.enter_async_context(bridging(client, settings))
        await stack.enter_async_context(answering(settings, client=client, lacks=polling(worker)))
        console.print(f"REST API      http://{settings.api_host}:{settings.api_port}/docs")
        await _listen(settings, create_app(settings, client=client))


def _log(settings: Settings) -> Path:
    settings.state_directory.mkdir(parents=True, exist_ok=True)
    return settings.state_directory / "temporal.log"


async def _listen(settings: Settings, app: object) -> None:
    """Serve until SIGINT or SIGTERM, then let open requests finish."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        # A page that watches a migration keeps its connection open.
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again once it has stopped; by then it has done its work, and the worker must stop too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    await server.serve()
    await asyncio.sleep(0)
