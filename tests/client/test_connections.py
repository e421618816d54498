"""Temporal closes every connection as it ages (after five minutes; here: a second), and no client notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import temporal
from cli.dev_server import free_port
from client.errors import CommandRefused
from client.migrations import Migrations
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.status import State
from monitoring.endpoint import answering
from temporal import versions
from tests.monitoring.test_endpoint import ask
from tests.support.serving import serving
from tests.workflows.answers import request
from tests.workflows.conftest import TEMPORAL
from tests.workflows.control.test_control import until
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow

SECONDS = 4
"""How long a question is asked again and again: a second try that was missing failed within two."""


@pytest.fixture(scope="module")
async def hasty() -> AsyncIterator[Client]:
    """A client of a Temporal that soon closes its connections, with a long poll on each of them.

    Only a connection in use is closed under the next call; of an idle one the client knows before it calls.
    """
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=["--dynamic-config-value", 'frontend.keepAliveMaxConnectionAge="1s"'],
    ) as env:
        await temporal.ensure_search_attributes(env.client)
        handle = await env.client.start_workflow("Nothing", id=str(uuid4()), task_queue="nobody")
        waiting = asyncio.create_task(_wait(handle))
        yield env.client
        waiting.cancel()


async def _wait(handle: WorkflowHandle[object, object]) -> None:
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await handle.result()


def often() -> Iterator[None]:
    """As often as connections are closed several times meanwhile."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        yield


async def test_versions_are_told(hasty: Client) -> None:
    for _ in often():
        assert await versions.describe(hasty, "nobody") is None


async def test_a_worker_starts(hasty: Client) -> None:
    for _ in often():
        await temporal.ensure_search_attributes(hasty)


async def test_a_process_stays_ready(hasty: Client) -> None:
    port = free_port(0)
    async with answering(Settings(health_port=port), client=hasty):
        for _ in often():
            assert (await ask(port, "/readyz")).json() == {"status": "ready"}


async def test_migrations_are_listed(hasty: Client) -> None:
    migrations = Migrations(hasty, task_queue="nobody")
    for _ in often():
        assert [each async for each in migrations.list()] == []


async def test_a_migration_is_steered_to_its_end(hasty: Client, tmp_path: Path) -> None:
    async with serving(hasty, World(), tmp_path) as service:
        await service.migrations.start(cluster="", spec=request(gates=[PhaseName.CLEANUP]).spec)
        await until(
            service.client.get_workflow_handle_for(MigrationWorkflow.run, service.migration), State.AWAITING_APPROVAL
        )
        for _ in often():
            assert (await service.migrations.status(service.migration)).gate is not None
            with pytest.raises(CommandRefused, match="nothing to pause"):
                await service.migrations.steer(service.migration, Verb.PAUSE, Instruction(by="kim"))
        await service.migrations.steer(service.migration, Verb.APPROVE, Instruction(by="kim"))
        result = await service.client.get_workflow_handle(service.migration).result()
        assert result["state"] == State.COMPLETED
