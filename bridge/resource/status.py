"""The status of the custom resource: small, bounded, and reconstructible.

It is derived from the spec, from the migration's status in Temporal, and from what the bridge has sent to the migration
(`observedState`, `observedApprovals`, `refusals`): a restarted bridge reads here where to continue.
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
    """Whether another controller wrote this status, such as the official operator or the original controller."""
    return not {"migration", "run"} & document.keys() and bool(_RUN & document.keys())


class ResourceStatus(Described):
    """Observed state of the migration, in short; `vcfm status` and Temporal show all of it."""

    observed_generation: int = 0
    """Generation of the resource that this status was computed for."""
    observed_state: DesiredState | None = None
    """The last `spec.state` that was sent to the migration."""
    observed_approvals: int = 0
    """Number of entries of `spec.approvals` that were sent to the migration."""
    migration: Name = ""
    """Id of the migration in `vcfm`, REST and Temporal (the workflow id)."""
    run: Annotated[str, Field(max_length=64)] = ""
    """Temporal's run id of the workflow."""
    state: State = State.PENDING
    """State of the migration."""
    phase: PhaseName | None = None
    """Current phase."""
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    """Progress of the migration in per cent."""
    message: Text = ""
    """Current step or result, in one sentence."""
    needs_person: Text = ""
    """What a person must do before the migration continues; empty when nothing is needed."""
    source: Name = ""
    """The source vCenter."""
    targets: Annotated[list[Name], Field(max_length=3)] = []
    """The target vCenters."""
    start_time: Moment | None = None
    """Time at which `spec.state` first became Running; from then on the spec is frozen."""
    started_generation: int = 0
    """Generation of the resource for which the run was started; distinguishes this run from a later one."""
    completion_time: Moment | None = None
    """Time at which the migration ended, with any result."""
    conditions: Annotated[list[Condition], Field(max_length=32)] = []
    """Conditions: Succeeded, Progressing and others of this service, and those of the official operator."""
    current_phase_state: CurrentPhaseState | None = None
    """Details of the phase that runs now."""
    phase_history: Annotated[list[HistoryEntry], Field(max_length=len(PhaseName))] = []
    """Every phase that has started, in order."""
    backup_manifests: Annotated[list[BackupManifest], Field(max_length=MANIFESTS)] = []
    """References to the backups from which a rollback restores."""
    preflight: PreflightSummary | None = None
    """Result of the last preflight."""
    refusals: Annotated[list[Refusal], Field(max_length=REFUSALS)] = []
    """Requests of this resource that the migration refused."""

    @classmethod
    def read(cls, document: Any) -> Self:
        """Parse a status; of one that does not validate (another version wrote it), only the fields in `_KEPT`.

        A status of another controller is read as empty, since its start time is no claim of this service.
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
        """Parse a status, with its merged lists in a fixed order; conditions of unknown types are left out.

        Raises:
            pydantic.ValidationError: another version or controller wrote it, or it exceeds its bounds.
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
        """Whether it has ended with the cluster unchanged: rolled back, or stopped by preflight."""
        refused = self.state is State.FAILED and self.phase is PhaseName.PREFLIGHT
        return self.ended and (refused or self.state is State.ROLLED_BACK)
