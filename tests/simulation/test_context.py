"""What all parts stand on: the delays, the stores, and a loop that nothing stops."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lab.scenario import Delays
from lab.simulation.cluster.client import Absent, Conflict, Expired, Kind, Refused, Unavailable, failure
from lab.simulation.cluster.informer import Store, Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP
from lab.simulation.context import SimulationContext
from lab.simulation.delays import StepDelays
from tests.simulation.helpers import living, seen


def test_nothing_takes_time_before_the_lab_is_handed_over(tmp_path: Path) -> None:
    step_delays = StepDelays(delays=Delays(boot=3), seed=None, ready=tmp_path / "ready")
    assert step_delays.seconds("boot") == 0
    (tmp_path / "ready").touch()
    assert step_delays.seconds("boot") == 3
    (tmp_path / "ready").unlink()
    assert step_delays.seconds("boot") == 3, "once handed over, always"


def test_a_seed_draws_each_use_anew_and_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    one, same = (StepDelays(delays=Delays(boot=4), seed=7, ready=tmp_path / "ready") for _ in range(2))
    drawn = [one.seconds("boot") for _ in range(20)]
    assert drawn == [same.seconds("boot") for _ in range(20)]
    assert len(set(drawn)) == 20
    assert all(2 <= each <= 6 for each in drawn)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Refused), (403, Refused), (404, Absent), (409, Conflict), (410, Expired), (422, Refused),
        (429, Unavailable), (500, Unavailable), (503, Unavailable),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, expected: type[Exception]) -> None:
    assert type(failure(status, "")) is expected


async def test_a_store_outlives_its_api_server(context: SimulationContext, half: dict[str, Any]) -> None:
    pid = int((Path(half["kubeconfig"]).parent / "pids" / "kube-apiserver").read_text())
    os.kill(pid, signal.SIGKILL)
    made = CONFIG_MAP.document(name="after", namespace="default", data={})

    async def make() -> None:
        try:
            await context.cluster.create(CONFIG_MAP, made)
        except Conflict:
            return  # the attempt that seemed to fail had worked

    trigger = Trigger()
    async with living(context.run_reconciler(partial(make), trigger)):
        await seen(lambda: context.get(CONFIG_MAP, "after", namespace="default"), "the object made after the restart")
    await context.cluster.delete(CONFIG_MAP, context.get(CONFIG_MAP, "after", namespace="default") or {})
    await seen(lambda: not context.get(CONFIG_MAP, "after", namespace="default"), "its deletion to be in its store")


async def test_a_kind_that_is_not_served_is_empty(context: SimulationContext) -> None:
    store = Store(Kind(name="Nothing", plural="nothings", group="lab.example"))
    async with living(store.run(context.cluster)):
        await seen(store.synced.is_set, "the answer")
        assert not list(store)
        assert not store.served


async def test_a_part_survives_what_it_did_not_expect(context: SimulationContext) -> None:
    attempts: list[int] = []

    async def fails_first() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyError("a document like no other")

    async with living(context.run_reconciler(fails_first, context.trigger(CONFIG_MAP))):
        await seen(lambda: len(attempts) > 1, "another attempt")


async def test_a_wake_keeps_its_earliest_timer_only() -> None:
    trigger = Trigger()
    await trigger.wait()
    loop = asyncio.get_running_loop()
    before = len(loop._scheduled)  # type: ignore[attr-defined] - the only place where a leak of timers shows
    for _ in range(100):
        trigger.later(3600)
    assert len(loop._scheduled) == before + 1  # type: ignore[attr-defined]
    trigger.later(0)
    await trigger.wait()
