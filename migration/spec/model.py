"""The spec of a `VmwareCloudFoundationMigration`, which is also the `spec` of a REST request.

A superset of the official operator's spec and of the original controller's. The CustomResourceDefinition is generated
from these models (`bridge.crd.definition`): what the API server can validate by schema is a field constraint, and every
field is bounded. Rules over several fields are in `migration.spec.rules`, so that all problems of a spec are reported
at once. The docstring below a field is its description in `oc explain`.
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
    """Reference to a Secret; only the reference is passed on, never the content."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the Secret. It holds `<server>.username` and `<server>.password` for each target vCenter."""
    namespace: Annotated[str, Field(max_length=63)] | None = None
    """Namespace of the Secret. Default: the custom resource's namespace; by REST, the service's namespace."""


class TargetVCenter(FrozenModel, use_attribute_docstrings=True):
    """API port of a target vCenter, which a failure domain has no field for."""

    server: Annotated[str, Field(min_length=1, max_length=255)]
    """The vCenter, with the same spelling as in `failureDomains`."""
    port: Annotated[int, Field(ge=1, le=65535)] = 443
    """Port of the vCenter's API."""


class MachineSetConfig(FrozenModel, use_attribute_docstrings=True):
    """Overrides for the new workers. Default: the same total number, spread evenly over all failure domains."""

    replicas: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Number of new workers for each worker MachineSet of the source. Default: its number of replicas."""
    failure_domain: Name | None = None
    """Name of the failure domain for all new workers. Default: all failure domains are used."""


class ControlPlaneMachineSetConfig(FrozenModel, use_attribute_docstrings=True):
    """Overrides for the control plane. Default: all failure domains are used."""

    failure_domain: Name | None = None
    """Name of the failure domain for all control-plane machines. Default: all failure domains are used."""


class Answer(StrEnum):
    APPROVE = "Approve"
    REJECT = "Reject"
    RETRY = "Retry"
    SKIP = "Skip"


class Approval(FrozenModel, use_attribute_docstrings=True):
    """A person's decision on a phase that waits for approval or is parked."""

    phase: PhaseName
    """The phase that waits for approval at its gate, or that is parked (NeedsAttention)."""
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """Name of the person who decides."""
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    """Reason of the decision; it is recorded."""
    decision: Answer = Answer.APPROVE
    """Approve or Reject for a phase at its gate (Reject rolls everything back); Retry or Skip for a parked phase."""


class MigrationSpec(FrozenModel, use_attribute_docstrings=True):
    """Desired state of the migration. Once it has started, only `state` and `approvals` can be changed."""

    state: DesiredState = DesiredState.PENDING
    """Pending runs preflight only; Running starts or resumes the migration; Paused stops it at the next safe point;
    Rollback undoes everything."""
    approval_mode: ApprovalMode = ApprovalMode.AUTOMATIC
    """Manual waits for approval before every phase that changes something; Automatic never waits."""
    target_vcenter_credentials_secret: Annotated[SecretReference, Field(alias="targetVCenterCredentialsSecret")]
    """The Secret with the credentials of the target vCenters."""
    target_vcenters: Annotated[list[TargetVCenter], Field(alias="targetVCenters", max_length=3)] = []
    """Target vCenters whose API listens on a port other than 443."""
    failure_domains: Annotated[list[FailureDomain], Field(min_length=1, max_length=32)]
    """Target failure domains, in the format of OpenShift's Infrastructure (`failureDomains` of platform vSphere)."""
    machine_set_config: MachineSetConfig | None = None
    """Overrides for the new workers. Default: the same total number, spread evenly over all failure domains."""
    control_plane_machine_set_config: ControlPlaneMachineSetConfig | None = None
    """Overrides for the control plane. Default: all failure domains are used."""
    rollback_on_failure: bool = True
    """Whether a permanent error before the point of no return starts a rollback. Outages, wait timeouts and refused
    credentials never do."""
    gates: Annotated[list[PhaseName], Field(max_length=len(PhaseName))] = []
    """Phases that wait for approval before they start; overrides `approvalMode`."""
    approvals: Annotated[list[Approval], Field(max_length=64)] = []
    """Decisions on phases that wait for approval or are parked; append-only, each entry is sent once."""

    def port_of(self, server: str) -> int:
        """The API port of one of the target vCenters (443 unless `targetVCenters` says otherwise)."""
        return next((each.port for each in self.target_vcenters if each.server == server), 443)


class ResourceSpec(MigrationSpec, use_attribute_docstrings=True):
    """Desired state of the migration. Once it has started, only `state` and `approvals` can be changed."""

    requested_by: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    """Name of the person who requests the migration; it is recorded, and required where another person must approve.
    By REST, this field is beside the spec."""
