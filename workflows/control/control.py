"""Where a run stops for people: safe points, gates, and what is parked.

Nothing is interrupted in the middle of a change: a verb takes effect at the next safe point, which is between two
activities, or at once where an activity only waits. What each verb answers: `workflows.control.state`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from migration.commands import Verb
from migration.phase import POINT_OF_NO_RETURN, PhaseName, row
from migration.run.adoption import Adoption
from migration.run.status import Gate
from workflows.control.commands import Commands
from workflows.control.state import ControlState, Situation, rule
from workflows.phase import NotProven
from workflows.run import Interrupted
from workflows.status.failures import Failure
from workflows.status.tracker import StatusTracker

T = TypeVar("T")
REMIND = timedelta(hours=24)
"""A gate has no expiry; once a day the status says again that it waits."""


class RollbackRequested(Exception):
    """Everything that was done is to be undone."""


class Control:
    """What the run reports of itself, and how it waits for people."""

    def __init__(self, tracker: StatusTracker, commands: Commands) -> None:
        self._tracker = tracker
        self._commands = commands

    @property
    def state(self) -> ControlState:
        """The present state."""
        return self._commands.state

    def adopt(self, adoption: Adoption, *, crossed: bool) -> None:
        """The checkpoint of the earlier run has been read; `crossed` is whether it passed the point of no return."""
        self._commands.adopted(adoption)
        self._commands.state = self.state.adopt(crossed=crossed)

    def cross(self) -> None:
        """The point of no return is passed."""
        self._commands.state = self.state.cross()

    def waive_readiness(self) -> None:
        """A person lets a phase begin although the source could not take the cluster back."""
        self._commands.state = self.state.waive_readiness()

    def roll_back(self) -> None:
        """The rollback begins."""
        self._commands.state = self.state.roll_back()

    def close(self) -> None:
        """Every phase is done."""
        self._commands.state = self.state.close()

    def end(self) -> None:
        """Nothing more happens; every verb is refused from now on."""
        self._commands.state = self.state.end()

    async def safe_point(self, phase: PhaseName) -> None:
        """Pause or park here if that was requested; nothing is under way.

        Raises:
            RollbackRequested: a rollback was requested.
        """
        while self.state.situation is Situation.PAUSING:
            self._commands.state = self.state.pause()
            self._tracker.paused(phase)
            await self._until(lambda: self.state.situation is not Situation.PAUSED)
        if self.state.situation is Situation.ROLLBACK_REQUESTED:
            raise RollbackRequested
        if self.state.situation is Situation.STOPPING:
            await self.ask(
                phase,
                Failure(
                    diagnosis=f"cancel was requested, and {POINT_OF_NO_RETURN} is the point of no return",
                    remedy=f"retry goes on with {phase}; the cluster needs it to be finished",
                ),
            )

    async def gate(self, gate: Gate) -> None:
        """Ask for approval, for as long as it takes.

        Raises:
            RollbackRequested: it was rejected, or a rollback was requested.
        """
        self._commands.state = self.state.open_gate()
        self._tracker.asks(gate)
        while not await self._until(lambda: not self.state.asks, patience=REMIND):
            days = (workflow.now() - gate.since).days
            self._tracker.set_message(
                f"{gate.phase} waits for approval for {days} day(s), since {gate.since:%Y-%m-%d %H:%M}Z"
            )
        self._tracker.answered()
        self._take_answer()

    async def ask(self, phase: PhaseName, failure: Failure, *, skip: str = "") -> Verb:
        """Park, and wait for what a person decides: `retry`, or `skip` where that is harmless.

        Args:
            phase: what is parked.
            failure: why.
            skip: what `skip` does here, where it does not mean the phase.

        Raises:
            RollbackRequested: a rollback was requested.
        """
        forward = self.state.situation not in {Situation.ROLLING_BACK, Situation.CLOSING}
        leaves_out = f"{phase} is left out" if forward and row(phase).skippable else ""
        self._commands.state = self.state.park(skip=skip or leaves_out)
        choices = [each.value for each in (Verb.RETRY, Verb.SKIP, Verb.ROLLBACK) if not rule(self.state, each).refusal]
        self._tracker.park(phase, diagnosis=failure.diagnosis, remedy=failure.remedy, choices=choices, skip=skip)
        await self._until(lambda: not self.state.asks)
        return self._take_answer()

    async def interruptible(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, unless a verb or a Cancel interrupts it before it is done.

        Raises:
            Interrupted: it was stopped at a safe point; what it did is to be observed by whatever comes next.
        """
        task = asyncio.create_task(work)
        await self._until(lambda: task.done() or self.state.interrupts)
        if stopped := not task.done():
            task.cancel()
            await self._until(task.done)  # and not the task itself: a Cancel that comes now is its own, not ours
        try:
            return await task
        except (asyncio.CancelledError, ActivityError, NotProven) as error:
            if stopped or self.state.interrupts:  # whatever it failed with, it runs again or is undone, observing first
                raise Interrupted from error
            raise

    def _take_answer(self) -> Verb:
        """What was answered.

        Raises:
            RollbackRequested: that, or a rollback was requested before the answer was taken.
        """
        if self.state.situation is Situation.ROLLBACK_REQUESTED:
            raise RollbackRequested
        answer = self.state.answer
        assert answer is not None, "waited until there was an answer"
        self._commands.state = self.state.go_on()
        return answer

    async def _until(self, true: Callable[[], bool], *, patience: timedelta | None = None) -> bool:
        """Wait for a condition; a Cancel that comes meanwhile is a command like any other. False: patience ended."""
        while True:
            try:
                await workflow.wait_condition(true, timeout=patience)
            except TimeoutError:
                return False
            except asyncio.CancelledError:
                self._commands.on_cancel()
                continue
            return True
