"""The control state: every verb in every reachable state gives the documented answer, and the answer is kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.commands import Verb
from workflows.control.state import CANCEL, EXPLANATIONS, RULES, Command, ControlState, Outcome, Situation, decide, rule

S = Situation
ROOT = Path(__file__).parents[3]
COMMANDS: list[Command] = [*Verb, CANCEL]
BACK = {S.ROLLBACK_REQUESTED, S.ROLLING_BACK, S.ROLLBACK_PARKED, S.ROLLBACK_ANSWERED}
UNDER_WAY = {S.RUNNING, S.PAUSING, S.STOPPING, S.ROLLBACK_REQUESTED}
ANSWERED = {S.ANSWERED, S.ROLLBACK_ANSWERED, S.CLOSING_ANSWERED}
PROMISES: list[tuple[str, Callable[[ControlState, ControlState], bool]]] = [
    ("pauses at the next safe point", lambda _, after: after.situation is S.PAUSING),
    ("goes on", lambda _, after: after.situation is S.RUNNING),
    ("pause that was requested is withdrawn", lambda _, after: after.goes_on_as is S.RUNNING),
    ("rolls back at the next safe point", lambda _, after: after.situation is S.ROLLBACK_REQUESTED),
    ("everything done so far is rolled back", lambda _, after: after.situation is S.ROLLBACK_REQUESTED),
    ("rolls back once the checkpoint is read", lambda _, after: after.goes_on_as is S.ROLLBACK_REQUESTED),
    ("begins, after the pause", lambda _, after: after.go_on().situation is S.PAUSING),
    ("runs again, after the pause", lambda _, after: after.go_on().situation is S.PAUSING),
    ("left out, after the pause", lambda _, after: after.go_on().situation is S.PAUSING),
    ("begins", lambda _, after: (after.answer, after.go_on().situation) == (Verb.APPROVE, S.RUNNING)),
    ("runs again", lambda before, after: after.answer is Verb.RETRY and not after.go_on().interrupts and before.asks),
    ("left out", lambda before, after: after.answer is Verb.SKIP and not after.go_on().interrupts and before.asks),
    ("has stopped, and waits for a person", lambda before, after: before == after and after.asks),
    (
        "stops at the next safe point and asks",
        lambda _, after: S.STOPPING in {after.situation, after.goes_on_as},
    ),
]
"""What an answer says, and what must be true of the states before and after; the first that fits counts."""

Event = tuple[Callable[[ControlState], bool], Callable[[ControlState], ControlState]]
EVENTS: dict[str, Event] = {
    "adopt before the point of no return": (lambda s: s.situation is S.TAKING_OVER, lambda s: s.adopt(crossed=False)),
    "adopt after the point of no return": (lambda s: s.situation is S.TAKING_OVER, lambda s: s.adopt(crossed=True)),
    "cross": (lambda s: s.situation is S.RUNNING, ControlState.cross),
    "pause": (lambda s: s.situation is S.PAUSING, ControlState.pause),
    "open a gate": (lambda s: s.situation in UNDER_WAY, ControlState.open_gate),
    "park": (lambda s: s.situation in {*UNDER_WAY, S.ROLLING_BACK, S.CLOSING}, ControlState.park),
    "park with skip": (
        lambda s: s.situation in {*UNDER_WAY, S.ROLLING_BACK, S.CLOSING},
        lambda s: s.park(skip="it is left out"),
    ),
    "take the answer": (lambda s: s.situation in ANSWERED, ControlState.go_on),
    "roll back": (
        lambda s: s.situation is S.ROLLBACK_REQUESTED or (s.situation is S.RUNNING and not s.crossed),
        ControlState.roll_back,
    ),
    "close": (lambda s: s.situation is S.RUNNING and s.crossed, ControlState.close),
    "end": (lambda s: s.situation in {S.TAKING_OVER, S.RUNNING, S.ROLLING_BACK, S.CLOSING}, ControlState.end),
}
"""What the run reports, and where it can."""


def say(state: ControlState, command: Command) -> Outcome:
    """A command in the words of a test."""
    return decide(state, command, phase="create_workers", when="at once")


def reachable() -> list[ControlState]:
    """Every state that verbs and events lead to; there are few."""
    found = [ControlState(), ControlState(S.TAKING_OVER)]
    for state in found:
        following = [say(state, each).state for each in COMMANDS]
        following += [happens(state) for possible, happens in EVENTS.values() if possible(state)]
        found += [each for each in dict.fromkeys(following) if each not in found]
    return found


REACHABLE = reachable()


def named(state: ControlState) -> str:
    """A state in the name of a test."""
    facts = [state.situation, "crossed" * state.crossed, "skip" * bool(state.skip), state.answer or ""]
    facts += [state.goes_on_as] if state.goes_on_as is not S.RUNNING else []
    return ",".join(filter(None, facts))


def test_every_situation_is_reached_explained_and_ruled() -> None:
    assert {each.situation for each in REACHABLE} == set(Situation) == set(RULES) == set(EXPLANATIONS)
    assert all(set(row) == set(COMMANDS) for row in RULES.values())


@pytest.mark.parametrize("state", REACHABLE, ids=named)
def test_an_answer_promises_what_then_is_and_a_refusal_changes_nothing(state: ControlState) -> None:
    for command in COMMANDS:
        outcome = say(state, command)
        documented = rule(state, command)
        assert outcome.granted is not bool(documented.refusal)
        if not outcome.granted:
            assert outcome.state == state, f"{command} is refused and changes something"
            continue
        kept = next((holds for words, holds in PROMISES if words in outcome.text), None)
        assert kept, f"nothing checks `{outcome.text}`"
        assert kept(state, outcome.state), f"{command} answers `{outcome.text}`, and then it is {outcome.state}"


@pytest.mark.parametrize("state", REACHABLE, ids=named)
def test_what_people_decided_outlives_what_the_run_reports(state: ControlState) -> None:
    if state.situation is S.ROLLBACK_REQUESTED:
        assert {happens(state).situation for possible, happens in EVENTS.values() if possible(state)} == {
            S.ROLLBACK_REQUESTED,
            S.ROLLING_BACK,
        }
    if state.situation is S.PAUSING:
        for ask in (state.open_gate(), state.park()):
            assert ask.goes_on_as is S.PAUSING
    if state.situation is S.STOPPING:
        assert state.park().asks


@given(st.lists(st.sampled_from([*COMMANDS, *EVENTS]), max_size=30), st.booleans())
def test_after_the_point_of_no_return_nothing_leads_back(steps: list[str], adopts: bool) -> None:
    state = ControlState(S.TAKING_OVER if adopts else S.RUNNING)
    for step in steps:
        before = state
        if step in EVENTS:
            possible, happens = EVENTS[step]
            state = happens(state) if possible(state) else state
        else:
            state = say(state, CANCEL if step == CANCEL else Verb(step)).state
        assert state.crossed >= before.crossed
        assert not (state.crossed and (state.situation in BACK or state.goes_on_as in BACK))
        assert state.situation is S.ENDED or before.situation is not S.ENDED
        assert bool(state.answer) is (state.situation in ANSWERED)


@pytest.mark.parametrize(
    ("state", "verb", "text"),
    [
        (ControlState(S.ROLLBACK_REQUESTED), Verb.PAUSE, "rolls back already"),
        (ControlState(S.AT_GATE, goes_on_as=S.PAUSING), Verb.APPROVE, "begins, after the pause"),
        (ControlState(S.PARKED, goes_on_as=S.PAUSING), Verb.RESUME, "pause that was requested is withdrawn"),
        (ControlState(S.PARKED), Verb.SKIP, "cannot be left out"),
        (ControlState(S.AT_GATE, crossed=True), Verb.REJECT, "cannot be rolled back any more"),
        (ControlState(S.PARKED, crossed=True), CANCEL, "has stopped"),
        (ControlState(S.PAUSED, crossed=True), CANCEL, "stops at the next safe point"),
        (ControlState(S.CLOSING, crossed=True), Verb.PAUSE, "about to end"),
        (ControlState(S.ANSWERED, answer=Verb.RETRY), Verb.SKIP, "answered a moment ago (retry)"),
    ],
)
def test_answers_that_were_once_false_or_depend_on_more_than_the_situation(
    state: ControlState, verb: Command, text: str
) -> None:
    assert state in [replace(each, readiness_waived=False) for each in REACHABLE]
    assert text in say(state, verb).text
