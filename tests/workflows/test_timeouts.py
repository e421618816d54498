"""Time in which nobody tried counts for nothing; an outage that attempts really met parks, and never undoes anything.

And when Temporal does not hear of an activity any more, nothing is undone while it may still be at work.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.runtime.failures import WaitTimedOut
from activities.runtime.interceptor import ActivityScope
from journal.store import Journal
from migration.phase import PhaseName
from migration.run.status import State
from openshift.errors import Forbidden, Invalid
from tests.workflows.answers import request
from tests.workflows.conftest import Start
from tests.workflows.control.test_control import Handle, calling
from tests.workflows.test_migration import parked
from tests.workflows.world import JOURNALING, World
from vsphere.errors import CredentialsRejected, Incompatible, Unreachable
from workflows.migration import MigrationWorkflow

ATTEMPTS = 1000
"""More than an outage lasts: retries are 10 s apart at most."""


def away() -> Unreachable:
    return Unreachable("vCenter is away", remedy="see that it runs")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()
    yield journal
    journal.close()


async def test_an_outage_that_was_met_for_too_long_parks_and_a_retry_goes_on(
    env: WorkflowEnvironment, world: World, journal: Journal
) -> None:
    world.fail("ensure_folder", *(away() for _ in range(ATTEMPTS)))
    async with world.working(env.client, ActivityScope(journal)) as queue:
        handle: Handle = await env.client.start_workflow(
            MigrationWorkflow.run, request(rollback_on_failure=True), id="vcfm-test-outage", task_queue=queue
        )
        attention = (await parked(handle)).attention
        assert attention is not None
        assert attention.phase is PhaseName.CREATE_FOLDER
        assert "vCenter is away" in attention.diagnosis
        assert attention.remedy.startswith("see that it runs")
        assert "rollback" in attention.choices
        assert 80 < world.calls.count("ensure_folder") < 100
        world.fail("ensure_folder")
        await handle.execute_update("retry")
        assert (await handle.result()).state is State.COMPLETED


@pytest.mark.parametrize(
    ("error", "back"),
    [
        (Incompatible("it is a VM"), True),
        (Invalid("refused by a webhook"), True),
        (WaitTimedOut("waited in vain", remedy="wait"), False),
        (Forbidden("must not"), False),
        (CredentialsRejected("who are you"), False),
        (ApplicationError("somebody ended it by hand", non_retryable=True), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_only_a_permanent_answer_of_the_world_rolls_back_by_itself(
    env: WorkflowEnvironment, world: World, journal: Journal, error: Exception, *, back: bool
) -> None:
    world.fail("ensure_folder", error)
    async with world.working(env.client, ActivityScope(journal)) as queue:
        handle: Handle = await env.client.start_workflow(
            MigrationWorkflow.run,
            request(rollback_on_failure=True),
            id=f"vcfm-test-{type(error).__name__}",
            task_queue=queue,
        )
        if not back:
            await parked(handle)
            await handle.execute_update("retry")
        assert (await handle.result()).state is (State.ROLLED_BACK if back else State.COMPLETED)


async def test_temporals_clock_ends_attempts_and_never_an_activity_of_a_phase(start: Start) -> None:
    """It would count time without a worker: Temporal does not skip time over a pending activity, so look at its orders."""
    handle = await start()
    await handle.result()
    events = [each async for each in handle.fetch_history_events()]
    scheduled = [
        each.activity_task_scheduled_event_attributes
        for each in events
        if each.HasField("activity_task_scheduled_event_attributes")
    ]
    assert len(scheduled) > len(PhaseName)
    for each in scheduled:
        unlimited = (each.schedule_to_close_timeout.ToTimedelta(), each.schedule_to_start_timeout.ToTimedelta())
        assert unlimited == (timedelta(), timedelta()), each.activity_id
        assert each.retry_policy.maximum_attempts == 0
        assert each.start_to_close_timeout.ToTimedelta() > each.heartbeat_timeout.ToTimedelta() > timedelta()


async def test_a_worker_that_dies_in_an_attempt_says_nothing_of_the_world(start: Start, world: World) -> None:
    world.stall("ensure_folder", silent=True)
    handle = await start(request(rollback_on_failure=True))
    async with asyncio.timeout(120):
        while world.calls.count("ensure_folder") < 2:
            await asyncio.sleep(0.02)
    world.go_on("ensure_folder")
    result = await handle.result()
    assert (result.state, result.decisions) == (State.COMPLETED, [])


async def test_what_is_unheard_of_is_over_before_it_is_undone(start: Start, world: World) -> None:
    world.stall("ensure_folder", silent=True)
    handle = await start()
    await calling(world, "ensure_folder")
    await handle.execute_update("rollback")
    assert (await handle.result()).state is State.ROLLED_BACK
    told = [said async for each in handle.fetch_history_events() if (said := _told(each))]
    assert told[told.index("timed out") + 1 :][:2] == ["waited", "acts"]
    world.go_on("ensure_folder")


def _told(event: HistoryEvent) -> str:
    """What matters here of an event; the timer's start and the journal's activities do not."""
    if event.HasField("activity_task_timed_out_event_attributes"):
        return "timed out"
    if event.HasField("timer_fired_event_attributes"):
        return "waited"
    name = event.activity_task_scheduled_event_attributes.activity_type.name
    return "acts" if name and name != JOURNALING else ""
