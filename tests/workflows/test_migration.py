"""The migration's story, in a world of fakes: order, refusal, parking, and what people see of it."""

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.verify.verification import VCenterReport
from migration.concern import Category, Concern
from migration.phase import TABLE, PhaseName
from migration.run.request import PreflightResult
from migration.run.status import Claim, MigrationStatus, PhaseState, State
from tests.workflows.answers import SOURCE, TARGET
from tests.workflows.conftest import Start, World
from workflows.migration import MigrationWorkflow

PERMANENT = ApplicationError("the folder is a VM", "rename it", type="Incompatible", non_retryable=True)


async def parked(handle: object) -> MigrationStatus:
    """The status once a person is needed."""
    while True:
        status: MigrationStatus = await handle.query(MigrationWorkflow.status)  # type: ignore[attr-defined]
        if status.attention:
            return status


async def test_every_phase_in_order(start: Start, world: World) -> None:
    result = await (await start()).result()
    assert result.state is State.COMPLETED
    assert [each.phase for each in result.phases] == list(PhaseName)
    assert {each.state for each in result.phases} == {PhaseState.COMPLETED}
    assert all(each.evidence for each in result.phases)
    assert result.progress == 100
    assert (result.source, result.targets) == (SOURCE, [TARGET])
    assert [each.claim for each in result.report] == ["all well", "all there"]


async def test_the_order_that_keeps_the_cluster_alive(start: Start, world: World) -> None:
    await (await start()).result()
    before = [
        ("take_backups", "pause_health_checks"),
        ("wait_credentials_copied", "add_vcenters"),
        ("ensure_tags", "create_machine_set"),
        ("ensure_folder", "create_machine_set"),
        ("wait_config_generated", "delete_pods"),
        ("observe_pods", "delete_pods"),
        ("wait_stable", "create_machine_set"),
        ("wait_workers_ready", "point_control_plane"),
        ("wait_workers_ready", "scale_machine_sets_to_zero"),
        ("follow_control_plane", "scale_machine_sets_to_zero"),
        ("wait_vms_gone", "remove_credentials"),
        ("delete_machine_sets", "remove_vcenter"),
        ("remove_vcenter", "resume_health_checks"),
        ("resume_health_checks", "verify_cluster"),
    ]
    for first, second in before:
        assert world.calls.index(first) < world.calls.index(second), f"{first} comes before {second}"


async def test_every_removal_names_the_pinned_source(start: Start, world: World) -> None:
    await (await start()).result()
    removals = ["remove_vcenter", "remove_from_cloud_config", "remove_credentials"]
    assert {name: world.inputs[name][0].server for name in removals} == dict.fromkeys(removals, SOURCE)


async def test_a_critical_concern_ends_the_run_before_anything_is_touched(start: Start, world: World) -> None:
    concern = Concern(id="x.y", category=Category.CRITICAL, label="No", assessment="it is so", remedy="mend it")
    world.answer("preflight", PreflightResult(concerns=[concern], plan=None, nodes=[]))
    handle = await start()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert "nothing was changed" in failed.value.cause.message
    assert world.calls == ["preflight"]
    status = await handle.query(MigrationWorkflow.status)
    assert (status.state, status.concerns) == (State.FAILED, [concern])


async def test_a_permanent_failure_parks_and_a_retry_goes_on(start: Start, world: World) -> None:
    world.fail("ensure_folder", PERMANENT)
    handle = await start()
    status = await parked(handle)
    assert status.state is State.NEEDS_ATTENTION
    assert status.attention is not None
    assert (status.attention.phase, status.attention.diagnosis, status.attention.remedy) == (
        PhaseName.CREATE_FOLDER,
        "the folder is a VM",
        "rename it",
    )
    answer = await handle.execute_update(MigrationWorkflow.retry, {"by": "kim", "reason": "renamed"})
    assert answer == "create_folder runs again"
    result = await handle.result()
    assert result.state is State.COMPLETED
    assert next(each for each in result.phases if each.phase is PhaseName.CREATE_FOLDER).attempts == 2


async def test_a_retry_is_validated(start: Start, world: World) -> None:
    world.fail("ensure_folder", PERMANENT)
    handle = await start()
    await parked(handle)
    for argument, said in [
        ({"phase": "backup"}, "create_folder is what waits now, not backup"),
        ({"phase": "no_such_phase"}, "give nothing, or one object like"),
        ("yes please", "give nothing, or one object like"),
    ]:
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(MigrationWorkflow.retry, argument)
        assert isinstance(refused.value.cause, ApplicationError)
        assert said in refused.value.cause.message
    await handle.execute_update(MigrationWorkflow.retry)
    assert (await handle.result()).state is State.COMPLETED


async def test_a_signal_does_what_the_update_does_and_a_bad_one_is_not_silent(start: Start, world: World) -> None:
    world.fail("ensure_folder", PERMANENT)
    handle = await start()
    await parked(handle)
    await handle.signal("retry", "nonsense")
    status = await handle.query(MigrationWorkflow.status)
    assert "signal `retry` was refused" in status.message
    assert status.state is State.NEEDS_ATTENTION
    await handle.signal("retry", {"by": "kim"})
    assert (await handle.result()).state is State.COMPLETED


async def test_a_passing_failure_is_ridden_out(start: Start, world: World) -> None:
    world.fail("add_vcenters", *[ApplicationError("away", "wait", type="Unreachable") for _ in range(20)])
    result = await (await start()).result()
    assert result.state is State.COMPLETED
    assert world.calls.count("add_vcenters") == 21


async def test_a_claim_that_does_not_hold_parks_verify(start: Start, world: World) -> None:
    broken = Claim(claim="the source is empty", holds=False, read="left: vm-1")
    world.answer("verify_vcenters", VCenterReport(claims=[broken]))
    handle = await start()
    status = await parked(handle)
    assert status.attention is not None
    assert status.attention.phase is PhaseName.VERIFY
    assert "the source is empty (left: vm-1)" in status.attention.diagnosis


def test_the_table_adds_up() -> None:
    assert sum(each.weight for each in TABLE) == 100
    assert [each.name for each in TABLE] == list(PhaseName)
