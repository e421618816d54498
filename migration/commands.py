"""What a person says to a running migration: seven verbs, and the one optional object that each of them takes."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from migration.frozen_model import FrozenModel
from migration.phase import PhaseName


class Verb(StrEnum):
    """Names of signals and updates alike: they are contract."""

    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    ROLLBACK = "rollback"


MEANINGS = {
    Verb.APPROVE: "Let the phase that waits at its gate begin",
    Verb.REJECT: "Refuse the phase that waits at its gate: everything done so far is rolled back",
    Verb.PAUSE: "Stop at the next safe point; waits are interrupted, a change under way is finished first",
    Verb.RESUME: "Go on after a pause",
    Verb.RETRY: "Run the parked step again, observing first",
    Verb.SKIP: "Leave the parked phase out, where that is harmless",
    Verb.ROLLBACK: "Stop at the next safe point and undo everything, in reverse",
}
"""What Temporal's UI shows beside each."""

Channel = Literal["temporal", "rest", "cli", "cr"]


LONGEST_NAME = 100
"""Characters of a person's name."""

LONGEST_REASON = 1000
"""Characters of why."""


class Instruction(FrozenModel):
    """Whom to thank and why; without a phase it means what waits now.

    Attributes:
        door: through which it came; the doors other than Temporal itself fill it in.
    """

    phase: PhaseName | None = None
    by: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    channel: Channel = "temporal"
