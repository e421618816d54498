"""The control state of one run: one frozen value, and one table that says what each verb does in each situation.

Pure: no clock, no Temporal, nothing awaited. `decide` gives the answer to a verb and the state after it; the methods of
`ControlState` are what the run itself reports (a gate opens, a phase parks, the rollback begins). A verb that is
refused changes nothing, and a granted one answers what then happens: tests/workflows/control/test_state.py checks both.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from migration.commands import Verb
from migration.phase import POINT_OF_NO_RETURN

CANCEL: Final = "cancel"
"""Temporal's own Cancel of the workflow: no verb, and nobody is answered, but it has a rule like one."""

Command = Verb | Literal["cancel"]


class Situation(StrEnum):
    """What a run is doing, as far as it matters to a verb."""

    TAKING_OVER = "taking over"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    AT_GATE = "at a gate"
    PARKED = "parked"
    ANSWERED = "answered"
    ROLLBACK_REQUESTED = "rollback requested"
    ROLLING_BACK = "rolling back"
    ROLLBACK_PARKED = "parked while rolling back"
    ROLLBACK_ANSWERED = "answered while rolling back"
    CLOSING = "closing"
    CLOSING_PARKED = "parked while closing"
    CLOSING_ANSWERED = "answered while closing"
    ENDED = "ended"


S = Situation

EXPLANATIONS = {
    S.TAKING_OVER: "the checkpoint of an earlier run is read (`vcfm adopt`)",
    S.RUNNING: "a phase, or the look at the source before it",
    S.PAUSING: "a pause was requested, and takes effect at the next safe point",
    S.PAUSED: "nothing runs until `resume`",
    S.STOPPING: "cancelled after the point of no return: parks at the next safe point",
    S.AT_GATE: "a phase waits for approval",
    S.PARKED: "a phase, or the look at the source before it, has failed and waits for a person",
    S.ANSWERED: "a gate or a parked phase was answered a moment ago",
    S.ROLLBACK_REQUESTED: "the rollback begins at the next safe point",
    S.ROLLING_BACK: "compensations run in reverse, then the comparison with the before-images",
    S.ROLLBACK_PARKED: "a step of the rollback has failed and waits for a person",
    S.ROLLBACK_ANSWERED: "a parked step of the rollback was answered a moment ago",
    S.CLOSING: "every phase is done; that is noted in the cluster",
    S.CLOSING_PARKED: "the end could not be noted in the cluster, and waits for a person",
    S.CLOSING_ANSWERED: "a parked closing was answered a moment ago",
    S.ENDED: "Completed, RolledBack or Failed",
}

_ASKING = {S.RUNNING: S.PARKED, S.ROLLING_BACK: S.ROLLBACK_PARKED, S.CLOSING: S.CLOSING_PARKED}
_ANSWERED = {S.PARKED: S.ANSWERED, S.ROLLBACK_PARKED: S.ROLLBACK_ANSWERED, S.CLOSING_PARKED: S.CLOSING_ANSWERED}
_GOES_ON = {S.ROLLBACK_ANSWERED: S.ROLLING_BACK, S.CLOSING_ANSWERED: S.CLOSING}


