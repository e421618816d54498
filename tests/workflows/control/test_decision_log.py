"""Whatever is said is kept: shown at once, in the journal exactly once, and never at the migration's expense."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from journal.store import Journal
from migration.phase import PhaseName
from migration.run.status import State
from tests.workflows.answers import request
from tests.workflows.conftest import Steer
from tests.workflows.control.test_control import Handle, calling, refused, until
from tests.workflows.world import JOURNALING, World
from workflows.migration import MigrationWorkflow

AWAY = ApplicationError("the database is away", type="JournalUnavailable")


def journaled(world: World) -> list[tuple[int, str, str]]:
    """What the journal was brought: each decision's number, verb and outcome."""
    return [
        (number, each.verb, each.outcome)
        for made in world.inputs.get(JOURNALING, [])
        for number, each in enumerate(made.decisions, start=made.first)
    ]


def undecodable(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


async def test_every_decision_is_kept_with_its_outcome(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.CREATE_TAGS, PhaseName.CLEANUP])
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CREATE_TAGS)
    await handle.signal("approve", {"phase": "cleanup", "by": "ann"})
    await handle.execute_update("approve", {"by": "kim", "reason": "CHG-1", "channel": "rest"})
    await until(handle, State.AWAITING_APPROVAL, PhaseName.CLEANUP)
    await handle.signal("approve", {"by": "ann"})
    result = await handle.result()
    outcomes = ["refused: create_tags is what waits now, not cleanup", "granted", "granted"]
    assert [each.outcome for each in result.decisions] == outcomes
    assert [(each.by, each.reason, each.channel) for each in result.decisions] == [
        ("ann", "", "temporal"),
        ("kim", "CHG-1", "rest"),
        ("ann", "", "temporal"),
    ]
    assert journaled(world) == [(number, "approve", each) for number, each in enumerate(outcomes, start=1)]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("approve", ["yes"], 'give nothing, or one object like {"phase": "create_workers", "by": "you", "reason": "why"} (got "yes")'),
        ("approve", [{}, {}], "(got {}, {})"),
        ("approve", [{"phase": "lunch"}], '(got {"phase":"lunch"})'),
        ("approve", [{"password": "hunter2"}], '(got {"password":"(removed)"})'),
        ("approve", [{"by": "x" * 5000}], '(got {"beginning": "'),
        ("approve", [undecodable(b'{"by": ')], "(got 7 bytes of json/plain that cannot be decoded)"),
        ("approve", [undecodable(b"\xff\x00", b"binary/x")], "(got 2 bytes of binary/x that cannot be decoded)"),
        ("retry", [], "nothing to retry: backup is AwaitingApproval"),
        ("aprove", [], "there is approve, reject, pause, resume, retry, skip, rollback"),
        ("aprove", [undecodable(b"{")], "(got 1 bytes of json/plain that cannot be decoded)"),
        ("x" * 400, [{"token": "hunter2"}], '(got {"token":"(removed)"})'),
    ],
)  # fmt: skip
async def test_a_signal_that_is_refused_is_never_silent(
    steered: Steer, world: World, name: str, arguments: list[Any], said: str
) -> None:
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.signal(name, args=arguments)
    status = await handle.query(MigrationWorkflow.status)
    (kept,) = status.decisions
    assert (kept.verb, kept.phase, kept.channel) == (name[:32], PhaseName.BACKUP, "temporal")
    assert kept.outcome.startswith("refused: ")
    assert said in kept.outcome
    assert len(kept.outcome) < 400
    assert said in status.message
    details = await handle.query("__temporal_workflow_metadata")
    assert kept.outcome[:40] in details.current_details
    assert "hunter2" not in f"{status}{details}"
    await handle.execute_update("approve")
    assert (await handle.result()).state is State.COMPLETED
    assert journaled(world) == [(1, name[:32], kept.outcome), (2, "approve", "granted")]


