"""What people tell a running migration: validated, applied, and kept with what came of it.

Signals and updates come through here alike: `validate` says in one plain sentence why a verb is refused now, `apply`
applies it. Every decision is kept but a refused update: that was answered, and Temporal keeps nothing of it.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow

from migration.commands import Instruction, Verb
from migration.run.adoption import Adoption
from migration.run.approval import SignedInstruction
from migration.run.status import GRANTED, Decision
from workflows.control.arguments import VerbRefused, canceller, read, shown
from workflows.control.authorization import Authorization
from workflows.control.decision_log import DecisionLog
from workflows.control.state import CANCEL, Command, ControlState, Outcome, decide
from workflows.run import UnderWay
from workflows.status.tracker import StatusTracker

_NAME = 32
"""Characters kept of the name of a signal that does not exist."""


class Commands:
    """The verbs of one run.

    Attributes:
        state: the control state; commands change it here, and the run itself in `workflows.control.control`.
    """

    def __init__(
        self,
        state: ControlState,
        tracker: StatusTracker,
        decision_log: DecisionLog,
        authorization: Authorization,
        under_way: dict[str, UnderWay],
    ) -> None:
        self.state = state
        self._tracker = tracker
        self._decision_log = decision_log
        self._authorization = authorization
        self._under_way = under_way

    def validate(self, verb: Verb, instruction: SignedInstruction) -> None:
        """Let it pass, or say why not.

        Raises:
            VerbRefused: the verb does not fit what is going on, or whoever gives it may not.
        """
        status = self._tracker.status
        present = f"{status.phase} is {status.state}"
        outcome = self._decide(verb)
        if not outcome.granted:
            raise VerbRefused(f"{outcome.text}: {present}")
        if instruction.phase not in {None, status.phase}:
            raise VerbRefused(f"{status.phase} is what waits now, not {instruction.phase}")
        self._authorization.validate(verb, instruction, present)

    def apply(self, verb: Verb, instruction: SignedInstruction) -> str:
        """Apply a verb that was validated; answers what happens now."""
        outcome = self._decide(verb)
        assert outcome.granted, "validated before it is applied"
        self._keep(verb, instruction, GRANTED + self._authorization.apply(verb, instruction))
        self.state = outcome.state
        return outcome.text

    def on_signal(self, verb: Verb, arguments: Sequence[Any]) -> None:
        """A signal: applied like an update, and a refusal is shown in the status, since nobody is answered."""
        instruction = SignedInstruction()
        try:
            instruction = read(arguments)
            self.validate(verb, instruction)
        except VerbRefused as refusal:
            self._refuse(verb, instruction, str(refusal))
        else:
            self.apply(verb, instruction)

    def on_unknown_signal(self, name: str, arguments: Sequence[Any]) -> None:
        """A signal of a name that does not exist."""
        got = f" (got {shown(arguments)})" if arguments else ""
        self._refuse(name[:_NAME], Instruction(), f"there is {', '.join(Verb)}{got}")

    def on_cancel(self) -> None:
        """Temporal's own Cancel: roll back, or stop and ask after the point of no return."""
        outcome = self._decide(CANCEL)
        self.state = outcome.state
        by = canceller(workflow.cancellation_reason())
        self._keep(CANCEL, by, GRANTED if outcome.granted else f"refused: {outcome.text}")
        if not self._tracker.status.state.final:
            self._tracker.set_message(f"cancel was requested: {outcome.text}")

    def adopted(self, adoption: Adoption) -> None:
        """A person had this run take over an earlier one."""
        instruction = Instruction(by=adoption.by, reason=adoption.reason, channel=adoption.channel)
        self._keep(f"adopt ({adoption.direction})", instruction, GRANTED)

    def _decide(self, command: Command) -> Outcome:
        return decide(self.state, command, phase=self._tracker.status.phase, when=self._when())

    def _when(self) -> str:
        """When the next safe point is."""
        changes = [each.summary for each in self._under_way.values() if not each.waits]
        if changes:
            return f"when this has finished: {'; '.join(changes)}"
        return "at once, it only waits" if self._under_way else "at once, nothing is under way"

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
