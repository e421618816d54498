"""One run of one migration, as a phase sees it: the spec, the plan, and the two ways to touch the world.

`act` is for a side effect, `wait` for an observation that takes as long as it takes. Both name themselves in Temporal's
timeline, both wait for a cancelled activity to end before anything else happens: an undo must never overlap its do.
That is also why several at once are begun by `gather_all`: asyncio's own gathering ends with the first that fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.exceptions import TimeoutError as TimedOut
from temporalio.workflow import ActivityCancellationType

from activities.runtime.phase_header import in_phase
from migration.before_images import TargetImages
from migration.frozen_model import FrozenModel
from migration.phase import PhaseName, activity_id
from migration.plan import Plan
from migration.spec.model import MigrationSpec
from workflows import timeouts
from workflows.status.tracker import StatusTracker

Input = TypeVar("Input", bound=FrozenModel)
Output = TypeVar("Output")


class Interrupted(Exception):
    """Work stopped at a safe point because of a verb or a Cancel."""


@dataclass(frozen=True)
class UnderWay:
    """One activity that runs; `waits` if it only looks, and ends at once when it is interrupted."""

    summary: str
    waits: bool


async def gather_all(*works: Awaitable[Output]) -> list[Output]:
    """Have several done at once; that one of them failed, or all were cancelled, is reported when the last has ended.

    Raises:
        ActivityError: the first failure, in the order given.
    """
    ended = await asyncio.gather(*works, return_exceptions=True)
    failed = next((each for each in ended if isinstance(each, BaseException)), None)
    if failed:
        raise failed
    return [each for each in ended if not isinstance(each, BaseException)]


async def shielded(work: Coroutine[Any, Any, Output] | asyncio.Task[Output], on_cancel: Callable[[], None]) -> Output:
    """Have it done to its end; a Cancel that comes meanwhile is reported, no more."""
    going = asyncio.ensure_future(work)
    while not going.done():
        try:
            await asyncio.shield(going)
        except asyncio.CancelledError:
            on_cancel()
    return going.result()


class Run:
    """What a phase has in hand; `interrupted` is asked before each activity: a safe point is between two of them.

    Attributes:
        cluster: the cluster's name in this service's configuration; empty for the only one.
        spec: what was asked for.
        tracker: where a phase reports what it learned.
        images: what was there before the targets were touched, read once, kept in history and in the cluster's record.
        under_way: the activities that run at this moment, by their ids.
    """

    def __init__(
        self,
        *,
        migration: str,
        cluster: str,
        spec: MigrationSpec,
        tracker: StatusTracker,
        interrupted: Callable[[], bool],
    ) -> None:
        self.migration = migration
        self.cluster = cluster
        self.spec = spec
        self.tracker = tracker
        self.images = TargetImages()
        self.under_way: dict[str, UnderWay] = {}
        self._interrupted = interrupted
        self._plan: Plan | None = None
        self._serial = 0

    @property
    def plan(self) -> Plan:
        """The pinned plan; only preflight runs without it."""
        assert self._plan is not None, "preflight pins the plan before any other phase runs"
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self._plan = plan
        self.tracker.planned(plan)

    @property
    def planned(self) -> Plan | None:
        """The plan, if preflight has pinned it already."""
        return self._plan

    async def act(self, activity: Callable[..., Awaitable[Output]], argument: FrozenModel, summary: str) -> Output:
        """Have one activity change (or read) something; outages are ridden out, and time without a worker.

        One that was to be cancelled when its worker went away times out. It may still be at work where Temporal does
        not hear of it: its failure is reported when it cannot be any more.
        """
        try:
            return await self._execute(activity, argument, UnderWay(summary, waits=False), timeouts.ACTING)
        except ActivityError as error:
            if isinstance(error.cause, TimedOut):
                seconds = f"{timeouts.ABANDONED.total_seconds():.0f} s"
                self.tracker.set_message(
                    f"not heard of any more: {summary}; waits {seconds}, until it cannot be at work"
                )
                pause = workflow.sleep(timeouts.ABANDONED, summary=f"until it cannot be at work: {summary}"[:200])
                await shielded(pause, lambda: None)  # a Cancel takes effect as well afterwards
            raise

    async def wait(
        self, activity: Callable[..., Awaitable[Output]], argument: FrozenModel, summary: str, *, at_most: timedelta
    ) -> Output:
        """Have one activity wait for something in the world."""
        return await self._execute(activity, argument, UnderWay(summary, waits=True), timeouts.waiting(at_most))

    async def _execute(
        self, activity: Callable[..., Awaitable[Output]], argument: FrozenModel, work: UnderWay, attempt: timedelta
    ) -> Output:
        if self._interrupted():
            raise Interrupted
        self._serial += 1
        phase: PhaseName = self.tracker.status.phase
        name = activity_id(phase, activity.__name__, self._serial)
        self.under_way[name] = work
        try:
            with in_phase(phase):  # never across an await: a run that is evicted ends its coroutines elsewhere
                started = workflow.start_activity_method(
                    activity,
                    argument,
                    activity_id=name,
                    summary=work.summary[:200],
                    start_to_close_timeout=attempt,
                    heartbeat_timeout=timeouts.HEARTBEAT,
                    retry_policy=timeouts.RETRY,
                    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                )
            return await started
        finally:
            del self.under_way[name]
