"""The journal as its readers get it: what was asked of the world outside, and what people said."""

from pydantic import AwareDatetime

from migration.frozen_model import FrozenModel


class JournalEntry(FrozenModel):
    """One call to the world outside; bodies are redacted and bounded."""

    id: int
    at: AwareDatetime
    seconds: float
    phase: str
    activity: str
    attempt: int
    system: str
    server: str
    method: str
    target: str
    mutating: bool
    outcome: str
    request: str
    response: str


class DecisionEntry(FrozenModel):
    """One thing that was said to a migration.

    Attributes:
        run: Temporal's id of the run it was said to; a cluster that is migrated again has a run for each time.
        verb: what was said; of a signal that nobody knows, its name.
        outcome: `granted`, or `refused: ` and why.
    """

    id: int
    at: AwareDatetime
    run: str
    phase: str
    verb: str
    by: str
    reason: str
    channel: str
    outcome: str
