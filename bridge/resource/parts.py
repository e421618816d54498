"""Parts of the custom resource's status: conditions, history, backup manifests, preflight result, refusals.

Names are the original controller's where it had them. The CustomResourceDefinition is generated from these models
(`bridge.crd.definition`), bounds included; `cut` keeps texts within them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PlainSerializer

from migration.frozen_model import FrozenModel
from migration.phase import PhaseName
from migration.run.status import PhaseState

MESSAGE, LOG = 1024, 512
LOGS, MANIFESTS, CONCERNS, REFUSALS = 10, 64, 20, 8


def _seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


Text = Annotated[str, Field(max_length=MESSAGE)]
Line = Annotated[str, Field(max_length=LOG)]
Name = Annotated[str, Field(max_length=253)]
Moment = Annotated[AwareDatetime, PlainSerializer(_seconds, return_type=str)]
"""UTC and whole seconds, as Kubernetes writes time."""


class Described(FrozenModel, use_attribute_docstrings=True, extra="ignore"):
    """A part of the status; unknown fields, written by another version, are ignored."""


class Condition(Described):
    """A condition, as Kubernetes defines it."""

    type: Annotated[str, Field(max_length=64)]
    """Type of the condition."""
    status: Literal["True", "False", "Unknown"]
    """Status of the condition: True, False or Unknown."""
    reason: Annotated[str, Field(max_length=64)]
    """Reason of the last transition, in CamelCase."""
    message: Text = ""
    """Human-readable details of the last transition."""
    observed_generation: int = 0
    """Generation of the resource that the condition was set for."""
    last_transition_time: Moment
    """Time at which `status` last changed."""


class LogLevel(StrEnum):
    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


class Component(StrEnum):
    DECISION = "decision"
    EVIDENCE = "evidence"
    FAILURE = "failure"


class LogLine(Described):
    """One log entry of a phase."""

    timestamp: Moment
    """Time of the entry."""
    level: LogLevel = LogLevel.INFO
    """Severity: Info, Warning or Error."""
    component: Component
    """Kind of entry: a person's decision, evidence that was observed, or a failure."""
    message: Line
    """Text of the entry."""


class HistoryEntry(Described):
    """Progress and result of one phase."""

    phase: PhaseName
    """Name of the phase."""
    status: PhaseState
    """State of the phase."""
    start_time: Moment | None = None
    """Time at which the phase first started."""
    completion_time: Moment | None = None
    """Time at which the phase was observed to be completed or undone."""
    message: Text = ""
    """Cause of a failure, or what is being undone."""
    logs: Annotated[list[LogLine], Field(max_length=LOGS)] = []
    """The latest decisions, evidence and failures of the phase; Temporal and the journal keep all of them."""


class CurrentPhaseState(Described):
    """The phase that runs now."""

    name: PhaseName
    """Name of the phase."""
    status: PhaseState
    """State of the phase."""
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    """Progress of the current wait in per cent, where it can be counted."""
    message: Text = ""
    """The current wait: for what, since when, for how long at most, and what would unblock it."""
    requires_approval: bool = False
    """Whether the phase waits for approval at its gate."""
    approved: bool = False
    """Whether the phase was approved."""
    start_time: Moment | None = None
    """Time at which the phase first started."""


class BackupManifest(Described):
    """Reference to a stored backup of one object, made before the migration changed anything."""

    resource_type: Name
    """Kind of the object."""
    name: Name
    """Name of the object."""
    namespace: Name = ""
    """Namespace of the object; empty for a cluster-scoped one."""
    secret: Annotated[str, Field(max_length=320)]
    """Secret that holds the backup under the key `document.json.gz`, as `namespace/name`."""
    checksum: Annotated[str, Field(max_length=80)]
    """`sha256:` and the digest of the document's JSON, verified by reading it back."""
    backup_time: Moment | None = None
    """Time at which the backup was stored."""


class ConcernSummary(Described):
    """One Critical concern of preflight, which blocks the migration."""

    id: Annotated[str, Field(max_length=80)]
    """Stable id of the concern."""
    assessment: Line
    """What was observed and its consequence."""
    remedy: Line = ""
    """The next step that resolves it."""


class PreflightSummary(Described):
    """Result of the last preflight, which is read-only."""

    observed_generation: int = 0
    """Generation of the resource that was evaluated."""
    time: Moment
    """Time of the evaluation."""
    critical: int = 0
    """Number of Critical concerns, which must be resolved before a migration can start."""
    warning: int = 0
    """Number of Warning concerns: risks that the owner may accept."""
    information: int = 0
    """Number of Information concerns: effects of the migration that the owner may not expect."""
    concerns: Annotated[list[ConcernSummary], Field(max_length=CONCERNS)] = []
    """The Critical concerns; `vcfm preflight -f` shows all concerns."""


class Refusal(Described):
    """A request of this resource that the migration refused; it is sent again only when phase or state changes."""

    subject: Annotated[str, Field(max_length=64)]
    """The refused request: `state: Rollback` or `approvals[2]`, for example."""
    during: Annotated[str, Field(max_length=64)] = ""
    """Phase and state of the migration when the request was refused."""
    message: Line
    """Reason of the refusal."""
    time: Moment
    """Time of the refusal."""


def cut(text: str, longest: int = MESSAGE) -> str:
    """The text as one line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
