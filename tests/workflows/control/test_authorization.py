"""Who may let a migration go on: signatures and four eyes, as the workflow holds them against what it is told."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from temporalio.testing import WorkflowEnvironment

from client.signing import Signer
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.approval import SignedInstruction, Subject
from migration.run.status import State
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request
from tests.workflows.control.test_control import PERMANENT, Handle, calling, refused, until
from tests.workflows.world import JOURNALING, World
from workflows.migration import MigrationWorkflow

SIGNER = Signer(Ed25519PrivateKey.generate())
GATES = [PhaseName.CREATE_TAGS, PhaseName.CLEANUP]
Pinned = Callable[..., Awaitable[Handle]]


@pytest.fixture
async def pinned(steady: WorkflowEnvironment, world: World) -> AsyncIterator[Pinned]:
    """Starts a migration whose request pins these rules."""
    async with world.working(steady.client) as queue:

        async def begin(*, gates: list[PhaseName] = GATES, **rules: Any) -> Handle:
            asked = request(gates=gates).model_copy(update=rules)
            name = f"vcfm-test-{uuid.uuid4()}"
            return await steady.client.start_workflow(MigrationWorkflow.run, asked, id=name, task_queue=queue)

        yield begin


def signed(handle: Handle, verb: Verb, **said: Any) -> SignedInstruction:
    """As a client with the key signs it."""
    subject = Subject(migration=handle.id, run=str(handle.result_run_id), verb=verb)
    return SIGNER.sign(subject, Instruction(**({"by": "kim", "channel": "rest"} | said)))


async def test_an_unsigned_approval_is_refused_and_a_signed_one_is_granted(pinned: Pinned, world: World) -> None:
    handle = await pinned(approval_key=SIGNER.public)
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CREATE_TAGS)
    assert await refused(handle, "approve", {"by": "kim"}) == (
        "approve must be signed by the service's approval key: give it by REST, `vcfm approve` or the custom resource, "
        "not to Temporal itself; create_tags is AwaitingApproval"
    )
    assert "(rest) lacks VCFM_APPROVAL_KEY_FILE" in await refused(handle, "approve", {"channel": "rest"})
    await handle.signal("approve", {"by": "kim"})
    status = await handle.query(MigrationWorkflow.status)
    assert (status.state, status.signed) == (State.AWAITING_APPROVAL, True)
    details = (await handle.query("__temporal_workflow_metadata")).current_details
    assert "Who approves: by REST, vcfm or the custom resource, which sign it." in details
    assert f"vcfm approve {handle.id}" in details
    assert "--name approve" not in details
    for phase in GATES:
        await until(handle, State.AWAITING_APPROVAL, phase)
        await handle.execute_update("approve", signed(handle, Verb.APPROVE, phase=phase))
    result = await handle.result()
    assert [each.outcome.partition(":")[0] for each in result.decisions] == [
        "refused",
        "granted, signed",
        "granted, signed",
    ]
    assert [each.outcome for made in world.inputs[JOURNALING] for each in made.decisions][-1] == "granted, signed"


async def test_an_old_signature_opens_no_other_gate(pinned: Pinned, world: World) -> None:
    handle = await pinned(approval_key=SIGNER.public)
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CREATE_TAGS)
    unnamed = signed(handle, Verb.APPROVE)
    assert "names its phase" in await refused(handle, "approve", unnamed)
    first = signed(handle, Verb.APPROVE, phase=PhaseName.CREATE_TAGS)
    await handle.execute_update("approve", first)
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CLEANUP)
    assert "cleanup is what waits now" in await refused(handle, "approve", first)
    moved = first.model_copy(update={"phase": PhaseName.CLEANUP})
    assert "is not signed, in these words and for this run" in await refused(handle, "approve", moved)
    stranger = Signer(Ed25519PrivateKey.generate())
    subject = Subject(migration=handle.id, run=str(handle.result_run_id), verb=Verb.APPROVE)
    forged = stranger.sign(subject, Instruction(phase=PhaseName.CLEANUP))
    assert "see that VCFM_APPROVAL_KEY_FILE is still that key" in await refused(handle, "approve", forged)
    other = SIGNER.sign(subject.model_copy(update={"run": "another"}), Instruction(phase=PhaseName.CLEANUP))
    assert "for this run" in await refused(handle, "approve", other)
    await handle.execute_update("approve", signed(handle, Verb.APPROVE, phase=PhaseName.CLEANUP))
    await handle.result()


async def test_a_signature_is_used_once(pinned: Pinned, world: World) -> None:
    world.fail("ensure_folder", PERMANENT, PERMANENT)
    handle = await pinned(gates=[], approval_key=SIGNER.public)
    await until(handle, State.NEEDS_ATTENTION)
    once = signed(handle, Verb.RETRY, phase=PhaseName.CREATE_FOLDER)
    await handle.execute_update("retry", once)
    async with asyncio.timeout(EVENT_SECONDS):
        while world.calls.count("ensure_folder") < 2:
            await asyncio.sleep(0.02)
    await until(handle, State.NEEDS_ATTENTION)
    assert await refused(handle, "retry", once) == (
        "this retry has been used before: say it anew; create_folder is NeedsAttention"
    )
    await handle.execute_update("retry", signed(handle, Verb.RETRY, phase=PhaseName.CREATE_FOLDER))
    assert (await handle.result()).state is State.COMPLETED


async def test_stopping_and_going_back_is_open_to_everybody_and_going_on_is_not(pinned: Pinned, world: World) -> None:
    world.stall("wait_stable")
    handle = await pinned(gates=[], approval_key=SIGNER.public)
    await calling(world, "wait_stable")
    await handle.execute_update("pause")
    await until(handle, State.PAUSED)
    assert "resume must be signed" in await refused(handle, "resume")
    world.go_on("wait_stable")
    world.fail("wait_stable", PERMANENT)
    await handle.execute_update("resume", signed(handle, Verb.RESUME, phase=PhaseName.MONITOR_HEALTH))
    await until(handle, State.NEEDS_ATTENTION)
    assert "skip must be signed" in await refused(handle, "skip")
    await handle.execute_update("rollback")
    assert (await handle.result()).state is State.ROLLED_BACK


async def test_a_rejection_needs_no_signature(pinned: Pinned, world: World) -> None:
    handle = await pinned(approval_key=SIGNER.public)
    await until(handle, State.AWAITING_APPROVAL)
    await handle.signal("reject")
    assert (await handle.result()).state is State.ROLLED_BACK


async def test_whoever_asked_does_not_approve(pinned: Pinned, world: World) -> None:
    handle = await pinned(gates=[PhaseName.CLEANUP], requested_by="Kim  Lee", separate_approver=True)
    status = await until(handle, State.AWAITING_APPROVAL)
    assert (status.requested_by, status.separate_approver) == ("Kim  Lee", True)
    assert await refused(handle, "approve") == (
        "say who approves (`by`): it must be another person than Kim  Lee, who asked; cleanup is AwaitingApproval"
    )
    for same in ("Kim  Lee", " kim lee "):
        assert await refused(handle, "approve", {"by": same}) == (
            f"{same} asked for this migration, and another person must approve it; cleanup is AwaitingApproval"
        )
    details = (await handle.query("__temporal_workflow_metadata")).current_details
    assert "Who approves: somebody else than Kim  Lee, who asked for it." in details
    assert """--name approve --input '{"by": "YOUR NAME"}'""" in details
    await handle.execute_update("approve", {"by": "ann"})
    assert (await handle.result()).state is State.COMPLETED
