"""What a cancellation does to an attempt: a wait ends at once, a change is finished first."""

import asyncio

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities.registry import SUBJECTS
from activities.runtime.definition import INTERRUPTIBLE, definitions
from activities.runtime.interceptor import _to_its_end


async def _cancelled_while(name: str, done: list[str]) -> "asyncio.Task[str]":
    cancelled = asyncio.Event()

    async def attempt() -> str:
        await cancelled.wait()
        done.append(name)
        return "outcome"

    task = asyncio.create_task(_to_its_end(asyncio.ensure_future(attempt()), interruptible=name in INTERRUPTIBLE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    asyncio.get_running_loop().call_later(0.05, cancelled.set)
    return task


async def test_a_change_under_way_is_finished() -> None:
    done: list[str] = []
    task = await _cancelled_while("add_vcenters", done)
    assert await task == "outcome"
    assert done == ["add_vcenters"]


@pytest.mark.parametrize("name", ["wait_stable", "follow_control_plane"])
async def test_a_wait_ends_at_once(name: str) -> None:
    done: list[str] = []
    task = await _cancelled_while(name, done)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == []


@pytest.mark.parametrize(
    ("why", "stops"),
    [
        (activity.ActivityCancellationDetails(cancel_requested=True), False),
        (activity.ActivityCancellationDetails(worker_shutdown=True), False),
        (activity.ActivityCancellationDetails(not_found=True), True),
    ],
    ids=["asked for", "shutdown", "nobody waits any more"],
)
async def test_a_change_that_nobody_waits_for_stops_between_two_calls(
    why: activity.ActivityCancellationDetails, *, stops: bool
) -> None:
    done: list[str] = []
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def attempt() -> None:
        began.set()
        await cancelled.wait()
        done.append("second call")

    async def change() -> None:
        await _to_its_end(asyncio.ensure_future(attempt()), interruptible=False)

    environment = ActivityEnvironment()
    task = asyncio.ensure_future(environment.run(change))
    await began.wait()
    environment.cancel(why)
    if not stops:
        cancelled.set()
    ended = await asyncio.gather(task, return_exceptions=True)
    assert done == ([] if stops else ["second call"])
    assert isinstance(ended[0], asyncio.CancelledError) is stops


def test_what_may_be_interrupted_is_said_where_it_is_defined() -> None:
    every = [each for subject in SUBJECTS for each in definitions(subject).values()]
    assert {each.name for each in every if each.interruptible} == INTERRUPTIBLE
    assert {each.name for each in every if each.name.startswith(("wait_", "follow_"))} == INTERRUPTIBLE
