"""What the custom resource's status is made of: conditions, history, manifests, a verdict, refusals.

Names are the original controller's where it had them. Bounds are those of the CustomResourceDefinition, which is
generated from here (`bridge.crd.definition`); `cut` keeps texts within them.
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
    """A part of the status; what an older or a newer version of us wrote into it is no reason to stumble."""


class Condition(Described):
    """One observation, as Kubernetes writes it."""

    type: Annotated[str, Field(max_length=64)]
    """What is observed."""
    status: Literal["True", "False", "Unknown"]
    """Whether it is so."""
    reason: Annotated[str, Field(max_length=64)]
    """Why, in one word."""
    message: Text = ""
    """Why, for people."""
    observed_generation: int = 0
    """Generation of the resource that this is about."""
    last_transition_time: Moment
    """When `status` became what it is."""


class LogLevel(StrEnum):
    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


class Component(StrEnum):
    DECISION = "decision"
    EVIDENCE = "evidence"
    FAILURE = "failure"


class LogLine(Described):
    """One thing that happened in a phase."""

    timestamp: Moment
    """When."""
    level: LogLevel = LogLevel.INFO
    """How grave it is."""
    component: Component
    """Of what kind it is: what a person decided, what was observed, why it failed."""
    message: Line
    """What happened."""


class HistoryEntry(Described):
    """How one phase went."""

    phase: PhaseName
    """The phase."""
    status: PhaseState
    """How it stands."""
    start_time: Moment | None = None
    """When it first began."""
    completion_time: Moment | None = None
    """When it was seen to be done, or undone."""
    message: Text = ""
    """Why it failed, or what is being undone."""
    logs: Annotated[list[LogLine], Field(max_length=LOGS)] = []
    """The last things that happened in it, decisions and evidence among them; Temporal and the journal keep all."""


class CurrentPhaseState(Described):
    """The phase that is going on."""

    name: PhaseName
    """The phase."""
    status: PhaseState
    """How it stands."""
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    """Per cent of what it waits for, where that can be counted."""
    message: Text = ""
    """What it waits for, since when, for how long at most, and what would unblock it."""
    requires_approval: bool = False
    """Whether it waits at its gate."""
    approved: bool = False
    """Whether somebody approved it."""
    start_time: Moment | None = None
    """When it first began."""


class BackupManifest(Described):
    """A stored before-image, by reference."""

    resource_type: Name
    """Kind of the object."""
    name: Name
    """Name of the object."""
    namespace: Name = ""
    """Namespace of the object; empty for a cluster-scoped one."""
    secret: Annotated[str, Field(max_length=320)]
    """Secret that holds it, as `namespace/name`: `document.json.gz`."""
    checksum: Annotated[str, Field(max_length=80)]
    """`sha256:` and the digest of the document's JSON, as it was read back."""
    backup_time: Moment | None = None
    """When it was stored."""


class ConcernSummary(Described):
    """One finding of preflight that stands in the way."""

    id: Annotated[str, Field(max_length=80)]
    """Its stable name."""
    assessment: Line
    """What was read."""
    remedy: Line = ""
    """What to do about it."""


class PreflightSummary(Described):
    """What preflight found, looking without changing anything."""

    observed_generation: int = 0
    """Generation of the resource that it looked at."""
    time: Moment
    """When it looked."""
    critical: int = 0
    """Concerns that must be gone before a migration may start."""
    warning: int = 0
    """Risks that the owner may take knowingly."""
    information: int = 0
    """What the migration does that the owner may not expect."""
    concerns: Annotated[list[ConcernSummary], Field(max_length=CONCERNS)] = []
    """The Critical ones; `vcfm preflight -f` shows all."""


class Refusal(Described):
    """Something the resource asks for that was refused; it is said once, and asked again only when things changed."""

    subject: Annotated[str, Field(max_length=64)]
    """`state: Rollback`, or `approvals[2]`."""
    during: Annotated[str, Field(max_length=64)] = ""
    """What was going on."""
    message: Line
    """Why it was refused."""
    time: Moment
    """When."""


def cut(text: str, longest: int = MESSAGE) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
