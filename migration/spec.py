"""What a person asks for: the spec of a `VmwareCloudFoundationMigration`, which is also the body of a REST request.

A superset of the official operator's spec and of the original controller's. Rules that the API server could judge by
schema are field constraints; rules over several fields are in `migration.spec_rules`, so that all problems of a spec
are reported at once.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from migration.failure_domain import FailureDomain, Name
from migration.phase import PhaseName
from migration.value import Value


class DesiredState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    PAUSED = "Paused"
    ROLLBACK = "Rollback"


class ApprovalMode(StrEnum):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class SecretReference(Value):
    """Where a Secret is; its content never travels. An omitted namespace means the migration's own."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    namespace: Annotated[str, Field(max_length=63)] | None = None


class TargetVCenter(Value):
    """What a failure domain cannot say of its vCenter: the port of its API."""

    server: Annotated[str, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65535)] = 443


class MachineSetConfig(Value):
    """Overrides for the new workers; omitted: the old total, spread evenly over all failure domains."""

    replicas: Annotated[int, Field(ge=1)] | None = None
    failure_domain: Name | None = None


class ControlPlaneMachineSetConfig(Value):
    """Overrides for the control plane; omitted: all failure domains."""

    failure_domain: Name | None = None


class Approval(Value):
    """A decision written into the custom resource; the list is append-only."""

    phase: str
    by: str
    reason: str = ""


class MigrationSpec(Value):
    """One migration as its owner wants it.

    Attributes:
        gates: phases that wait for approval before they begin; instead of `approval_mode`, where given.
    """

    state: DesiredState = DesiredState.PENDING
    approval_mode: ApprovalMode = ApprovalMode.AUTOMATIC
    target_vcenter_credentials_secret: Annotated[SecretReference, Field(alias="targetVCenterCredentialsSecret")]
    target_vcenters: Annotated[list[TargetVCenter], Field(alias="targetVCenters", max_length=3)] = []
    failure_domains: Annotated[list[FailureDomain], Field(min_length=1)]
    machine_set_config: MachineSetConfig | None = None
    control_plane_machine_set_config: ControlPlaneMachineSetConfig | None = None
    rollback_on_failure: bool = True
    gates: list[PhaseName] = []
    approvals: list[Approval] = []

    def port_of(self, server: str) -> int:
        """The API port of one of the target vCenters (443 unless `targetVCenters` says otherwise)."""
        return next((each.port for each in self.target_vcenters if each.server == server), 443)