async def test_a_refused_update_is_answered_and_leaves_nothing(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    assert "(got 1 bytes" in await refused(handle, "approve", undecodable(b"{"))
    await handle.execute_update("approve")
    assert len((await handle.result()).decisions) == 1


async def test_a_journal_that_is_away_holds_up_nothing_but_the_runs_end(steered: Steer, world: World) -> None:
    world.stall(JOURNALING)
    handle = await steered(gates=[PhaseName.BACKUP, PhaseName.CLEANUP])
    for phase in (PhaseName.BACKUP, PhaseName.CLEANUP):
        await until(handle, State.AWAITING_APPROVAL, phase)
        await handle.execute_update("approve", {"by": "kim"})
    await until(handle, State.COMPLETED)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    assert await refused(handle, "rollback") == "it has ended: verify is Completed"
    await handle.signal("pause")
    await handle.cancel()
    world.go_on(JOURNALING)
    result = await handle.result()
    assert (result.state, result.message) == (State.COMPLETED, "the cluster runs on the target vCenter alone")
    assert [each[1:] for each in journaled(world)] == [
        ("approve", "granted"),
        ("approve", "granted"),
        ("pause", "refused: it has ended: verify is Completed"),
    ]


async def test_a_journal_that_fails_is_asked_again(steered: Steer, world: World) -> None:
    world.fail(JOURNALING, AWAY, AWAY)
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("approve")
    await handle.result()
    assert journaled(world) == [(1, "approve", "granted")] * 3


async def test_a_cancel_leaves_the_trail_alone(steered: Steer, world: World) -> None:
    world.stall(JOURNALING)
    world.stall("wait_workers_ready")
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.execute_update("approve")
    await calling(world, "wait_workers_ready")
    await handle.cancel(reason='{"by":"kim","reason":"not today","channel":"cli"}')
    world.go_on("wait_workers_ready")
    await until(handle, State.ROLLED_BACK)
    world.go_on(JOURNALING)
    assert (await handle.result()).state is State.ROLLED_BACK
    assert journaled(world) == [(1, "approve", "granted"), (2, "cancel", "granted")]
    cancel = world.inputs[JOURNALING][-1].decisions[-1]
    assert (cancel.by, cancel.reason, cancel.channel) == ("kim", "not today", "cli")


async def test_a_cancel_of_somebody_elses_keeps_its_words(steered: Steer, world: World) -> None:
    handle = await steered(gates=[PhaseName.BACKUP])
    await until(handle, State.AWAITING_APPROVAL)
    await handle.cancel(reason="the window is over")
    (kept,) = (await handle.result()).decisions
    assert (kept.verb, kept.by, kept.reason, kept.channel) == ("cancel", "", "the window is over", "temporal")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()
    yield journal
    journal.close()


async def test_a_crowd_of_signals_is_recorded_once_each_by_few_activities(
    steady: WorkflowEnvironment, journal: Journal
) -> None:
    world = World()
    async with world.working(steady.client, journal=journal) as queue:
        handle: Handle = await steady.client.start_workflow(
            MigrationWorkflow.run, request(gates=[PhaseName.BACKUP]), id="vcfm-test-crowd", task_queue=queue
        )
        await until(handle, State.AWAITING_APPROVAL)
        await asyncio.gather(*(handle.signal("retry", {"by": f"person {number}"}) for number in range(200)))
        await handle.execute_update("approve")
        status = await handle.result()
    kept = journal.decisions("vcfm-test-crowd", limit=1000)
    assert {each.by for each in kept} == {*(f"person {number}" for number in range(200)), ""}
    assert len(kept) == 201
    assert len(status.decisions) == 50
    written = [
        each.activity_task_scheduled_event_attributes.activity_id
        async for each in handle.fetch_history_events()
        if each.HasField("activity_task_scheduled_event_attributes")
    ]
    assert len([each for each in written if each.startswith("journal.")]) < 60
