"""What the cluster remembers of a run: written before each phase acts, and enough for another run to take it over."""

import pytest
from temporalio.client import WorkflowFailureError

from activities.preflight.preflight import PreflightResult
from activities.runtime.failures import failure
from migration.concern import Category, Concern
from migration.phase import TABLE, PhaseName
from migration.run.checkpoint import Checkpoint
from migration.run.status import PhaseState, State
from openshift.errors import CheckpointMissing
from tests.workflows.answers import PLAN, TARGET, request
from tests.workflows.conftest import Steer
from tests.workflows.control.test_control import PERMANENT, UNDO, calling, until
from tests.workflows.world import World

FIRST_ACT = {
    PhaseName.BACKUP: "take_backups",
    PhaseName.DISABLE_CVO: "pause_health_checks",
    PhaseName.UPDATE_SECRETS: "add_credentials",
    PhaseName.CREATE_TAGS: "ensure_tags",
    PhaseName.CREATE_FOLDER: "ensure_folder",
    PhaseName.UPDATE_INFRASTRUCTURE: "add_vcenters",
    PhaseName.UPDATE_CONFIG: "add_to_cloud_config",
    PhaseName.RESTART_PODS: "delete_pods",
    PhaseName.CREATE_WORKERS: "create_machine_set",
    PhaseName.RECREATE_CPMS: "point_control_plane",
    PhaseName.SCALE_OLD: "scale_machine_sets_to_zero",
    PhaseName.CLEANUP: "delete_machine_sets",
    PhaseName.VERIFY: "verify_cluster",
}


async def test_each_phase_is_on_record_before_it_acts(steered: Steer, world: World) -> None:
    handle = await steered()
    result = await handle.result()
    assert result.state is State.COMPLETED
    *phases, last = world.records
    assert [each.phase for each in phases] == [each.name for each in TABLE[1:]]
    assert [each.ended for each in phases] == [None] * (len(TABLE) - 1)
    assert (last.phase, last.ended) == (PhaseName.VERIFY, State.COMPLETED)
    written = [index for index, call in enumerate(world.calls) if call in {"write_checkpoint", "update_checkpoint"}]
    for record, position in zip(phases, written, strict=False):
        act = FIRST_ACT.get(record.phase)
        assert act is None or position < world.calls.index(act), record.phase


async def test_it_holds_what_another_run_needs(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.CLEANUP])
    await until(handle, State.AWAITING_APPROVAL)
    record = world.records[-1]
    assert (record.plan, record.phase, record.takeovers) == (PLAN, PhaseName.SCALE_OLD, 0)
    assert record.request == request(gates=[PhaseName.CLEANUP])
    assert (record.workflow, record.run) == (handle.id, handle.first_execution_run_id)
    assert Checkpoint.model_validate_json(record.model_dump_json()) == record
    await handle.terminate()


async def test_what_a_target_had_is_on_record_before_it_is_touched(steered: Steer, world: World) -> None:
    seen: dict[str, Checkpoint] = {}
    for act in ("ensure_tags", "ensure_folder"):
        answer = world._answers[act]
        world.answer(act, lambda _, act=act, answer=answer: seen.setdefault(act, world.records[-1]) and answer)
    await (await steered()).result()
    assert seen["ensure_tags"].images.tags.keys() == {TARGET}
    assert seen["ensure_tags"].images.folders == {}
    assert seen["ensure_folder"].images.folder(TARGET, "/dc1/vm/ocp1") is not None


async def test_preflight_alone_leaves_none(steered: Steer, world: World) -> None:
    concern = Concern(id="x.y", category=Category.CRITICAL, label="No", assessment="it is so", remedy="mend it")
    world.answer("preflight", PreflightResult(concerns=[concern], plan=None, nodes=[]))
    handle = await steered()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert world.records == []


async def test_a_record_that_cannot_be_written_holds_the_phase(steered: Steer, world: World) -> None:
    world.fail("write_checkpoint", PERMANENT)
    handle = await steered()
    status = await until(handle, State.NEEDS_ATTENTION)
    assert (status.phase, "take_backups" in world.calls) == (PhaseName.BACKUP, False)
    await handle.execute_update("retry")
    assert (await handle.result()).state is State.COMPLETED


@pytest.mark.parametrize("answer", ["retry", "skip"])
async def test_an_end_that_cannot_be_noted_asks(steered: Steer, world: World, answer: str) -> None:
    world.stall("verify_vcenters")
    handle = await steered()
    await calling(world, "verify_vcenters")
    world.fail("update_checkpoint", PERMANENT)
    world.go_on("verify_vcenters")
    status = await until(handle, State.NEEDS_ATTENTION)
    assert status.attention is not None
    assert status.attention.choices == ["retry", "skip"]
    said = await handle.execute_update(answer)
    assert (answer == "skip") == ("goes on saying that it has not" in said)
    result = await handle.result()
    assert (result.state, {each.state for each in result.phases}) == (State.COMPLETED, {PhaseState.COMPLETED})
    assert world.records[-1].ended == (State.COMPLETED if answer == "retry" else None)


async def test_a_rollback_is_in_the_checkpoint_step_by_step(steered: Steer, world: World) -> None:
    world.stall("wait_workers_ready")
    handle = await steered()
    await calling(world, "wait_workers_ready")
    forward = len(world.records)
    assert world.records[-1].to_undo == [
        each.name for each in TABLE if each.undo and each.name not in {PhaseName.RECREATE_CPMS, PhaseName.SCALE_OLD}
    ]
    await handle.execute_update("rollback")
    world.go_on("wait_workers_ready")
    await handle.result()
    back = world.records[forward:]
    assert {each.going_back for each in back} == {True}
    assert {each.phase for each in back} == {PhaseName.CREATE_WORKERS}
    in_reverse = [each for each in UNDO if each in world.records[forward - 1].to_undo]
    # The pods wait for credentials and configuration, as `undo_order` has it.
    assert [each.undone for each in back[:-1]] == [in_reverse[:count] for count in range(len(in_reverse))]
    assert (back[-1].ended, [each.ended for each in back[:-1]]) == (State.ROLLED_BACK, [None] * (len(back) - 1))


async def test_request_and_plan_are_sent_once(steered: Steer, world: World) -> None:
    await (await steered()).result()
    assert world.calls.count("write_checkpoint") == 1
    assert world.calls.count("update_checkpoint") == len(world.records) - 1
    assert all((each.plan, each.request) == (PLAN, request()) for each in world.records)
    for sent in world.inputs["update_checkpoint"]:
        assert not {"plan", "request"} & set(sent.model_dump())


async def test_what_somebody_has_removed_is_written_whole_again(steered: Steer, world: World) -> None:
    world.fail("update_checkpoint", failure(CheckpointMissing("the Secret is not there")))
    result = await (await steered()).result()
    assert result.state is State.COMPLETED
    assert (world.calls.count("write_checkpoint"), world.calls.count("update_checkpoint")) == (2, 14)
    assert [each.phase for each in world.records[:-1]] == [each.name for each in TABLE[1:]]
