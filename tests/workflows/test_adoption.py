"""Taking over a run that was terminated: from the cluster's record, without its history, in either direction."""

import asyncio
from datetime import UTC, datetime

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from migration.phase import TABLE, PhaseName, number
from migration.run.adoption import Direction
from migration.run.status import PhaseState, State
from tests.workflows.answers import PLAN, request
from tests.workflows.conftest import Adopt, Start, Steer
from tests.workflows.control.test_control import PERMANENT, UNDO, Handle, calling, refused, until
from tests.workflows.test_checkpoints import FIRST_ACT
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow

STALLED = {
    "take_backups": PhaseName.BACKUP,
    "add_credentials": PhaseName.UPDATE_SECRETS,
    "ensure_tags": PhaseName.CREATE_TAGS,
    "wait_stable": PhaseName.MONITOR_HEALTH,
    "wait_workers_ready": PhaseName.CREATE_WORKERS,
    "follow_control_plane": PhaseName.RECREATE_CPMS,
    "wait_workers_gone": PhaseName.SCALE_OLD,
    "delete_machine_sets": PhaseName.CLEANUP,
    "verify_cluster": PhaseName.VERIFY,
}
"""What the earlier run is in the middle of when it is ended, and the phase of it."""


async def ended_in(stalled: str, steered: Steer, world: World, **spec: object) -> Handle:
    """A migration that is terminated in the middle of an activity."""
    world.stall(stalled)
    handle = await steered(**spec)
    await calling(world, stalled)
    await handle.terminate("by a test")
    world.go_on(stalled)
    return handle


def state_of(status: object, phase: PhaseName) -> PhaseState:
    return next(each.state for each in status.phases if each.phase is phase)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("stalled", "phase"), STALLED.items())
async def test_it_goes_on_with_the_phase_that_was_begun_last(
    steered: Steer, adopted: Adopt, world: World, stalled: str, phase: PhaseName
) -> None:
    handle = await ended_in(stalled, steered, world)
    before = len(world.calls)
    result = await (await adopted(handle)).result()
    assert result.state is State.COMPLETED
    assert {each.state for each in result.phases} == {PhaseState.COMPLETED}
    by_earlier = [each.phase for each in result.phases if each.evidence == ["done by an earlier run"]]
    assert by_earlier == [each.name for each in TABLE if number(each.name) < number(phase)]
    acts = [FIRST_ACT[each.name] for each in TABLE if each.name in FIRST_ACT and number(each.name) >= number(phase)]
    called = world.calls[before:]
    assert called[0] == "read_checkpoint"
    assert [each for each in acts if each not in called] == []
    # Phases share some activities; those whose first act is their own alone must not be gone through again.
    own = set(FIRST_ACT.values()) - set(acts) - {"delete_pods", "delete_machine_sets", "scale_machine_sets_to_zero"}
    assert own & set(called) == set()
    assert "preflight" not in called
    assert (world.records[-1].takeovers, world.records[-1].ended) == (1, State.COMPLETED)
    assert [each.verb for each in result.decisions] == ["adopt (Continue)"]


@pytest.mark.parametrize(
    ("stalled", "phase"), [each for each in STALLED.items() if each[1] not in {PhaseName.CLEANUP, PhaseName.VERIFY}]
)
async def test_it_rolls_back_with_the_first_runs_before_images(
    steered: Steer, adopted: Adopt, world: World, stalled: str, phase: PhaseName
) -> None:
    handle = await ended_in(stalled, steered, world)
    before = len(world.calls)
    taken = await adopted(handle, Direction.ROLLBACK)
    result = await taken.result()
    assert result.state is State.ROLLED_BACK
    begun = [each.name for each in TABLE if each.undo and number(each.name) <= number(phase)]
    assert [each.phase for each in result.phases if each.state is PhaseState.UNDONE] == begun
    called = world.calls[before:]
    positions = [called.index(call) for each, call in UNDO.items() if each in begun]
    assert positions == sorted(positions)
    if begun:
        assert "compare_baseline" in called
        assert (
            world.inputs["restore_credentials" if len(begun) > 1 else "put_autoscalers_back"][-1].migration == PLAN.key
        )
    assert await taken.query(MigrationWorkflow.plan) == PLAN
    assert world.records[-1].ended is State.ROLLED_BACK


