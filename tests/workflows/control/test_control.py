"""People in charge: gates, pause, rollback from anywhere, cancel, and what is refused in one plain sentence."""

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.cluster.baseline import Compared
from activities.preflight.preflight import PreflightResult
from activities.verify.verification import VCenterReport
from migration.phase import FIRST_GATE, TABLE, PhaseName, number, undo_order
from migration.run.status import Claim, MigrationStatus, PhaseState, State
from migration.spec.model import ApprovalMode
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import PLAN
from tests.workflows.conftest import Steer
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow

Handle = WorkflowHandle[MigrationWorkflow, Any]
PERMANENT = ApplicationError("it is broken", "mend it", True, type="Incompatible", non_retryable=True)
GATED = TABLE[number(FIRST_GATE) - 1 :]
UNDO = {
    PhaseName.SCALE_OLD: "restore_machine_sets",
    PhaseName.RECREATE_CPMS: "point_control_plane",
    PhaseName.CREATE_WORKERS: "scale_machine_sets_to_zero",
    PhaseName.UPDATE_CONFIG: "remove_from_cloud_config",
    PhaseName.UPDATE_INFRASTRUCTURE: "remove_vcenter",
    PhaseName.CREATE_FOLDER: "remove_folder",
    PhaseName.CREATE_TAGS: "remove_tags",
    PhaseName.UPDATE_SECRETS: "restore_credentials",
    PhaseName.RESTART_PODS: "delete_pods",
    PhaseName.DISABLE_CVO: "put_autoscalers_back",
}
"""The call by which each phase's undo is known, in the order of a whole rollback."""


async def until(handle: Handle, state: State, phase: PhaseName | None = None) -> MigrationStatus:
    """The status once it is in that state (and phase)."""
    async with asyncio.timeout(EVENT_SECONDS):
        while True:
            status = await handle.query(MigrationWorkflow.status)
            if status.state is state and phase in {None, status.phase}:
                return status
            await asyncio.sleep(0.1)


async def calling(world: World, name: str) -> None:
    """Once an activity has been called."""
    async with asyncio.timeout(EVENT_SECONDS):
        while name not in world.calls:
            await asyncio.sleep(0.02)


async def refused(handle: Handle, verb: str, *arguments: Any) -> str:
    """What is said to a wish that is not granted."""
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await handle.execute_update(verb, *arguments)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.message


async def test_manual_asks_before_every_phase_from_disable_cvo_on(steered: Steer, world: World) -> None:
    handle = await steered(approval_mode=ApprovalMode.MANUAL)
    asked = []
    for each in GATED:
        status = await until(handle, State.AWAITING_APPROVAL, each.name)
        assert status.gate is not None
        assert status.gate.blast_radius
        asked.append(status.gate.phase)
        await handle.execute_update("approve", {"by": "kim", "reason": "CHG-1"})
    result = await handle.result()
    assert result.state is State.COMPLETED
    assert asked == [each.name for each in GATED]
    assert [(each.verb, each.by, each.channel) for each in result.decisions] == [("approve", "kim", "temporal")] * len(
        GATED
    )


async def test_a_list_of_gates_instead(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.CLEANUP])
    status = await until(handle, State.AWAITING_APPROVAL)
    assert status.gate is not None
    assert (status.gate.phase, "cannot be rolled back" in status.gate.asks) == (PhaseName.CLEANUP, True)
    await handle.signal("approve", {"by": "kim"})
    assert (await handle.result()).state is State.COMPLETED


async def test_an_approval_is_for_the_gate_that_waits_and_never_lingers(steered: Steer, world: World) -> None:
    world.stall("wait_stable")
    handle = await steered(gates=[PhaseName.CREATE_WORKERS, PhaseName.CLEANUP])
    await calling(world, "wait_stable")
    assert await refused(handle, "approve") == "nothing waits for approval: monitor_health is Running"
    await handle.signal("approve", {"phase": "create_workers"})
    world.go_on("wait_stable")
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CREATE_WORKERS)
    assert await refused(handle, "approve", {"phase": "cleanup"}) == "create_workers is what waits now, not cleanup"
    await handle.execute_update("approve", {"phase": "create_workers"})
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CLEANUP)
    await handle.execute_update("approve")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_rejection_goes_back(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.RECREATE_CPMS])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("reject", {"by": "kim", "reason": "not today"})
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert "point_control_plane" not in world.calls
    assert "remove_vcenter" in world.calls


