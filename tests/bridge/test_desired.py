"""What a wish in the resource makes the bridge say, as a table."""

import pytest

from bridge.desired import Step, command_of, refused_before, step
from bridge.resource.parts import Refusal
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.status import State
from migration.spec.model import Answer, Approval, DesiredState

RUNNING, PAUSED, ROLLBACK, PENDING = (
    DesiredState.RUNNING,
    DesiredState.PAUSED,
    DesiredState.ROLLBACK,
    DesiredState.PENDING,
)
SO, WAIT = Step(so=True), Step()


@pytest.mark.parametrize(
    ("wanted", "told", "state", "expected"),
    [
        (RUNNING, RUNNING, State.PAUSED, SO),  # somebody else paused it
        (RUNNING, RUNNING, State.RUNNING, SO),
        (RUNNING, PAUSED, State.PAUSED, Step(verb=Verb.RESUME)),
        (RUNNING, PAUSED, State.RUNNING, Step(verb=Verb.RESUME, else_so=True)),  # it is about to pause, or was resumed
        (RUNNING, PAUSED, State.NEEDS_ATTENTION, Step(verb=Verb.RESUME, else_so=True)),
        (RUNNING, PAUSED, State.COMPLETED, SO),
        (PAUSED, PAUSED, State.RUNNING, SO),  # somebody else resumed it
        (PAUSED, RUNNING, State.RUNNING, Step(verb=Verb.PAUSE)),
        (PAUSED, RUNNING, State.PAUSED, SO),
        (PAUSED, RUNNING, State.AWAITING_APPROVAL, WAIT),
        (PAUSED, RUNNING, State.NEEDS_ATTENTION, WAIT),
        (ROLLBACK, RUNNING, State.RUNNING, Step(verb=Verb.ROLLBACK)),
        (ROLLBACK, PAUSED, State.PAUSED, Step(verb=Verb.ROLLBACK)),
        (ROLLBACK, RUNNING, State.AWAITING_APPROVAL, Step(verb=Verb.ROLLBACK)),
        (ROLLBACK, RUNNING, State.NEEDS_ATTENTION, Step(verb=Verb.ROLLBACK)),
        (ROLLBACK, RUNNING, State.ROLLING_BACK, SO),
        (ROLLBACK, RUNNING, State.ROLLED_BACK, SO),
        (ROLLBACK, ROLLBACK, State.NEEDS_ATTENTION, SO),
    ],
)
def test_a_wish(wanted: DesiredState, told: DesiredState, state: State, expected: Step) -> None:
    assert step(wanted=wanted, told=told, state=state) == expected


@pytest.mark.parametrize(
    ("wanted", "told", "state", "said"),
    [
        (RUNNING, ROLLBACK, State.ROLLING_BACK, "it rolls back"),
        (PAUSED, ROLLBACK, State.ROLLING_BACK, "a rollback is not paused"),
        (PAUSED, RUNNING, State.COMPLETED, "it has ended: Completed"),
        (ROLLBACK, RUNNING, State.COMPLETED, "it has ended: Completed"),
        (ROLLBACK, RUNNING, State.FAILED, "it has ended: Failed"),
        (PENDING, RUNNING, State.RUNNING, "it has started already"),
    ],
)
def test_a_wish_that_cannot_be_granted(wanted: DesiredState, told: DesiredState, state: State, said: str) -> None:
    found = step(wanted=wanted, told=told, state=state)
    assert said in found.refusal
    assert (found.verb, found.so) == (None, False)


@pytest.mark.parametrize(
    ("answer", "verb"),
    [
        (Answer.APPROVE, Verb.APPROVE),
        (Answer.REJECT, Verb.REJECT),
        (Answer.RETRY, Verb.RETRY),
        (Answer.SKIP, Verb.SKIP),
    ],
)
def test_an_answer_is_said_as_its_author_wrote_it(answer: Answer, verb: Verb) -> None:
    approval = Approval(phase=PhaseName.CLEANUP, by="kim", reason="CHG-1", decision=answer)
    assert command_of(approval) == (verb, Instruction(phase=PhaseName.CLEANUP, by="kim", reason="CHG-1", channel="cr"))


def test_the_same_refusal_is_not_asked_for_again() -> None:
    told = [Refusal(subject="state: Rollback", during="cleanup is Running", message="no", time="2026-03-01T12:00:00Z")]
    assert refused_before(told, subject="state: Rollback", during="cleanup is Running")
    assert not refused_before(told, subject="state: Rollback", during="verify is Running")
    assert not refused_before(told, subject="state: Paused", during="cleanup is Running")