async def test_a_run_that_was_going_back_goes_on_going_back(steered: Steer, adopted: Adopt, world: World) -> None:
    world.stall("wait_workers_ready")
    handle = await steered()
    await calling(world, "wait_workers_ready")
    world.stall("remove_vcenter")
    await handle.execute_update("rollback")
    world.go_on("wait_workers_ready")
    await calling(world, "remove_vcenter")
    await handle.terminate()
    world.go_on("remove_vcenter")
    before = len(world.calls)
    result = await (await adopted(handle, Direction.CONTINUE)).result()
    assert result.state is State.ROLLED_BACK
    called = world.calls[before:]
    undone = {PhaseName.CREATE_WORKERS, PhaseName.UPDATE_CONFIG}
    assert [UNDO[each] for each in undone if UNDO[each] in called] == []
    assert [UNDO[each] for each in (*UNDO,)[4:] if UNDO[each] not in called] == []
    told = {each.phase for each in result.phases if each.evidence == ["undone by an earlier run"]}
    assert told == undone


async def test_past_the_point_of_no_return_there_is_only_forward(steered: Steer, adopted: Adopt, world: World) -> None:
    handle = await ended_in("delete_machine_sets", steered, world)
    with pytest.raises(WorkflowFailureError) as failed:
        await (await adopted(handle, Direction.ROLLBACK)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert "cannot be rolled back after cleanup has begun" in failed.value.cause.message
    world.stall("remove_vcenter")
    taken = await adopted(handle)
    await calling(world, "remove_vcenter")
    assert "cleanup is the point of no return" in await refused(taken, "rollback")
    await taken.cancel()
    world.go_on("remove_vcenter")
    status = await until(taken, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert (status.attention.choices, status.compensations) == (["retry"], [])
    await taken.execute_update("retry")
    result = await taken.result()
    assert result.state is State.COMPLETED
    assert world.calls.count("source_is_fit") == 2, "once before recreate_cpms, once before cleanup began"


@pytest.mark.parametrize("stalled", ["wait_workers_ready", "delete_machine_sets"])
async def test_what_is_asked_before_the_record_is_read_is_decided_by_it(
    steered: Steer, adopted: Adopt, world: World, stalled: str
) -> None:
    handle = await ended_in(stalled, steered, world)
    world.stall("read_checkpoint")
    taken = await adopted(handle)
    await calling(world, "read_checkpoint")
    assert "ask again" in await refused(taken, "rollback")
    assert (await refused(taken, "pause")).startswith("nothing to pause")
    await taken.cancel()
    await asyncio.sleep(0.2)
    world.go_on("read_checkpoint")
    if stalled == "wait_workers_ready":
        assert (await taken.result()).state is State.ROLLED_BACK
    else:
        await until(taken, State.NEEDS_ATTENTION, PhaseName.CLEANUP)
        await taken.execute_update("retry")
        assert (await taken.result()).state is State.COMPLETED


async def test_there_must_be_something_to_take_over(steered: Steer, adopted: Adopt, world: World) -> None:
    handle = await steered()
    await handle.result()
    with pytest.raises(WorkflowFailureError) as failed:
        await (await adopted(handle)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.message.endswith("the last migration of this cluster has ended: Completed")
    world.records.clear()
    with pytest.raises(WorkflowFailureError) as failed:
        await (await adopted(handle)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert "has no record of a migration in namespace" in failed.value.cause.message
    world.fail("read_checkpoint", PERMANENT)
    with pytest.raises(WorkflowFailureError) as failed:
        await (await adopted(handle)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert "it is broken: mend it" in failed.value.cause.message


async def test_nothing_is_taken_over_with_another_request(steered: Steer, adopted: Adopt, world: World) -> None:
    """Else whoever may start workflows could have it go on without its gates."""
    gates = [PhaseName.SCALE_OLD]
    handle = await ended_in("wait_workers_ready", steered, world, gates=gates)
    with pytest.raises(WorkflowFailureError) as failed:
        await (await adopted(handle)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.message.endswith("began with: have `vcfm adopt` write it")
    assert world.records[-1].takeovers == 0
    await until(await adopted(handle, gates=gates), State.AWAITING_APPROVAL, PhaseName.SCALE_OLD)


async def test_its_before_images_are_still_listed(steered: Steer, adopted: Adopt, world: World) -> None:
    handle = await ended_in("wait_workers_ready", steered, world)
    stored = (await handle.query(MigrationWorkflow.status)).backups
    assert stored
    assert (await (await adopted(handle)).result()).backups == stored


async def test_what_was_approved_stays_approved_and_what_comes_later_is_asked(
    steered: Steer, adopted: Adopt, world: World
) -> None:
    gates = [PhaseName.CREATE_WORKERS, PhaseName.SCALE_OLD]
    world.stall("wait_workers_ready")
    handle = await steered(gates=gates)
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("approve")
    await calling(world, "wait_workers_ready")
    await handle.terminate()
    world.go_on("wait_workers_ready")
    taken = await adopted(handle, gates=gates)
    status = await until(taken, State.AWAITING_APPROVAL)
    assert status.phase is PhaseName.SCALE_OLD
    await taken.execute_update("approve")
    assert (await taken.result()).state is State.COMPLETED


async def test_a_takeover_can_be_taken_over(steered: Steer, adopted: Adopt, world: World) -> None:
    handle = await ended_in("wait_workers_ready", steered, world)
    world.stall("follow_control_plane")
    second = await adopted(handle)
    await calling(world, "follow_control_plane")
    await second.terminate()
    world.go_on("follow_control_plane")
    result = await (await adopted(second, Direction.ROLLBACK)).result()
    assert result.state is State.ROLLED_BACK
    assert [each.takeovers for each in world.records][-1] == 2
    assert {each.plan.key for each in world.records} == {PLAN.key}


async def test_a_phase_that_was_left_out_is_not_said_to_be_done(steered: Steer, adopted: Adopt, world: World) -> None:
    world.fail("wait_stable", PERMANENT)
    world.stall("wait_workers_ready")
    handle = await steered()
    await until(handle, State.NEEDS_ATTENTION)
    await handle.execute_update("skip")
    await calling(world, "wait_workers_ready")
    await handle.terminate()
    world.go_on("wait_workers_ready")
    result = await (await adopted(handle)).result()
    assert state_of(result, PhaseName.MONITOR_HEALTH) is PhaseState.SKIPPED


@pytest.mark.parametrize(("ended", "waits"), [("now", True), ("unknown", True), ("long ago", False)])
async def test_it_waits_until_nothing_of_the_earlier_run_is_at_work(
    start: Start, world: World, ended: str, *, waits: bool
) -> None:
    world.stall("ensure_folder")
    handle = await start()
    await calling(world, "ensure_folder")
    await handle.terminate()
    world.go_on("ensure_folder")
    when = {"now": datetime.now(UTC), "unknown": None, "long ago": datetime(2020, 1, 1, tzinfo=UTC)}[ended]
    adoption = {"direction": "Continue", "ended": when}
    taken = await start(request().model_validate(request().model_dump() | {"adopts": adoption}), again=handle.id)
    assert (await taken.result()).state is State.COMPLETED
    timers = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta().total_seconds()
        async for event in taken.fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED
    ]
    assert [0 < each <= 20 for each in timers] == [True] * waits
