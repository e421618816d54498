"""What a person asks for: the spec of a `VmwareCloudFoundationMigration`, which is also the body of a REST request.

A superset of the official operator's spec and of the original controller's. Rules that the API server could judge by
schema are field constraints, and bound everything, since the CustomResourceDefinition is generated from here
(`bridge.crd.definition`); rules over several fields are in `migration.spec.rules`, so that all problems of a spec are
reported at once. What stands below a field is what `oc explain` says of it.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from migration.commands import LONGEST_NAME, LONGEST_REASON
from migration.frozen_model import FrozenModel
from migration.phase import PhaseName
from migration.spec.failure_domain import FailureDomain, Name


class DesiredState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    PAUSED = "Paused"
    ROLLBACK = "Rollback"


class ApprovalMode(StrEnum):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class SecretReference(FrozenModel, use_attribute_docstrings=True):
    """Where a Secret is; its content never travels."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the Secret. It holds `<server>.username` and `<server>.password` for each target vCenter."""
    namespace: Annotated[str, Field(max_length=63)] | None = None
    """Namespace of the Secret; left out: the custom resource's own, by REST the service's."""


class TargetVCenter(FrozenModel, use_attribute_docstrings=True):
    """What a failure domain cannot say of its vCenter: the port of its API."""

    server: Annotated[str, Field(min_length=1, max_length=255)]
    """The vCenter, spelled as in the failure domains."""
    port: Annotated[int, Field(ge=1, le=65535)] = 443
    """Port of its API."""


class MachineSetConfig(FrozenModel, use_attribute_docstrings=True):
    """Overrides for the new workers; left out: the old total, spread evenly over all failure domains."""

    replicas: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Workers to make for each worker MachineSet of the source; left out: as many as it has."""
    failure_domain: Name | None = None
    """Name of the one failure domain that takes all new workers; left out: all failure domains."""


class ControlPlaneMachineSetConfig(FrozenModel, use_attribute_docstrings=True):
    """Overrides for the control plane; left out: all failure domains."""

    failure_domain: Name | None = None
    """Name of the one failure domain that takes the whole control plane; left out: all failure domains."""


class Answer(StrEnum):
    APPROVE = "Approve"
    REJECT = "Reject"
    RETRY = "Retry"
    SKIP = "Skip"


class Approval(FrozenModel, use_attribute_docstrings=True):
    """A person's answer to what a migration waits for, written into the custom resource."""

    phase: PhaseName
    """The phase that waits at its gate, or that is parked."""
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """Who answers."""
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    """Why, for the record."""
    decision: Answer = Answer.APPROVE
    """Approve or Reject a phase that waits at its gate (Reject rolls everything back); Retry or Skip a parked one."""


class MigrationSpec(FrozenModel, use_attribute_docstrings=True):
    """One migration as its owner wants it. Once it has started, only `state` and `approvals` can be changed."""

    state: DesiredState = DesiredState.PENDING
    """Pending looks and starts nothing, Running starts or resumes, Paused stops at the next safe point, Rollback undoes
    everything."""
    approval_mode: ApprovalMode = ApprovalMode.AUTOMATIC
    """Manual asks before every phase that changes something."""
    target_vcenter_credentials_secret: Annotated[SecretReference, Field(alias="targetVCenterCredentialsSecret")]
    """The Secret with the credentials of the target vCenters."""
    target_vcenters: Annotated[list[TargetVCenter], Field(alias="targetVCenters", max_length=3)] = []
    """Target vCenters whose API listens on another port than 443."""
    failure_domains: Annotated[list[FailureDomain], Field(min_length=1, max_length=32)]
    """Where the cluster moves to: failure domains as OpenShift's Infrastructure spells them."""
    machine_set_config: MachineSetConfig | None = None
    """Overrides for the new workers; left out: the old total, spread evenly over all failure domains."""
    control_plane_machine_set_config: ControlPlaneMachineSetConfig | None = None
    """Overrides for the control plane; left out: all failure domains."""
    rollback_on_failure: bool = True
    """Whether a phase that is refused for good rolls everything back by itself, as long as there is a way back; an
    outage, a wait that lasted too long and a refused account never do."""
    gates: Annotated[list[PhaseName], Field(max_length=len(PhaseName))] = []
    """Phases that wait for approval before they begin; where given, instead of `approvalMode`."""
    approvals: Annotated[list[Approval], Field(max_length=64)] = []
    """Answers to what the migration waits for, each heard once when it is written; can only be added to."""

    def port_of(self, server: str) -> int:
        """The API port of one of the target vCenters (443 unless `targetVCenters` says otherwise)."""
        return next((each.port for each in self.target_vcenters if each.server == server), 443)


class ResourceSpec(MigrationSpec, use_attribute_docstrings=True):
    """One migration as its owner wants it. Once it has started, only `state` and `approvals` can be changed."""

    requested_by: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    """Who asks for it, for the record; needed where another person must approve. By REST it stands beside the spec."""