async def test_a_rejection_after_the_point_of_no_return_goes_nowhere(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.VERIFY])
    status = await until(handle, State.AWAITING_APPROVAL)
    assert status.gate is not None
    assert status.gate.reject.startswith("is refused")
    assert "cleanup is the point of no return" in await refused(handle, "reject")
    await handle.signal("reject", {"by": "kim"})
    await handle.execute_update("approve")
    result = await handle.result()
    assert result.state is State.COMPLETED
    assert result.report
    assert [each.verb for each in result.decisions] == ["reject", "approve"]


async def test_a_pause_interrupts_a_wait_and_a_resume_goes_on_there(steered: Steer, world: World) -> None:
    world.stall("follow_control_plane")
    handle = await steered()
    await calling(world, "follow_control_plane")
    assert await handle.execute_update("pause") == (
        "pauses at the next safe point of recreate_cpms: at once, it only waits"
    )
    status = await until(handle, State.PAUSED)
    assert status.phase is PhaseName.RECREATE_CPMS
    assert (await refused(handle, "pause")).startswith("nothing to pause")
    world.go_on("follow_control_plane")
    await handle.execute_update("resume")
    result = await handle.result()
    assert result.state is State.COMPLETED
    assert next(each for each in result.phases if each.phase is PhaseName.RECREATE_CPMS).attempts == 2


@pytest.mark.parametrize(
    ("stalled", "phase"),
    [
        ("wait_credentials_copied", PhaseName.UPDATE_SECRETS),
        ("wait_config_generated", PhaseName.UPDATE_CONFIG),
        ("wait_pods_replaced", PhaseName.RESTART_PODS),
        ("wait_workers_ready", PhaseName.CREATE_WORKERS),
        ("follow_control_plane", PhaseName.RECREATE_CPMS),
        ("wait_workers_gone", PhaseName.SCALE_OLD),
    ],
)
async def test_a_rollback_undoes_what_began_in_reverse(
    steered: Steer, world: World, stalled: str, phase: PhaseName
) -> None:
    world.stall(stalled)
    handle = await steered()
    await calling(world, stalled)
    status = await handle.query(MigrationWorkflow.status)
    reached = [each.name for each in TABLE if number(each.name) <= number(phase)]
    assert [each.phase for each in reversed(status.compensations)] == undo_order(reached)
    begun = len(world.calls)
    await handle.execute_update("rollback", {"by": "kim"})
    world.go_on(stalled)
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    undone = [each.phase for each in result.phases if each.state is PhaseState.UNDONE]
    assert undone == [each.name for each in TABLE if each.undo and number(each.name) <= number(phase)]
    calls = world.calls[begun:]
    expected = [call for each, call in UNDO.items() if each in undone]
    assert [each for each in calls if each in expected and calls.count(each)][: len(expected)] != []
    positions = [calls.index(each) for each in expected]
    assert positions == sorted(positions), f"{expected} in this order, were {calls}"
    assert calls[:2] == ["source_is_fit", "update_checkpoint"]
    assert "compare_baseline" in calls
    touched = {PhaseName.CREATE_TAGS: "tags as they were", PhaseName.CREATE_FOLDER: "folders as they were"}
    assert [each.claim for each in result.report] == [
        "as it was",
        *(touched[each] for each in touched if each in undone),
    ]


async def test_a_permanent_failure_rolls_back_by_itself_if_the_spec_says_so(steered: Steer, world: World) -> None:
    world.fail("wait_workers_ready", PERMANENT)
    result = await (await steered(rollback_on_failure=True)).result()
    assert result.state is State.ROLLED_BACK
    assert "restore_credentials" in world.calls