@dataclass(frozen=True)
class ControlState:
    """What people have said that still matters, and what the run is doing.

    Attributes:
        crossed: the point of no return has been passed.
        readiness_waived: a person let a phase begin although the source could not take the cluster back; from then on
            only a person starts a rollback.
        skip: what `skip` does to what is parked; empty where it is refused.
        answer: the answer that was given, until the run takes it.
        goes_on_as: what a run that asks, or takes over, is once that is over: running, pausing where a pause was
            requested before, stopping or rollback requested where it was cancelled meanwhile.
    """

    situation: Situation = S.RUNNING
    crossed: bool = False
    readiness_waived: bool = False
    skip: str = ""
    answer: Verb | None = None
    goes_on_as: Situation = S.RUNNING

    @property
    def interrupts(self) -> bool:
        """Whether the activities of the present phase are to stop at the next safe point."""
        return self.situation in {S.PAUSING, S.PAUSED, S.STOPPING, S.ROLLBACK_REQUESTED}

    @property
    def asks(self) -> bool:
        """Whether a person's answer is waited for."""
        return self.situation is S.AT_GATE or self.situation in _ANSWERED

    def adopt(self, *, crossed: bool) -> "ControlState":
        """The checkpoint of the earlier run has been read, and it had passed the point of no return, or not."""
        then = self.goes_on_as
        if then is S.ROLLBACK_REQUESTED and crossed:
            then = S.STOPPING
        return replace(self, situation=then, goes_on_as=S.RUNNING, crossed=crossed)

    def cross(self) -> "ControlState":
        """The point of no return is passed."""
        return replace(self, crossed=True)

    def waive_readiness(self) -> "ControlState":
        """A person lets a phase begin although the source could not take the cluster back."""
        return replace(self, readiness_waived=True)

    def pause(self) -> "ControlState":
        """The safe point is reached."""
        return replace(self, situation=S.PAUSED)

    def open_gate(self) -> "ControlState":
        """A phase waits for approval, unless a rollback was requested meanwhile."""
        return self._ask(S.AT_GATE, skip="")

    def park(self, *, skip: str = "") -> "ControlState":
        """What runs has failed and waits for a person, unless a rollback was requested meanwhile."""
        return self._ask(_ASKING.get(self.situation, S.PARKED), skip=skip)

    def go_on(self) -> "ControlState":
        """The run takes the answer."""
        then = _GOES_ON.get(self.situation, self.goes_on_as)
        return replace(self, situation=then, goes_on_as=S.RUNNING, answer=None, skip="")

    def roll_back(self) -> "ControlState":
        """The rollback begins: requested by a person, or by the run itself where the spec says so."""
        assert not self.crossed, "after the point of no return nothing is rolled back"
        return replace(self, situation=S.ROLLING_BACK, goes_on_as=S.RUNNING, answer=None, skip="")

    def close(self) -> "ControlState":
        """Every phase is done."""
        return replace(self, situation=S.CLOSING, goes_on_as=S.RUNNING)

    def end(self) -> "ControlState":
        """Nothing more happens."""
        return replace(self, situation=S.ENDED, goes_on_as=S.RUNNING, answer=None, skip="")

    def _ask(self, situation: Situation, *, skip: str) -> "ControlState":
        if self.situation is S.ROLLBACK_REQUESTED:
            return self
        # A requested pause outlives the question; a requested stop is fulfilled by it, since both wait for a person.
        then = S.PAUSING if self.situation is S.PAUSING else S.RUNNING
        return replace(self, situation=situation, skip=skip, goes_on_as=then)


@dataclass(frozen=True)
class Rule:
    """What a verb does: the answer, with `{phase}`, `{when}` (the next safe point) and `{skip}`; or why it is refused.

    Attributes:
        then: the situation afterwards; None where it stays what it was.
    """

    answer: str = ""
    then: Situation | None = None
    refusal: str = ""


def _no(refusal: str) -> Rule:
    return Rule(refusal=refusal)


_IRREVERSIBLE = _no(f"{POINT_OF_NO_RETURN} is the point of no return: it cannot be rolled back any more, only finished")
_TAKING_OVER = _no("the checkpoint of the earlier run is being read, and may be past the point of no return: ask again")
_UNAPPROVABLE = _no("nothing waits for approval")
_UNRETRIABLE = _no("nothing to retry")
_UNSKIPPABLE = _no("nothing to skip")
_NECESSARY = _no("{phase} cannot be left out: what comes after it relies on it")
_UNPAUSABLE = _no("nothing to pause")
_UNPAUSED = _no("nothing is paused")
_ANSWERED_ALREADY = _no("it was answered a moment ago ({answer})")
_STOPS_ANYWAY = _no("it was cancelled, and stops at the next safe point anyway")
_ROLLS_BACK_ALREADY = _no("it rolls back already")
_ABOUT_TO_END = _no("it is about to end")
_HAS_ENDED = _no("it has ended")

