"""What a cancellation does to an attempt: a wait ends at once, a change is finished first."""

import asyncio

import pytest

from activities.interceptor import _to_its_end


async def _cancelled_while(name: str, done: list[str]) -> "asyncio.Task[str]":
    async def attempt() -> str:
        await asyncio.sleep(0.05)
        done.append(name)
        return "outcome"

    task = asyncio.create_task(_to_its_end(asyncio.ensure_future(attempt()), name))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
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
