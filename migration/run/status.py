"""The status of a migration, the same for every client.

`MigrationStatus` is the answer of the workflow's `status` query, the body of `GET /migrations/{id}`, and the input of
`vcfm status`. The client adds current waits from the activities' heartbeats: they are at most a second old and add no
history events.
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
        """Whether the state is final: the migration has ended."""
        return self in {State.ROLLED_BACK, State.COMPLETED, State.FAILED}


class Waiting(FrozenModel):
    """A current wait: for what, on which objects, since when, for how long at most, and what would unblock it.

    Attributes:
        objects: at most ten, each with its unmet condition; `more` is the number of others.
        done, total: progress of the wait, where it can be counted.
        at_most: the timeout; None if the wait lasts until the cause is fixed.
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
    """Progress and result of one phase; `evidence` is what was observed and proves that the phase is done."""

    phase: PhaseName
    state: PhaseState = PhaseState.PENDING
    attempts: int = 0
    started: AwareDatetime | None = None
    completed: AwareDatetime | None = None
    message: str = ""
    evidence: list[str] = []


class Attention(FrozenModel):
    """A parked phase that needs a person: the failure, the next step, and the verbs to choose from.

    Attributes:
        diagnosis: what failed and why.
        remedy: the next step a person can take.
        choices: the verbs that are accepted now.
        skip: the effect of `skip`, where it differs from skipping the phase.
    """

    phase: PhaseName
    since: AwareDatetime
    diagnosis: str
    remedy: str
    choices: list[str]
    skip: str = ""


class Gate(FrozenModel):
    """A phase that waits for approval, without a timeout.

    Attributes:
        asks: what the phase would do, in one sentence.
        blast_radius: the objects that the phase changes.
        duration: the usual duration, in words.
        approve, reject: the effect of each decision.
        rollback_readiness: what was read of the source just now, before a step that cannot be undone without it.
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
    """One step of a rollback, recorded before its phase acts; the last recorded step is undone first."""

    phase: PhaseName
    undo: str


GRANTED = "granted"


class Decision(FrozenModel):
    """One command of a person, and its outcome.

    Attributes:
        verb: the verb; for an unknown signal, its name.
        outcome: `granted`, or `refused: ` and the reason.
    """

    at: AwareDatetime
    verb: str
    phase: PhaseName
    by: str = ""
    reason: str = ""
    channel: str = ""
    outcome: str = GRANTED


class BackupReference(FrozenModel):
    """Reference to one stored before-image: the object, the Secret, and the checksum verified by reading it back."""

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
    """One claim of the verification report, whether it holds, and what was read to check it."""

    claim: str
    holds: bool
    read: str


class MachineView(FrozenModel):
    """One machine in the status."""

    name: str
    role: str
    server: str
    phase: str
    ready: bool
    note: str = ""


class MigrationStatus(FrozenModel):
    """The status of one migration.

    Attributes:
        progress: in per cent.
        requested_by: who requested it; empty if unknown.
        separate_approver: whether a person other than the requester must approve.
        signed: whether approve, resume, retry and skip must be signed by the service's clients.
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
    """Progress in per cent by the weights of the phases; a running phase counts as half done."""
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
