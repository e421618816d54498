"""The command that a change of `spec.state` requires: a pure function, so that it can be tested as a table.

A verb is sent when the requested state changes, and not again when somebody changes the migration's state through
another client. So the last state that was sent (`told`) is compared with the one that is requested now, and the
migration's own state decides whether a command is needed. A request that can only be granted later, like a pause while
a gate is open, waits; one that can never be granted is refused once.
"""

from dataclasses import dataclass

from bridge.resource.parts import Refusal
from migration.commands import Instruction, Verb
from migration.run.status import State
from migration.spec.model import Answer, Approval, DesiredState

_VERBS = {Answer.APPROVE: Verb.APPROVE, Answer.REJECT: Verb.REJECT, Answer.RETRY: Verb.RETRY, Answer.SKIP: Verb.SKIP}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do about a requested state; with no attribute set: wait.

    Attributes:
        verb: send this verb.
        so: the request is fulfilled, and needs no command.
        else_so: if the verb is refused, the request is fulfilled already.
        refusal: why the request cannot be granted.
    """

    verb: Verb | None = None
    so: bool = False
    else_so: bool = False
    refusal: str = ""


_WAIT = Step()
_SO = Step(so=True)


def step(*, wanted: DesiredState, told: DesiredState | None, state: State) -> Step:
    """The step for the state that is requested now, the state that was sent last, and the migration's own state."""
    if wanted is told:
        return _SO
    match wanted:
        case DesiredState.RUNNING:
            return _run(told, state)
        case DesiredState.PAUSED:
            return _pause(state)
        case DesiredState.ROLLBACK:
            return _back(state)
        case DesiredState.PENDING:
            return Step(refusal="it has started already: set Paused to pause it, or Rollback to undo it")


def _run(told: DesiredState | None, state: State) -> Step:
    if state is State.PAUSED:
        return Step(verb=Verb.RESUME)
    if (
        told is DesiredState.PAUSED and not state.final
    ):  # the pause has not taken effect yet, or somebody resumed the migration
        return Step(verb=Verb.RESUME, else_so=True)
    if told is DesiredState.ROLLBACK and state is State.ROLLING_BACK:
        return Step(refusal="it rolls back, and that is finished first")
    return _SO


def _pause(state: State) -> Step:
    if state.final:
        return Step(refusal=f"it has ended: {state}")
    if state is State.ROLLING_BACK:
        return Step(refusal="a rollback is not paused: it goes on until the cluster is as it was")
    if state is State.RUNNING:
        return Step(verb=Verb.PAUSE)
    return _SO if state is State.PAUSED else _WAIT


def _back(state: State) -> Step:
    if state in {State.ROLLING_BACK, State.ROLLED_BACK}:
        return _SO
    if state is State.FAILED:
        return Step(refusal=f"it has ended: {state}; if it was ended from outside, `vcfm adopt --rollback` undoes it")
    if state.final:
        return Step(refusal=f"it has ended: {state}")
    return Step(verb=Verb.ROLLBACK)


def command_of(approval: Approval) -> tuple[Verb, Instruction]:
    """The verb and instruction that an entry of `spec.approvals` stands for."""
    instruction = Instruction(phase=approval.phase, by=approval.by, reason=approval.reason, channel="cr")
    return _VERBS[approval.decision], instruction


def refused_before(refusals: list[Refusal], *, subject: str, during: str) -> bool:
    """Whether the same request was refused in the same phase and state, so that sending it again changes nothing."""
    return any((each.subject, each.during) == (subject, during) for each in refusals)
