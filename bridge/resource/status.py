"""The status of the custom resource: small, bounded, and nothing that could not be told again.

Everything in it follows from the spec, from what Temporal says of the migration, and from what the bridge has passed on
(`observedState`, `observedApprovals`, `refusals`): a bridge that was away reads here where it was.
"""

from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from bridge.resource.conditions import KNOWN
from bridge.resource.parts import (
    MANIFESTS,
    REFUSALS,
    BackupManifest,
    Condition,
    CurrentPhaseState,
    Described,
    HistoryEntry,
    Moment,
    Name,
    PreflightSummary,
    Refusal,
    Text,
)
from migration.frozen_model import KubeObject
from migration.phase import PhaseName
from migration.run.status import State
from migration.spec.model import DesiredState

_KEPT = (
    "migration",
    "run",
    "startTime",
    "startedGeneration",
    "completionTime",
    "observedGeneration",
    "observedApprovals",
)

_RUN = {"startTime", "completionTime", "phase", "phaseHistory", "currentPhaseState", "backupManifests"}


def foreign(document: KubeObject) -> bool:
    """Whether another controller tells here of a run of its own, as the official operator and the original one do."""
    return not {"migration", "run"} & document.keys() and bool(_RUN & document.keys())


class ResourceStatus(Described):
    """How the migration stands, as far as the resource tells it; `vcfm status` and Temporal tell the rest."""

    observed_generation: int = 0
    """Generation of the resource that this status is about."""
    observed_state: DesiredState | None = None
    """The `spec.state` that was passed on to the migration last."""
    observed_approvals: int = 0
    """How many of `spec.approvals` were passed on."""
    migration: Name = ""
    """Id of the migration: for `vcfm status`, REST and Temporal."""
    run: Annotated[str, Field(max_length=64)] = ""
    """Temporal's id of its run."""
    state: State = State.PENDING
    """What is going on, in one word."""
    phase: PhaseName | None = None
    """The phase that it is in."""
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    """Per cent done."""
    message: Text = ""
    """What is going on, in one sentence."""
    needs_person: Text = ""
    """What a person has to do before it goes on; empty while nobody has to."""
    source: Name = ""
    """The vCenter that the cluster leaves."""
    targets: Annotated[list[Name], Field(max_length=3)] = []
    """The vCenters that it moves to."""
    start_time: Moment | None = None
    """When the resource was first asked to run; from then on its spec is frozen."""
    started_generation: int = 0
    """Generation of the resource that was asked to run: it tells this run from a later one."""
    completion_time: Moment | None = None
    """When the migration ended, however it ended."""
    conditions: Annotated[list[Condition], Field(max_length=32)] = []
    """What is observed: Succeeded, Progressing and their like, and those of the official operator."""
    current_phase_state: CurrentPhaseState | None = None
    """The phase that is going on."""
    phase_history: Annotated[list[HistoryEntry], Field(max_length=len(PhaseName))] = []
    """Every phase that began, in order."""
    backup_manifests: Annotated[list[BackupManifest], Field(max_length=MANIFESTS)] = []
    """The before-images that a rollback restores from."""
    preflight: PreflightSummary | None = None
    """What preflight found."""
    refusals: Annotated[list[Refusal], Field(max_length=REFUSALS)] = []
    """What the resource asks for and was refused."""

    @classmethod
    def read(cls, document: Any) -> Self:
        """The status as it stands; of one that another version of us wrote, at least what must not be forgotten.

        Nothing of one that another controller wrote: its start is no claim of ours.
        """
        found = dict(document or {})
        if foreign(found):
            return cls()
        try:
            return cls.exactly(found)
        except ValidationError:
            return cls.model_validate({key: found[key] for key in _KEPT if key in found})

    @classmethod
    def exactly(cls, document: KubeObject) -> Self:
        """The status as it stands, in the order in which we tell it: merged lists come back in any.

        Conditions of other types are their writers'.

        Raises:
            pydantic.ValidationError: it is none of ours, or not within its bounds.
        """
        ours = [each for each in document.get("conditions", []) if each.get("type") in KNOWN]
        return cls.model_validate(
            document
            | {
                "conditions": sorted(ours, key=lambda each: KNOWN.index(each["type"])),
                "refusals": sorted(document.get("refusals", []), key=lambda each: str(each.get("subject"))),
            }
        )

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((each for each in self.conditions if each.type == kind), None)

    @property
    def ended(self) -> bool:
        """Whether the migration has ended."""
        return self.completion_time is not None

    @property
    def restored(self) -> bool:
        """Whether it has ended and left the cluster as it was: rolled back, or refused before anything was changed."""
        refused = self.state is State.FAILED and self.phase is PhaseName.PREFLIGHT
        return self.ended and (refused or self.state is State.ROLLED_BACK)