_PAUSE = Rule("pauses at the next safe point of {phase}: {when}", S.PAUSING)
_RESUME = Rule("{phase} goes on", S.RUNNING)
_WITHDRAW_PAUSE = Rule("the pause that was requested is withdrawn")
_ROLLBACK = Rule("rolls back at the next safe point of {phase}: {when}", S.ROLLBACK_REQUESTED)
_APPROVE = Rule("{phase} begins", S.ANSWERED)
_REJECT = Rule("everything done so far is rolled back", S.ROLLBACK_REQUESTED)
_CANCEL = Rule("rolls back at the next safe point of {phase}: {when}", S.ROLLBACK_REQUESTED)
_CANCEL_STOPS = Rule(
    f"{POINT_OF_NO_RETURN} is the point of no return: it stops at the next safe point and asks", S.STOPPING
)
_CANCEL_STOPPED = Rule(f"{POINT_OF_NO_RETURN} is the point of no return: it has stopped, and waits for a person")
_CANCEL_LATER = Rule("rolls back once the checkpoint is read; after the point of no return, stops and asks")


def _retry(then: Situation) -> Rule:
    return Rule("{phase} runs again", then)


def _skip(then: Situation) -> Rule:
    return Rule("{skip}", then)


def _row(
    *,
    approve: Rule = _UNAPPROVABLE,
    reject: Rule = _UNAPPROVABLE,
    pause: Rule = _UNPAUSABLE,
    resume: Rule = _UNPAUSED,
    retry: Rule = _UNRETRIABLE,
    skip: Rule = _UNSKIPPABLE,
    rollback: Rule,
    cancel: Rule,
) -> dict[Command, Rule]:
    return {
        Verb.APPROVE: approve,
        Verb.REJECT: reject,
        Verb.PAUSE: pause,
        Verb.RESUME: resume,
        Verb.RETRY: retry,
        Verb.SKIP: skip,
        Verb.ROLLBACK: rollback,
        CANCEL: cancel,
    }


def _all(rule: Rule) -> dict[Command, Rule]:
    return dict.fromkeys([*Verb, CANCEL], rule)


