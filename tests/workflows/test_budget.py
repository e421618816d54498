"""When an activity has failed for as long as it may, the phase parks with what the last attempt said and its remedy."""

from temporalio.exceptions import ApplicationError

from migration.phase import PhaseName
from tests.workflows.conftest import Start
from tests.workflows.test_migration import parked
from tests.workflows.world import World

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
