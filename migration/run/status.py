"""What a migration says of itself: small, plain, and the same at every door.

`MigrationStatus` is the answer of the workflow's `status` query, the body of `GET /migrations/{id}`, and what the
terminal draws. Waits are added at the door from the activities' heartbeats, so that they are a second old at most and
cost no history.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from migration.concern import Concern
from migration.frozen_model import FrozenModel
from migration.phase import TABLE, PhaseName, row


class State(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    AWAITING_APPROVAL = "AwaitingApproval"
    PAUSED = "Paused"
    NEEDS_ATTENTION = "NeedsAttention"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    COMPLETED = "Completed"
    FAILED = "Failed"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in {State.ROLLED_BACK, State.COMPLETED, State.FAILED}


class Waiting(FrozenModel):
    """What is waited for, on which objects, since when, for how long at most, and what would unblock it.

    Attributes:
        objects: at most ten, each with what it lacks; `more` counts the others.
        done, total: progress of the wait, where it can be counted.
        at_most: None if it lasts until somebody mends what it waits for.
    """

    what: str
    objects: list[str] = []
    more: int = 0
    done: int = 0
    total: int = 0
    since: AwareDatetime
    at_most: timedelta | None
    unblock: str
    note: str = ""

    @classmethod
    def on(
        cls,
        what: str,
        objects: list[str],
        *,
        since: datetime,
        at_most: timedelta,
        unblock: str,
        done: int = 0,
        total: int = 0,
        note: str = "",
    ) -> "Waiting":
        """A wait that names its first ten objects and counts the rest."""
        return cls(
            what=what,
            objects=objects[:10],
            more=max(0, len(objects) - 10),
            since=since,
            at_most=at_most,
            unblock=unblock,
            done=done,
            total=total,
            note=note,
        )


class PhaseState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    UNDOING = "Undoing"
    UNDONE = "Undone"

    @property
    def mark(self) -> str:
        """The glyph that stands for it in every table of phases."""
        return _MARKS[self]


_MARKS = {
    PhaseState.PENDING: "·",
    PhaseState.RUNNING: "▶",
    PhaseState.COMPLETED: "✔",
    PhaseState.FAILED: "✖",
    PhaseState.SKIPPED: "⤼",
    PhaseState.UNDOING: "◀",
    PhaseState.UNDONE: "↩",
}


class PhaseRecord(FrozenModel):
    """How one phase went; `evidence` is what was observed that proves it done."""

    phase: PhaseName
    state: PhaseState = PhaseState.PENDING
    attempts: int = 0
    started: AwareDatetime | None = None
    completed: AwareDatetime | None = None
    message: str = ""
    evidence: list[str] = []


class Attention(FrozenModel):
    """Why a person is needed: what failed, what it said, and what can be done now.

    Attributes:
        skip: what happens on `skip`, where it is something else than leaving the phase out.
    """

    phase: PhaseName
    since: AwareDatetime
    diagnosis: str
    remedy: str
    choices: list[str]
    skip: str = ""


class Gate(FrozenModel):
    """What waits for a decision: it has no expiry, and nothing but a decision opens it.

    Attributes:
        asks: one sentence.
        blast_radius: what the phase touches.
        duration: what is usual, in words.
        approve, reject: what each does.
        way_back: what was read of the source just now, before a step that cannot be undone without it.
    """

    phase: PhaseName
    since: AwareDatetime
    asks: str
    blast_radius: list[str]
    duration: str
    approve: str
    reject: str
    rollback_readiness: str = ""


class Compensation(FrozenModel):
    """One step that a rollback would take, recorded before its phase acted; the last one recorded is undone first."""

    phase: PhaseName
    undo: str


GRANTED = "granted"


class Decision(FrozenModel):
    """One thing a person said, and what came of it.

    Attributes:
        verb: what was said; of a signal that nobody knows, its name.
        outcome: `granted`, or `refused: ` and why.
    """

    at: AwareDatetime
    verb: str
    phase: PhaseName
    by: str = ""
    reason: str = ""
    channel: str = ""
    outcome: str = GRANTED


class BackupReference(FrozenModel):
    """One stored before-image: of what, in which Secret, and the checksum it was read back with."""

    kind: str
    namespace: str = ""
    name: str
    secret_namespace: str
    secret: str
    sha256: str


def listed(names: Iterable[str]) -> str:
    """The names in order, separated by commas; `none` where there are none."""
    return ", ".join(sorted(names)) or "none"


class Claim(FrozenModel):
    """One sentence of the final report, whether it holds, and what was read to say so."""

    claim: str
    holds: bool
    read: str


class MachineView(FrozenModel):
    """One machine as the live view shows it."""

    name: str
    role: str
    server: str
    phase: str
    ready: bool
    note: str = ""


class MigrationStatus(FrozenModel):
    """Everything a person asks first.

    Attributes:
        requested_by: who asked for it, where somebody said so.
        separate_approver: whether somebody else must approve.
        signed: whether what lets it go forward must be signed by the service's doors.
    """

    id: str
    cluster: str
    state: State
    phase: PhaseName
    progress: int = Field(ge=0, le=100)
    message: str
    started: AwareDatetime
    completed: AwareDatetime | None = None
    requested_by: str = ""
    separate_approver: bool = False
    signed: bool = False
    source: str = ""
    targets: list[str] = []
    phases: list[PhaseRecord]
    waiting: list[Waiting] = []
    nodes: list[MachineView] = []
    attention: Attention | None = None
    gate: Gate | None = None
    compensations: list[Compensation] = []
    point_of_no_return: str = ""
    decisions: list[Decision] = []
    concerns: list[Concern] = []
    backups: list[BackupReference] = []
    report: list[Claim] = []


def progress(records: list[PhaseRecord]) -> int:
    """Per cent done by the phases' weights; a running phase counts for half of itself."""
    shares = {PhaseState.COMPLETED: 1.0, PhaseState.SKIPPED: 1.0, PhaseState.RUNNING: 0.5, PhaseState.UNDOING: 0.5}
    done = sum(row(each.phase).weight * shares.get(each.state, 0.0) for each in records)
    return min(100, round(100 * done / sum(each.weight for each in TABLE)))


class MigrationSummary(FrozenModel):
    """What Temporal's search attributes alone can tell, without asking a worker."""

    id: str
    cluster: str
    state: State
    phase: PhaseName
    needs_human: bool
    started: AwareDatetime
    completed: AwareDatetime | None = None
