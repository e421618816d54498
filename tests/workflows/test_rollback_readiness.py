"""The source is looked at before what cannot be undone without it; an unfit one asks, and never rolls back by itself."""

import pytest
from temporalio.exceptions import ApplicationError

from activities.vcenter.source import SourceFit
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, PhaseState, State
from tests.workflows.conftest import Adopt, Steer
from tests.workflows.control.test_control import Handle, calling, until
from tests.workflows.world import World

UNFIT = ApplicationError(
    "vc-old could not take the cluster back: it has no template /dc/vm/t",
    "mend that",
    type="WaitFailed",
    non_retryable=True,
)
FIRST_ACT = {PhaseName.RECREATE_CPMS: "point_control_plane", PhaseName.CLEANUP: "delete_machine_sets"}

OWN = FIRST_ACT | {PhaseName.CLEANUP: "remove_credentials"}
"""What no other phase and no undo of another calls."""


async def unfit_before(phase: PhaseName, steered: Steer, world: World) -> tuple[Handle, MigrationStatus]:
    """A migration that would roll back on any failure, and whose source is unfit once that phase is next."""
    just_before = {PhaseName.RECREATE_CPMS: "wait_workers_ready", PhaseName.CLEANUP: "wait_workers_gone"}[phase]
    world.stall(just_before)
    handle = await steered(rollback_on_failure=True)
    await calling(world, just_before)
    world.fail("source_is_fit", UNFIT)
    world.go_on(just_before)
    return handle, await until(handle, State.NEEDS_ATTENTION, phase)


@pytest.mark.parametrize("phase", FIRST_ACT)
@pytest.mark.parametrize("answer", ["retry", "skip", "rollback"])
async def test_an_unfit_source_asks(steered: Steer, world: World, phase: PhaseName, answer: str) -> None:
    handle, status = await unfit_before(phase, steered, world)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "skip", "rollback"]
    assert status.attention.diagnosis.startswith(f"not ready for a rollback before {phase}: vc-old could not")
    assert f"{phase} begins without a source to roll back to" in status.attention.remedy
    assert FIRST_ACT[phase] not in world.calls
    assert world.records[-1].phase is not phase, "it has not begun"
    said = await handle.execute_update(answer, {"by": "kim"})
    result = await handle.result()
    record = next(each for each in result.phases if each.phase is phase)
    if answer == "rollback":
        assert (result.state, record.attempts) == (State.ROLLED_BACK, 0)
        assert OWN[phase] not in world.calls
        return
    assert (result.state, record.state) == (State.COMPLETED, PhaseState.COMPLETED)
    if answer == "skip":
        assert said == f"{phase} begins without a source to roll back to"
        assert record.evidence[0].startswith(
            "begun without a source to roll back to, as a person decided: vc-old could not"
        )
    else:
        assert record.evidence[0] == "fit"


async def test_waived_rollback_readiness_stays_visible(steered: Steer, world: World) -> None:
    handle, _ = await unfit_before(PhaseName.RECREATE_CPMS, steered, world)
    world.stall("wait_workers_gone")
    await handle.execute_update("skip")
    await calling(world, "wait_workers_gone")
    status = await until(handle, State.RUNNING, PhaseName.SCALE_OLD)
    assert "recreate_cpms began although" in status.point_of_no_return
    world.go_on("wait_workers_gone")
    assert (await handle.result()).state is State.COMPLETED


async def test_an_adopting_run_knows_that_rollback_readiness_was_waived(
    steered: Steer, adopted: Adopt, world: World
) -> None:
    handle, _ = await unfit_before(PhaseName.RECREATE_CPMS, steered, world)
    world.stall("follow_control_plane")
    await handle.execute_update("skip")
    await calling(world, "follow_control_plane")
    await handle.terminate()
    world.go_on("follow_control_plane")
    world.fail("point_control_plane", UNFIT)
    taken = await adopted(handle, rollback_on_failure=True)
    status = await until(taken, State.NEEDS_ATTENTION, PhaseName.RECREATE_CPMS)
    assert "recreate_cpms began although" in status.point_of_no_return


async def test_a_run_without_rollback_readiness_rolls_back_only_by_request(steered: Steer, world: World) -> None:
    handle, _ = await unfit_before(PhaseName.RECREATE_CPMS, steered, world)
    world.fail("point_control_plane", UNFIT)
    await handle.execute_update("skip")
    status = await until(handle, State.NEEDS_ATTENTION, PhaseName.RECREATE_CPMS)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "rollback"]
    await handle.execute_update("retry")
    assert (await handle.result()).state is State.COMPLETED


@pytest.mark.parametrize("phase", FIRST_ACT)
async def test_a_gate_shows_what_was_read_and_it_is_read_again_after_the_answer(
    steered: Steer, world: World, phase: PhaseName
) -> None:
    handle = await steered(gates=[phase])
    status = await until(handle, State.AWAITING_APPROVAL, phase)
    assert status.gate is not None
    assert status.gate.rollback_readiness == "fit"
    looked = world.calls.count("source_is_fit")
    world.answer("source_is_fit", SourceFit(evidence="still fit"))
    await handle.execute_update("approve")
    result = await handle.result()
    assert next(each for each in result.phases if each.phase is phase).evidence[0] == "still fit"
    assert world.calls[: world.calls.index(FIRST_ACT[phase])].count("source_is_fit") == looked + 1


async def test_a_pause_interrupts_the_look_and_a_rollback_ends_it(steered: Steer, world: World) -> None:
    world.stall("source_is_fit")
    handle = await steered()
    await calling(world, "source_is_fit")
    await handle.execute_update("pause")
    world.go_on("source_is_fit")
    await until(handle, State.PAUSED, PhaseName.RECREATE_CPMS)
    await handle.execute_update("resume")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_rollback_insists_on_a_fit_source_unless_a_person_wants_it_all_the_same(
    steered: Steer, world: World
) -> None:
    world.stall("wait_workers_ready")
    handle = await steered()
    await calling(world, "wait_workers_ready")
    world.fail("source_is_fit", UNFIT, UNFIT)
    await handle.execute_update("rollback")
    world.go_on("wait_workers_ready")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "skip"]
    assert "nothing has been undone yet" in status.attention.remedy
    await handle.execute_update("retry")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert await handle.execute_update("skip") == "it goes back to the source as it is"
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert world.calls.count("source_is_fit") == 2
