"""When an activity has failed for as long as it may, the phase parks with what the last attempt said and its remedy.

And when Temporal does not hear of one any more, nothing is undone while it may still be at work.
"""

from temporalio.api.history.v1 import HistoryEvent
from temporalio.exceptions import ApplicationError

from migration.phase import PhaseName
from migration.run.status import State
from tests.workflows.conftest import Start
from tests.workflows.control.test_control import calling
from tests.workflows.test_migration import parked
from tests.workflows.world import JOURNALING, World

ATTEMPTS = 1000
"""More than an activity's budget holds: its retries are 10 s apart at most."""


async def test_an_outage_longer_than_the_budget_parks_with_its_reason(start: Start, world: World) -> None:
    away = ApplicationError("vCenter is away", "see that it runs", type="Unreachable")
    world.fail("ensure_folder", *[away] * ATTEMPTS)
    attention = (await parked(await start())).attention
    assert attention is not None
    assert attention.phase is PhaseName.CREATE_FOLDER
    assert "vCenter is away" in attention.diagnosis
    assert attention.remedy == "see that it runs"
    assert 50 < world.calls.count("ensure_folder") < ATTEMPTS


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
