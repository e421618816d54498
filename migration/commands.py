"""Verbs that control a running migration, and their optional argument."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from migration.frozen_model import FrozenModel
from migration.phase import PhaseName


class Verb(StrEnum):
    """Names of the signals and updates of the workflow; they are a wire contract."""

    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    ROLLBACK = "rollback"


MEANINGS = {
    Verb.APPROVE: "Approve the phase that waits at its gate, so that it starts",
    Verb.REJECT: "Reject the phase that waits at its gate: everything done so far is rolled back",
    Verb.PAUSE: "Pause at the next safe point: waits are interrupted, a change in progress is finished first",
    Verb.RESUME: "Continue after a pause",
    Verb.RETRY: "Run the parked step again, after reading the current state",
    Verb.SKIP: "Skip the parked phase, where that is harmless",
    Verb.ROLLBACK: "Stop at the next safe point and undo everything, in reverse",
}
"""Description of each verb, in Temporal's UI and in `vcfm --help`."""

Channel = Literal["temporal", "rest", "cli", "cr"]


LONGEST_NAME = 100
"""Maximum length of a person's name, in characters."""

LONGEST_REASON = 1000
"""Maximum length of a reason, in characters."""


class Instruction(FrozenModel):
    """The argument of a verb.

    Attributes:
        phase: the phase that is meant; default: the one that waits now.
        by: who gives the command; recorded.
        reason: why; recorded.
        channel: the interface that was used; `temporal` unless REST, command line or bridge sets it.
    """

    phase: PhaseName | None = None
    by: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    channel: Channel = "temporal"
