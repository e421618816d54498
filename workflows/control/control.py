"""What people want of a running migration, and when they get it.

Signals and updates come through here alike: `validate` says in one plain sentence why a wish cannot be granted now,
`apply` grants it. Whatever was said is kept with what came of it, but for a refused update: it was answered, and
Temporal keeps nothing of it. Nothing is interrupted in the middle of a change: a wish takes effect at the next safe
point, which is between two activities, or at once where an activity only waits.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from migration.commands import Instruction, Verb
from migration.phase import POINT_OF_NO_RETURN, PhaseName, row
from migration.run.adoption import Adoption
from migration.run.approval import SignedInstruction
from migration.run.status import GRANTED, Decision, Gate, MigrationStatus, State
from workflows.control.arguments import VerbRefused, canceller, read, shown
from workflows.control.authorization import Authorization
from workflows.control.decision_log import DecisionLog
from workflows.run import Interrupted, UnderWay
from workflows.status.failures import Failure
from workflows.status.tracker import StatusTracker

T = TypeVar("T")
REMIND = timedelta(hours=24)
"""A gate has no expiry; once a day it says again that it waits."""


class RollbackRequested(Exception):
    """Everything that was done is to be undone."""


class Control:
    """The wishes of one migration's people."""

    def __init__(
        self,
        tracker: StatusTracker,
        decision_log: DecisionLog,
        authorization: Authorization,
        under_way: dict[str, UnderWay],
    ) -> None:
        self._tracker = tracker
        self._decision_log = decision_log
        self._authorization = authorization
        self._under_way = under_way
        self._paused = False
        self._back = False
        self._stopped = False
        self._crossed = False
        self._undoing = False
        self._waived = False
        self._answer: Verb | None = None

    @property
    def interrupted(self) -> bool:
        """Whether work should stop at the next safe point."""
        return self._paused or self._back or self._stopped

    def validate(self, verb: Verb, instruction: SignedInstruction) -> None:
        """Say why not, if not.

        Raises:
            VerbRefused: the wish does not fit what is going on, or is not this person's to have.
        """
        status = self._tracker.status
        present = f"{status.phase} is {status.state}"
        if status.state.final:
            raise VerbRefused(f"it has ended: {present}")
        reason = {
            Verb.APPROVE: self._why_not_answer(status.gate, "nothing waits for approval", present),
            Verb.REJECT: self._why_not_answer(status.gate, "nothing waits for approval", present)
            or self._why_irreversible(present),
            Verb.PAUSE: self._why_not_pause(present),
            Verb.RESUME: None if self._paused else f"nothing is paused: {present}",
            Verb.RETRY: self._why_not_answer(status.attention, "nothing to retry", present),
            Verb.SKIP: _why_not_skip(status) or self._why_not_answer(status.attention, "nothing to skip", present),
            Verb.ROLLBACK: self._why_not_back(present),
        }[verb]
        if reason:
            raise VerbRefused(reason)
        if instruction.phase not in {None, status.phase}:
            raise VerbRefused(f"{status.phase} is what waits now, not {instruction.phase}")
        self._authorization.validate(verb, instruction, present)

    def apply(self, verb: Verb, instruction: SignedInstruction) -> str:
        """Grant a wish that was judged; answers what happens now."""
        phase, attention = self._tracker.status.phase, self._tracker.status.attention
        self._keep(verb, instruction, GRANTED + self._authorization.apply(verb, instruction))
        match verb:
            case Verb.PAUSE:
                self._paused = True
                return f"pauses at the next safe point of {phase}: {self._when()}"
            case Verb.RESUME:
                self._paused = False
                return f"{phase} goes on"
            case Verb.ROLLBACK:
                self._back, self._paused = True, False
                return f"rolls back at the next safe point of {phase}: {self._when()}"
            case Verb.APPROVE | Verb.REJECT | Verb.RETRY | Verb.SKIP:
                self._answer = verb
        return {
            Verb.APPROVE: f"{phase} begins",
            Verb.REJECT: "everything done so far is rolled back",
            Verb.RETRY: f"{phase} runs again",
            Verb.SKIP: (attention and attention.skip) or f"{phase} is left out",
        }[verb]

    def on_signal(self, verb: Verb, arguments: Sequence[Any]) -> None:
        """A signal: granted like an update, and where that cannot be, said to everybody, since nobody is answered."""
        said = SignedInstruction()
        try:
            said = read(arguments)
            self.validate(verb, said)
        except VerbRefused as refusal:
            self._refuse(verb, said, str(refusal))
        else:
            self.apply(verb, said)

    def on_unknown_signal(self, name: str, arguments: Sequence[Any]) -> None:
        """A signal that nobody knows."""
        got = f" (got {shown(arguments)})" if arguments else ""
        self._refuse(name[:_NAME], Instruction(), f"there is {', '.join(Verb)}{got}")

    @property
    def crossed(self) -> bool:
        """Whether the point of no return is behind us."""
        return self._crossed

    def cross(self) -> None:
        """The point of no return is behind us."""
        self._crossed = True

    @property
    def waived(self) -> bool:
        """Whether somebody had it go on although the source could not take the cluster back."""
        return self._waived

    def waive(self) -> None:
        """Somebody has it go on without a way back: from now on only a person sends it back."""
        self._waived = True

    def adopted(self, adoption: Adoption) -> None:
        """Somebody had this run take over an earlier one."""
        said = Instruction(by=adoption.by, reason=adoption.reason, channel=adoption.channel)
        self._keep(f"adopt ({adoption.direction})", said, GRANTED)

    def cancelled(self) -> None:
        """Temporal's own Cancel: go back if there is a way back, else stop and ask."""
        if self._crossed:
            self._stopped = True
            self._tracker.set_message("cancel was asked for: there is no way back any more, so it stops next and asks")
        else:
            self._back = True
        self._keep("cancel", canceller(workflow.cancellation_reason()), GRANTED)

    def cancelled_late(self) -> None:
        """Temporal's own Cancel while everything is being undone anyway, or after everything is done."""
        why = "it rolls back already, or is over"
        self._keep("cancel", canceller(workflow.cancellation_reason()), f"refused: {why}")
        self._tracker.set_message(f"cancel was asked for: {why}")

    async def safe_point(self, phase: PhaseName) -> None:
        """Wait while paused; nothing is under way here.

        Raises:
            RollbackRequested: a rollback was asked for.
        """
        if self._paused and not self._back:
            self._tracker.paused(phase)
            await self._until(lambda: not self._paused or self._back)
        if self._back:
            raise RollbackRequested
        if self._stopped:
            self._stopped = False
            await self.ask(
                phase,
                Failure(
                    diagnosis="cancel was asked for after the point of no return: there is no way back any more",
                    remedy=f"retry goes on with {phase}; the cluster needs it to be finished",
                ),
            )

    async def gate(self, gate: Gate) -> None:
        """Ask for approval, for as long as it takes.

        Raises:
            RollbackRequested: it was rejected, or a rollback was asked for.
        """
        self._answer = None
        self._tracker.asks(gate)
        while not await self._until(lambda: bool(self._answer) or self._back, patience=REMIND):
            days = (workflow.now() - gate.since).days
            self._tracker.set_message(
                f"{gate.phase} waits for approval for {days} day(s), since {gate.since:%Y-%m-%d %H:%M}Z"
            )
        self._tracker.answered()
        answer, self._answer = self._answer, None
        if self._back or answer is Verb.REJECT:
            raise RollbackRequested

    async def ask(self, phase: PhaseName, failure: Failure, *, undoing: bool = False, skip: str = "") -> Verb:
        """Park, and wait for what a person decides: `retry`, or `skip` where that is harmless.

        Args:
            phase: what is parked.
            failure: why.
            undoing: a rollback is under way, so there is none to choose.
            skip: what `skip` does here, where it does not mean the phase.

        Raises:
            RollbackRequested: a rollback was asked for.
        """
        self._answer, self._undoing = None, undoing
        choices = [Verb.RETRY.value]
        choices += [Verb.SKIP.value] if skip or (row(phase).skippable and not undoing) else []
        choices += [Verb.ROLLBACK.value] if not (undoing or self._crossed) else []
        self._tracker.park(phase, diagnosis=failure.diagnosis, remedy=failure.remedy, choices=choices, skip=skip)
        await self._until(lambda: bool(self._answer) or (self._back and not undoing))
        if self._back and not undoing:
            raise RollbackRequested
        answer, self._answer = self._answer, None
        assert answer is not None, "waited until there was an answer"
        return answer

    async def interruptible(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, unless somebody asks for something else before it is done.

        Raises:
            Interrupted: it was stopped at a safe point; what it did is to be observed by whatever comes next.
        """
        task = asyncio.create_task(work)
        await self._until(lambda: task.done() or self.interrupted)
        if stopped := not task.done():
            task.cancel()
            await self._until(task.done)  # and not the task itself: a Cancel that comes now is its own, not ours
        try:
            return await task
        except (asyncio.CancelledError, ActivityError) as error:
            if stopped or self.interrupted:  # whatever it failed with, it runs again or is undone, observing first
                raise Interrupted from error
            raise

    async def _until(self, true: Any, *, patience: timedelta | None = None) -> bool:
        """Wait for a condition; a Cancel that comes meanwhile becomes a wish like any other. False: patience ended."""
        while True:
            try:
                await workflow.wait_condition(true, timeout=patience)
            except TimeoutError:
                return False
            except asyncio.CancelledError:
                self.cancelled()
                continue
            return True

    def _keep(self, verb: str, instruction: Instruction, outcome: str) -> None:
        self._decision_log.add(
            Decision(
                at=workflow.now(),
                verb=verb,
                phase=self._tracker.status.phase,
                by=instruction.by,
                reason=instruction.reason,
                channel=instruction.channel,
                outcome=outcome,
            )
        )

    def _refuse(self, name: str, instruction: Instruction, why: str) -> None:
        self._keep(name, instruction, f"refused: {why}")
        if not self._tracker.status.state.final:
            self._tracker.set_message(f"signal `{name}` was refused: {why}")

    def _when(self) -> str:
        """When the next safe point is."""
        changes = [each.summary for each in self._under_way.values() if not each.waits]
        if changes:
            return f"when this has finished: {'; '.join(changes)}"
        return "at once, it only waits" if self._under_way else "at once, nothing is under way"

    def _why_not_answer(self, question: object, nothing: str, present: str) -> str | None:
        if question is None:
            return f"{nothing}: {present}"
        if self._answer or (self._back and not self._undoing):
            return f"it has been answered a moment ago ({self._answer or Verb.ROLLBACK}): {present}"
        return None

    def _why_not_pause(self, present: str) -> str | None:
        if self._tracker.status.state not in _PAUSABLE:
            return f"nothing to pause: {present}"
        *_, last = self._tracker.status.phases
        return f"it is about to end: {present}" if last.completed else None

    def _why_not_back(self, present: str) -> str | None:
        if self._tracker.status.state is State.PENDING:
            return "it reads what the earlier run left, and may be past the point of no return: ask again in a moment"
        if reason := self._why_irreversible(present):
            return reason
        if self._tracker.status.state is State.ROLLING_BACK or self._back or self._undoing:
            return f"it rolls back already: {present}"
        return None

    def _why_irreversible(self, present: str) -> str | None:
        if self._crossed:
            return f"there is no way back after {POINT_OF_NO_RETURN} has begun: {present}; it can only be finished"
        return None


_PAUSABLE = {State.RUNNING}
_NAME = 32
"""Characters kept of the name of a signal that nobody knows."""


def _why_not_skip(status: MigrationStatus) -> str | None:
    if status.attention and Verb.SKIP not in status.attention.choices:
        return f"{status.phase} cannot be left out: what comes after it relies on it"
    return None