async def test_nothing_is_undone_before_the_last_of_several_at_once_has_ended(steered: Steer, world: World) -> None:
    """One new MachineSet fails for good while the other is still being made: that one would outlive its own undo."""
    (only,) = PLAN.new_sets
    both = [only, only.model_copy(update={"name": "ocp1-worker-az2"})]
    world.answer("preflight", PreflightResult(concerns=[], plan=PLAN.model_copy(update={"new_sets": both}), nodes=[]))
    world.fail("create_machine_set", PERMANENT)
    world.stall("create_machine_set")
    handle = await steered(rollback_on_failure=True)
    async with asyncio.timeout(EVENT_SECONDS):
        while world.calls.count("create_machine_set") < len(both):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)  # what must not happen has time to
    assert "source_is_fit" not in world.calls
    world.go_on("create_machine_set")
    assert (await handle.result()).state is State.ROLLED_BACK


async def test_temporals_cancel_rolls_back(steered: Steer, world: World) -> None:
    world.stall("follow_control_plane")
    handle = await steered()
    await calling(world, "follow_control_plane")
    await handle.cancel()
    world.go_on("follow_control_plane")
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert [each.verb for each in result.decisions] == ["cancel"]


async def test_temporals_cancel_is_heard_while_a_pause_is_taking_effect(steered: Steer, world: World) -> None:
    """Temporal takes one Cancel of a run: one that is lost cannot be said again."""
    world.stall("ensure_folder")
    handle = await steered()
    await calling(world, "ensure_folder")
    await handle.execute_update("pause")
    await handle.cancel()
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert [each.verb for each in result.decisions] == ["pause", "cancel"]


async def test_after_the_point_of_no_return_there_is_only_forward(steered: Steer, world: World) -> None:
    world.stall("wait_config_generated")
    handle = await steered()
    world.go_on("wait_config_generated")
    await calling(world, "delete_machine_sets")
    world.stall("wait_pods_replaced")
    async with asyncio.timeout(EVENT_SECONDS):
        while world.calls.count("wait_pods_replaced") < 2:
            await asyncio.sleep(0.02)
    assert "cleanup is the point of no return" in await refused(handle, "rollback")
    await handle.cancel()
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert (status.attention.choices, status.compensations) == (["retry"], [])
    world.go_on("wait_pods_replaced")
    await handle.execute_update("retry")
    assert (await handle.result()).state is State.COMPLETED


async def test_an_undo_that_fails_asks_and_is_never_left_out(steered: Steer, world: World) -> None:
    world.stall("wait_workers_ready")
    world.fail("remove_folder", PERMANENT)
    handle = await steered()
    await calling(world, "wait_workers_ready")
    await handle.execute_update("rollback")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert (status.attention.phase, status.attention.choices) == (PhaseName.CREATE_FOLDER, ["retry"])
    await handle.cancel()
    assert (await refused(handle, "skip")).startswith("create_folder cannot be left out")
    await handle.execute_update("retry")
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert world.calls.count("remove_folder") == 2


async def test_what_is_about_to_end_is_not_paused(steered: Steer, world: World) -> None:
    world.stall("verify_vcenters")
    handle = await steered()
    await calling(world, "verify_vcenters")
    world.stall("update_checkpoint")
    world.go_on("verify_vcenters")
    async with asyncio.timeout(EVENT_SECONDS):
        while not (await handle.query(MigrationWorkflow.status)).message.startswith("noting in the cluster"):
            await asyncio.sleep(0.02)
    assert (await refused(handle, "pause")).startswith("it is about to end")
    world.go_on("update_checkpoint")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_pause_of_the_last_phase_holds_up_the_end(steered: Steer, world: World) -> None:
    world.stall("verify_vcenters")
    handle = await steered()
    await calling(world, "verify_vcenters")
    answer = await handle.execute_update("pause")
    assert answer.startswith("pauses at the next safe point of verify")
    world.go_on("verify_vcenters")
    await until(handle, State.PAUSED, PhaseName.VERIFY)
    await handle.execute_update("resume")
    assert (await handle.result()).state is State.COMPLETED


