"""One whole migration, run once, looked at by many tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from lab.scenario import load
from migration.run.status import MigrationStatus
from tests.e2e.running import Running, running
from tests.support.labs import standing
from tests.support.timeouts import MIGRATION_SECONDS


class Migrated(NamedTuple):
    """A finished migration and everything around it; the lab and the service are still up."""

    running: Running
    status: MigrationStatus
    history: WorkflowHistory


@pytest.fixture(scope="package")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Migrated]:
    """The default scenario, migrated by REST through an API, a worker and a Temporal of their own."""
    directory: Path = tmp_path_factory.mktemp("migrated")
    (directory / "service").mkdir()
    with standing(load("default"), directory) as lab:
        async with running(lab, directory / "service") as started:
            status = started.follow(started.submit().id, seconds=MIGRATION_SECONDS)
            yield Migrated(running=started, status=status, history=await history(started, status.id))


async def history(started: Running, migration: str) -> WorkflowHistory:
    """The migration's history as Temporal keeps it."""
    client = await Client.connect(started.temporal.address, data_converter=pydantic_data_converter)
    return await client.get_workflow_handle(migration).fetch_history()
