"""The whole service over a world of fake activities: real Temporal, real worker, real journal, real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn
from temporalio.client import Client

from activities.runtime.interceptor import ActivityScope
from api.app import create_app
from client.migrations import Migrations
from config.settings import Settings
from journal.store import Journal
from migration.run.request import ClusterIdentity
from tests.workflows.world import World


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A service that runs.

    Attributes:
        migration: the id that the world's one cluster gives to its migration.
        worker: ends the worker when closed; everything else stays up.
    """

    url: str
    migration: str
    client: Client
    world: World
    journal: Journal
    migrations: Migrations
    worker: AsyncExitStack


@asynccontextmanager
async def serving(client: Client, world: World, directory: Path, **configured: Any) -> AsyncIterator[Serving]:
    """A service of its own for one test: own queue, own cluster name, own journal, own port, settings as given."""
    infrastructure = f"ocp-{uuid4().hex[:8]}"
    identity = ClusterIdentity(infrastructure_name=infrastructure, version="4.21.0", api_server="https://api:6443")
    world.answer("read_identity", identity)
    async with AsyncExitStack() as stack:
        journal = Journal(f"sqlite:///{directory / 'journal.db'}")
        journal.open()
        stack.callback(journal.close)
        worker = await stack.enter_async_context(AsyncExitStack())
        queue = await worker.enter_async_context(world.working(client, ActivityScope(journal), journal=journal))
        settings = Settings(state_directory=directory, task_queue=queue, **configured)
        url = await stack.enter_async_context(listening(create_app(settings, client=client)))
        yield Serving(
            url=url,
            migration=f"vcfm-{infrastructure}",
            client=client,
            world=world,
            journal=journal,
            migrations=Migrations.configured(client, settings),
            worker=worker,
        )


@asynccontextmanager
async def listening(app: object, *, port: int = 0) -> AsyncIterator[str]:
    """Any application on a port of this machine, a free one unless it is given; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))  # type: ignore[arg-type]
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()  # whoever connects before uvicorn is ready waits in this socket's queue
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
