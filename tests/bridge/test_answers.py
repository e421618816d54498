"""People in charge by editing the resource alone: approvals, pause, resume, retry, rollback, and what is refused."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bridge.publishing import Publisher
from bridge.resource.model import Resource
from bridge.resource.status import ResourceStatus
from migration.commands import Instruction, Verb
from migration.frozen_model import KubeObject
from migration.phase import TABLE, PhaseName
from migration.run.status import PhaseState, State
from openshift.errors import Conflict
from tests.bridge.bridged import Bridged, truths
from tests.bridge.resources import ours
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.control.test_control import PERMANENT, calling


async def test_a_manual_migration_is_approved_by_the_resource_alone(bridge: Bridged) -> None:
    name = await bridge.create(ours(state="Running", approvalMode="Manual"))
    for each in TABLE[2:]:
        asked = await bridge.state(name, State.AWAITING_APPROVAL, each.name)
        assert asked.status.needs_person == f"approve or reject {each.name}"
        assert asked.status.current_phase_state
        assert asked.status.current_phase_state.requires_approval
        await bridge.answer(name, each.name, reason="CHG-1")
    done = await bridge.state(name, State.COMPLETED)
    assert done.status.observed_approvals == len(TABLE[2:])
    seen = await bridge.outcome()
    assert {(each.verb, each.by, each.reason, each.channel) for each in seen.decisions} == {
        ("approve", "kim", "CHG-1", "cr")
    }
    reasons = [reason for reason, _ in await bridge.events(name)]
    assert reasons.count("ApprovalNeeded") == reasons.count("Decided") == len(TABLE[2:])


async def test_an_answer_that_nothing_waits_for_is_refused_once_and_never_lingers(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_stable")
    early = {"phase": "cleanup", "by": "kim"}
    name = await bridge.create(ours(state="Running", gates=["create_workers", "cleanup"], approvals=[early]))
    await calling(world, "wait_stable")
    await bridge.answer(name, PhaseName.CREATE_WORKERS)
    refused = await bridge.until(name, lambda each: len(each.status.refusals) == 2)
    assert [each.subject for each in refused.status.refusals] == ["approvals[0]", "approvals[1]"]
    assert "before the migration had started" in refused.status.refusals[0].message
    assert "nothing waits for approval: monitor_health is Running" in refused.status.refusals[1].message
    assert truths(refused)["Synced"] == "False"
    world.go_on("wait_stable")
    await bridge.state(name, State.AWAITING_APPROVAL, PhaseName.CREATE_WORKERS)
    await bridge.answer(name, PhaseName.CREATE_WORKERS)
    asked = await bridge.state(name, State.AWAITING_APPROVAL, PhaseName.CLEANUP)
    assert asked.status.refusals == []
    await bridge.answer(name, PhaseName.CLEANUP)
    await bridge.state(name, State.COMPLETED)
    assert [reason for reason, _ in await bridge.events(name)].count("Refused") == 2


async def test_what_was_refused_is_not_judged_again_because_it_could_not_be_written(
    bridge: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, tried = bridge.service.world, asyncio.Event()
    world.stall("take_backups")
    name = await bridge.create(ours(state="Running", gates=["create_workers"]))
    await calling(world, "take_backups")
    publish = Publisher.publish

    async def failing(self: Publisher, resource: Resource, status: ResourceStatus) -> KubeObject | None:
        if status.observed_approvals:
            tried.set()
            raise Conflict("somebody else wrote it")
        return await publish(self, resource, status)

    monkeypatch.setattr(Publisher, "publish", failing)
    await bridge.answer(name, PhaseName.CREATE_WORKERS)
    await tried.wait()
    world.go_on("take_backups")
    async with asyncio.timeout(EVENT_SECONDS):
        while (await bridge.service.migrations.status(bridge.service.migration)).state is not State.AWAITING_APPROVAL:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)  # it looks several times meanwhile
    monkeypatch.setattr(Publisher, "publish", publish)
    still = await bridge.until(name, lambda each: each.status.refusals)
    assert "nothing waits for approval" in still.status.refusals[0].message
    assert (await bridge.service.migrations.status(bridge.service.migration)).state is State.AWAITING_APPROVAL
    await bridge.answer(name, PhaseName.CREATE_WORKERS)
    await bridge.state(name, State.COMPLETED)


async def test_a_rejection_rolls_back(bridge: Bridged) -> None:
    name = await bridge.create(ours(state="Running", gates=["create_workers"]))
    await bridge.state(name, State.AWAITING_APPROVAL)
    await bridge.answer(name, PhaseName.CREATE_WORKERS, decision="Reject", reason="not today")
    back = await bridge.state(name, State.ROLLED_BACK)
    assert (truths(back)["RolledBack"], truths(back)["Succeeded"], truths(back)["MultiSiteConfigured"]) == (
        "True",
        "False",
        "False",
    )
    reasons = [reason for reason, _ in await bridge.events(name)]
    assert {"Decided", "RollbackStarted", "PhaseUndone", "RolledBack"} <= set(reasons)
    assert any("not today" in note for _, note in await bridge.events(name))


async def test_what_is_parked_is_retried_or_left_out_by_the_resource(bridge: Bridged) -> None:
    world = bridge.service.world
    world.fail("ensure_folder", PERMANENT)
    world.fail("wait_stable", PERMANENT)
    name = await bridge.create(ours(state="Running", rollbackOnFailure=False))
    parked = await bridge.state(name, State.NEEDS_ATTENTION, PhaseName.CREATE_FOLDER)
    condition = parked.status.condition("NeedsAttention")
    assert condition
    assert "it is broken Next: mend it" in condition.message
    assert "decision: Retry" in condition.message
    await bridge.answer(name, PhaseName.CREATE_FOLDER, decision="Retry")
    await bridge.state(name, State.NEEDS_ATTENTION, PhaseName.MONITOR_HEALTH)
    await bridge.answer(name, PhaseName.MONITOR_HEALTH, decision="Skip", reason="known")
    done = await bridge.state(name, State.COMPLETED)
    assert (
        next(each.status for each in done.status.phase_history if each.phase is PhaseName.MONITOR_HEALTH)
        is PhaseState.SKIPPED
    )
    assert [reason for reason, _ in await bridge.events(name)].count("NeedsAttention") == 2


async def test_pause_resume_and_rollback_by_state(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "wait_workers_ready")
    await bridge.change(name, state="Paused")
    paused = await bridge.state(name, State.PAUSED)
    assert paused.status.observed_state == "Paused"
    await bridge.change(name, state="Running")
    await bridge.state(name, State.RUNNING)
    await bridge.change(name, state="Rollback")
    world.go_on("wait_workers_ready")
    back = await bridge.state(name, State.ROLLED_BACK)
    assert truths(back)["Synced"] == "True"
    seen = await bridge.outcome()
    assert [each.verb for each in seen.decisions] == ["pause", "resume", "rollback"]


async def test_a_pause_is_taken_back_before_it_takes_effect(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("ensure_folder", silent=True)  # a change that is finished before anything pauses
    name = await bridge.create(ours(state="Running"))
    await calling(world, "ensure_folder")
    await bridge.change(name, state="Paused")
    await bridge.until(name, lambda each: each.status.observed_state == "Paused")
    await bridge.change(name, state="Running")
    told = await bridge.until(name, lambda each: each.status.observed_state == "Running")
    assert (told.status.state, told.status.refusals) == (State.RUNNING, [])
    world.go_on("ensure_folder")
    await bridge.state(name, State.COMPLETED)
    assert [each.verb for each in (await bridge.outcome()).decisions] == ["pause", "resume"]


async def test_another_doors_word_is_not_taken_back(bridge: Bridged) -> None:
    """Somebody pauses at a terminal while the resource says Running: that is theirs to end."""
    world = bridge.service.world
    world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "wait_workers_ready")
    await bridge.service.migrations.steer(bridge.service.migration, Verb.PAUSE, Instruction(by="lou", channel="cli"))
    await bridge.state(name, State.PAUSED)
    await bridge.change(name, approvals=[{"phase": "cleanup", "by": "kim"}])
    still = await bridge.until(name, lambda each: each.status.observed_approvals)
    assert still.status.state is State.PAUSED
    await bridge.service.migrations.steer(bridge.service.migration, Verb.RESUME, Instruction(by="lou", channel="cli"))
    world.go_on("wait_workers_ready")
    await bridge.state(name, State.COMPLETED)


async def test_what_another_door_has_resumed_already_is_no_refusal(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "wait_workers_ready")
    await bridge.change(name, state="Paused")
    await bridge.state(name, State.PAUSED)
    await bridge.service.migrations.steer(bridge.service.migration, Verb.RESUME, Instruction(by="lou", channel="cli"))
    await bridge.state(name, State.RUNNING)
    await bridge.change(name, state="Running")
    told = await bridge.until(name, lambda each: each.status.observed_state == "Running")
    assert told.status.refusals == []
    world.go_on("wait_workers_ready")
    await bridge.state(name, State.COMPLETED)


async def test_a_pause_while_a_gate_is_open_waits_for_its_answer(bridge: Bridged) -> None:
    bridge.service.world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running", gates=["create_workers"]))
    await bridge.state(name, State.AWAITING_APPROVAL)
    await bridge.change(name, state="Paused")
    await bridge.answer(name, PhaseName.CREATE_WORKERS)
    await bridge.state(name, State.PAUSED, PhaseName.CREATE_WORKERS)


async def test_after_the_point_of_no_return_a_rollback_is_refused_once(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("remove_vcenter")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "remove_vcenter")
    await bridge.change(name, state="Rollback")
    refused = await bridge.until(name, lambda each: each.status.refusals)
    assert truths(refused)["Synced"] == "False"
    assert "cleanup is the point of no return" in refused.status.refusals[0].message
    world.go_on("remove_vcenter")
    done = await bridge.until(
        name, lambda each: each.status.state is State.COMPLETED and "has ended" in str(each.status.refusals)
    )
    assert done.status.observed_state == "Running"
    assert [reason for reason, _ in await bridge.events(name)].count("Refused") == 1


async def test_where_another_person_must_approve_the_resource_says_who_asks(bridged: Bridged) -> None:
    bridged.more["separate_approver"] = True
    async with bridged.bridge():
        name = await bridged.create(ours(state="Running", gates=["cleanup"]))
        refused = await bridged.until(name, lambda each: truths(each).get("Accepted") == "False")
        assert "spec.requestedBy: is required here" in refused.status.message
        await bridged.change(name, requestedBy="kim")
        await bridged.state(name, State.AWAITING_APPROVAL)
        await bridged.answer(name, PhaseName.CLEANUP)
        own = await bridged.until(name, lambda each: each.status.refusals)
        assert "kim" in own.status.refusals[0].message
        await bridged.answer(name, PhaseName.CLEANUP, by="lou")
        await bridged.state(name, State.COMPLETED)


async def test_where_a_proxy_names_people_the_resource_approves_nothing(bridged: Bridged) -> None:
    bridged.more |= {"separate_approver": True, "api_user_header": "X-User"}
    async with bridged.bridge():
        name = await bridged.create(ours(state="Running", gates=["cleanup"], requestedBy="kim"))
        await bridged.state(name, State.AWAITING_APPROVAL)
        await bridged.answer(name, PhaseName.CLEANUP, by="lou")
        refused = await bridged.until(name, lambda each: each.status.refusals)
        assert "REST" in refused.status.refusals[0].message
        await bridged.answer(name, PhaseName.CLEANUP, by="lou", decision="Reject")
        await bridged.state(name, State.ROLLED_BACK)


async def test_answers_in_the_resource_are_signed_where_they_must_be(bridged: Bridged, tmp_path: Path) -> None:
    key = tmp_path / "approval.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    bridged.more["approval_key_file"] = key
    async with bridged.bridge():
        name = await bridged.create(ours(state="Running", gates=["cleanup"]))
        await bridged.state(name, State.AWAITING_APPROVAL)
        await bridged.answer(name, PhaseName.CLEANUP)
        await bridged.state(name, State.COMPLETED)
    assert (await bridged.outcome()).signed