RULES: dict[Situation, dict[Command, Rule]] = {
    S.TAKING_OVER: _row(rollback=_TAKING_OVER, cancel=_CANCEL_LATER),
    S.RUNNING: _row(pause=_PAUSE, rollback=_ROLLBACK, cancel=_CANCEL),
    S.PAUSING: _row(pause=_PAUSE, resume=_RESUME, rollback=_ROLLBACK, cancel=_CANCEL),
    S.PAUSED: _row(resume=_RESUME, rollback=_ROLLBACK, cancel=_CANCEL),
    S.STOPPING: _row(pause=_STOPS_ANYWAY, rollback=_ROLLBACK, cancel=_STOPS_ANYWAY),
    S.AT_GATE: _row(approve=_APPROVE, reject=_REJECT, rollback=_ROLLBACK, cancel=_CANCEL),
    S.PARKED: _row(retry=_retry(S.ANSWERED), skip=_skip(S.ANSWERED), rollback=_ROLLBACK, cancel=_CANCEL),
    S.ANSWERED: _row(
        approve=_ANSWERED_ALREADY,
        reject=_ANSWERED_ALREADY,
        pause=_ANSWERED_ALREADY,
        retry=_ANSWERED_ALREADY,
        skip=_ANSWERED_ALREADY,
        rollback=_ROLLBACK,
        cancel=_CANCEL,
    ),
    S.ROLLBACK_REQUESTED: _row(pause=_ROLLS_BACK_ALREADY, rollback=_ROLLS_BACK_ALREADY, cancel=_ROLLS_BACK_ALREADY),
    S.ROLLING_BACK: _row(rollback=_ROLLS_BACK_ALREADY, cancel=_ROLLS_BACK_ALREADY),
    S.ROLLBACK_PARKED: _row(
        retry=_retry(S.ROLLBACK_ANSWERED),
        skip=_skip(S.ROLLBACK_ANSWERED),
        rollback=_ROLLS_BACK_ALREADY,
        cancel=_ROLLS_BACK_ALREADY,
    ),
    S.ROLLBACK_ANSWERED: _row(
        retry=_ANSWERED_ALREADY, skip=_ANSWERED_ALREADY, rollback=_ROLLS_BACK_ALREADY, cancel=_ROLLS_BACK_ALREADY
    ),
    S.CLOSING: _row(pause=_ABOUT_TO_END, rollback=_IRREVERSIBLE, cancel=_ABOUT_TO_END),
    S.CLOSING_PARKED: _row(
        retry=_retry(S.CLOSING_ANSWERED),
        skip=_skip(S.CLOSING_ANSWERED),
        rollback=_IRREVERSIBLE,
        cancel=_ABOUT_TO_END,
    ),
    S.CLOSING_ANSWERED: _row(
        retry=_ANSWERED_ALREADY, skip=_ANSWERED_ALREADY, rollback=_IRREVERSIBLE, cancel=_ABOUT_TO_END
    ),
    S.ENDED: _all(_HAS_ENDED),
}
"""What each verb does in each situation before the point of no return; `rule` says what differs with the facts."""


def rule(state: ControlState, command: Command) -> Rule:
    """The rule that applies: the table's, but for what is irreversible, necessary, or paused behind a question."""
    found = RULES[state.situation][command]
    if command is Verb.RESUME and state.goes_on_as is S.PAUSING:
        return _WITHDRAW_PAUSE
    if command is Verb.SKIP and not found.refusal and not state.skip:
        return _NECESSARY
    if state.crossed and found.then is S.ROLLBACK_REQUESTED:
        if command != CANCEL:
            return _IRREVERSIBLE
        return _CANCEL_STOPPED if state.asks else _CANCEL_STOPS
    return found


@dataclass(frozen=True)
class Outcome:
    """What came of a command: `text` is the answer, or the reason of a refusal, which leaves the state as it was."""

    granted: bool
    text: str
    state: ControlState


def decide(state: ControlState, command: Command, *, phase: str, when: str) -> Outcome:
    """What a command does now.

    Args:
        state: the present state.
        command: a verb, or Temporal's Cancel.
        phase: what the run is at, for the text.
        when: when the next safe point is, for the text.
    """
    found = rule(state, command)
    text = (found.refusal or found.answer).format(phase=phase, when=when, skip=state.skip, answer=state.answer)
    if found.refusal:
        return Outcome(granted=False, text=text, state=state)
    if found.then in _ANSWERED.values() and state.goes_on_as is S.PAUSING:
        text += ", after the pause that was requested: `resume` ends it"
    return Outcome(granted=True, text=text, state=_after(state, command, found))


def _after(state: ControlState, command: Command, found: Rule) -> ControlState:
    if found is _WITHDRAW_PAUSE:
        return replace(state, goes_on_as=S.RUNNING)
    if found is _CANCEL_LATER:
        return replace(state, goes_on_as=S.ROLLBACK_REQUESTED)
    if found is _CANCEL_STOPS and state.situation is S.ANSWERED:
        return replace(state, goes_on_as=S.STOPPING)
    if found.then is None:
        return state
    if found.then in _ANSWERED.values():
        return replace(state, situation=found.then, answer=Verb(command))
    return replace(state, situation=found.then, goes_on_as=S.RUNNING, answer=None, skip="")
