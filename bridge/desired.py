"""What is to be told to a migration because of what its resource asks for: pure, so that it can be read as a table.

Declared is not commanded: a verb is sent when the wish in the resource changes, and not again because somebody else
made another wish come true through another door. So `told`, the wish that was passed on last, is compared with what is
asked for now, and the migration's own state decides whether that needs a word at all. A wish that cannot be granted now
but later, like a pause while a gate is open, waits; one that never can be is refused once.
"""

from dataclasses import dataclass

from bridge.resource.parts import Refusal
from migration.commands import Instruction, Verb
from migration.run.status import State
from migration.spec.model import Answer, Approval, DesiredState

_VERBS = {Answer.APPROVE: Verb.APPROVE, Answer.REJECT: Verb.REJECT, Answer.RETRY: Verb.RETRY, Answer.SKIP: Verb.SKIP}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do about a wish; nothing of these: wait.

    Attributes:
        verb: say this.
        so: it is so already, without a word.
        else_so: where the verb is refused, it is so already.
        refusal: it cannot be granted, and why.
    """

    verb: Verb | None = None
    so: bool = False
    else_so: bool = False
    refusal: str = ""


_WAIT = Step()
_SO = Step(so=True)


def step(*, wanted: DesiredState, told: DesiredState | None, state: State) -> Step:
    """What to do, given the wish now, the wish that was passed on last, and what the migration does."""
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
            return Step(refusal="it has started already: Paused stops it, Rollback undoes it")


def _run(told: DesiredState | None, state: State) -> Step:
    if state is State.PAUSED:
        return Step(verb=Verb.RESUME)
    if told is DesiredState.PAUSED and not state.final:  # the pause has yet to take effect, or somebody ended it
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


def spoken(approval: Approval) -> tuple[Verb, Instruction]:
    """An answer in the resource, as it is said to the migration."""
    said = Instruction(phase=approval.phase, by=approval.by, reason=approval.reason, channel="cr")
    return _VERBS[approval.decision], said


def refused_before(refusals: list[Refusal], *, subject: str, during: str) -> bool:
    """Whether this very thing was refused in this very situation, so that asking again would change nothing."""
    return any((each.subject, each.during) == (subject, during) for each in refusals)
