"""A gate waits without expiry, and does not let itself be forgotten."""

import asyncio
from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

import temporal
from client.migrations import Migrations
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request
from tests.workflows.control.test_control import Handle, until
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow


async def test_a_gate_says_every_day_that_it_waits(calendar: WorkflowEnvironment, world: World) -> None:
    async with world.working(calendar.client) as queue:
        handle: Handle = await calendar.client.start_workflow(
            MigrationWorkflow.run, request(gates=[PhaseName.CLEANUP]), id="vcfm-test-reminded", task_queue=queue
        )
        asked = await until(handle, State.AWAITING_APPROVAL)
        assert asked.gate is not None
        since = f"since {asked.gate.since:%Y-%m-%d %H:%M}Z"
        for days in (1, 2, 3):
            assert await calendar.fast_forward(handle, timedelta(days=1, minutes=1))
            status = await _reminded(handle, f"cleanup waits for approval for {days} day(s), {since}")
            assert (status.state, status.gate) == (State.AWAITING_APPROVAL, asked.gate)
            details = (await handle.query("__temporal_workflow_metadata")).current_details
            assert f"**AwaitingApproval** — {status.message}" in details
            assert "**Approval needed** for `cleanup`" in details
            found = (await handle.describe()).typed_search_attributes
            assert (found.get(temporal.STATE), found.get(temporal.NEEDS_HUMAN)) == ("AwaitingApproval", True)
        migrations = Migrations(calendar.client, task_queue=queue)
        async with asyncio.timeout(EVENT_SECONDS):
            while not [each async for each in migrations.list() if each.needs_human]:  # the index is a moment behind
                pass
        await handle.execute_update("approve", {"by": "kim"})
        assert (await handle.result()).state is State.COMPLETED
        assert (await handle.describe()).typed_search_attributes.get(temporal.NEEDS_HUMAN) is False


async def _reminded(handle: Handle, message: str) -> MigrationStatus:
    async with asyncio.timeout(EVENT_SECONDS):
        while (status := await handle.query(MigrationWorkflow.status)).message != message:
            await asyncio.sleep(0.05)
    return status