async def test_what_fails_while_a_pause_is_pending_pauses_first(steered: Steer, world: World) -> None:
    broken = Claim(claim="the source is empty", holds=False, read="left: vm-1")
    world.answer("verify_vcenters", VCenterReport(claims=[broken]))
    world.stall("verify_vcenters")
    handle = await steered()
    await calling(world, "verify_vcenters")
    await handle.execute_update("pause")
    world.go_on("verify_vcenters")
    await until(handle, State.PAUSED, PhaseName.VERIFY)
    world.answer("verify_vcenters", VCenterReport(claims=[broken.model_copy(update={"holds": True})]))
    await handle.execute_update("resume")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_parked_rollback_rolls_back_already(steered: Steer, world: World) -> None:
    world.fail("wait_workers_ready", PERMANENT)
    world.fail("remove_folder", PERMANENT)
    handle = await steered(rollback_on_failure=True)
    await until(handle, State.NEEDS_ATTENTION)
    assert (await refused(handle, "rollback")).startswith("it rolls back already")
    await handle.execute_update("retry")
    assert (await handle.result()).state is State.ROLLED_BACK


async def test_a_difference_that_a_person_accepts_is_named_to_the_end(steered: Steer, world: World) -> None:
    rotated = Claim(claim="Secret kube-system/vsphere-creds is as it was", holds=False, read="differs in data")
    world.answer("compare_baseline", Compared(claims=[rotated]))
    handle = await steered(gates=[PhaseName.CREATE_TAGS])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("reject")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "skip"]
    await handle.execute_update("skip", {"by": "kim", "reason": "rotated, CHG-2"})
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert result.message == (
        "rolled back, and a person let it end so: "
        "not as it was: Secret kube-system/vsphere-creds is as it was (differs in data)"
    )
    assert rotated in result.report


async def test_what_could_not_be_compared_is_not_said_to_be_as_it_was(steered: Steer, world: World) -> None:
    world.fail("compare_baseline", PERMANENT)
    handle = await steered(gates=[PhaseName.CREATE_TAGS])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("reject")
    await until(handle, State.NEEDS_ATTENTION)
    await handle.execute_update("skip")
    result = await handle.result()
    assert (result.state, result.report) == (State.ROLLED_BACK, [])
    assert result.message == "rolled back, and a person let it end so: it is broken"


async def test_a_pause_is_taken_back_before_it_takes_effect(steered: Steer, world: World) -> None:
    world.stall("ensure_folder")
    handle = await steered(rollback_on_failure=True)
    await calling(world, "ensure_folder")
    await handle.execute_update("pause")
    await handle.execute_update("resume")
    world.go_on("ensure_folder")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_baseline_that_is_not_restored_asks(steered: Steer, world: World) -> None:
    broken = Claim(claim="Infrastructure cluster is as it was", holds=False, read="differs in spec.x")
    world.answer("compare_baseline", Compared(claims=[broken]))
    handle = await steered(gates=[PhaseName.CREATE_TAGS])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("rollback")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert "differs in spec.x" in status.attention.diagnosis
    world.answer("compare_baseline", Compared(claims=[broken.model_copy(update={"holds": True})]))
    await handle.execute_update("retry")
    result = await handle.result()
    assert result.state is State.ROLLED_BACK
    assert PhaseState.FAILED not in {each.state for each in result.phases}


async def test_only_what_is_harmless_is_left_out(steered: Steer, world: World) -> None:
    world.fail("wait_stable", PERMANENT)
    handle = await steered()
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "skip", "rollback"]
    await handle.execute_update("skip", {"by": "kim", "reason": "known"})
    result = await handle.result()
    assert next(each for each in result.phases if each.phase is PhaseName.MONITOR_HEALTH).state is PhaseState.SKIPPED


async def test_signals_nobody_knows_are_said(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.signal("aprove")
    assert "signal `aprove` was refused" in (await handle.query(MigrationWorkflow.status)).message
    await handle.signal("approve", "yes")
    assert "give nothing, or one object" in (await handle.query(MigrationWorkflow.status)).message
    await handle.signal("approve")
    assert (await handle.result()).state is State.COMPLETED


async def test_a_pause_and_a_rollback_while_paused(steered: Steer, world: World) -> None:
    world.stall("wait_workers_gone")
    handle = await steered()
    await calling(world, "wait_workers_gone")
    await handle.execute_update("pause")
    await until(handle, State.PAUSED)
    world.go_on("wait_workers_gone")
    await handle.execute_update("rollback")
    assert (await handle.result()).state is State.ROLLED_BACK
