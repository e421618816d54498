"""The plan: what preflight read once and pinned, so that no later step derives it from the world's changing order.

"The source" is a name in here, never a position in a list: after the target has been added, and again after the source
has been removed, the first vCenter of Infrastructure is another one.
"""

from typing import Literal

from pydantic import Field, field_validator

from migration.capacity import DatastoreDisks
from migration.frozen_model import FrozenModel
from migration.spec.failure_domain import FailureDomain


class SecretAddress(FrozenModel):
    """A Secret, by reference; its content is read where it is used, when it is used.

    Attributes:
        before_image: the Secret holds the before-image of the one that is meant.
    """

    namespace: str
    name: str
    before_image: bool = False


class VCenterReference(FrozenModel):
    """How to reach one vCenter: address by value, credentials by reference.

    Attributes:
        credentials: the Secret that holds `<server>.username` and `<server>.password`.
    """

    cluster: str
    server: str
    port: int = 443
    credentials: SecretAddress


class VCenterPlan(FrozenModel):
    """One vCenter as Infrastructure lists it (or will)."""

    reference: VCenterReference
    datacenters: list[str]

    @property
    def server(self) -> str:
        """The server, byte-identical to Infrastructure's, the cloud config's and the Secret's keys."""
        return self.reference.server


class SourceSet(FrozenModel):
    """A MachineSet of the source with the replicas it had when the plan was pinned."""

    name: str
    replicas: int = Field(ge=0)


class NewSet(FrozenModel):
    """A MachineSet to make on the target, patterned on one of the source."""

    name: str
    pattern: str
    failure_domain: str
    replicas: int = Field(ge=0)


class VirtualMachineName(FrozenModel):
    """A machine's VM: Machine API names it like the Machine and gives it the Machine's uid as instance UUID."""

    name: str
    instance_uuid: str
    node: str = ""


class ControlPlanePlan(FrozenModel):
    """The ControlPlaneMachineSet before and after."""

    replicas: int
    state: Literal["Active", "Inactive"]
    source_failure_domains: list[str]
    target_failure_domains: list[str]
    machines: list[str]


class ObjectName(FrozenModel):
    """A namespaced object and its uid at the time it was read."""

    namespace: str = ""
    name: str
    uid: str = ""


class Quiesced(FrozenModel):
    """What would fight the migration, as it was found.

    Attributes:
        health_checks: MachineHealthChecks that were not paused (paused ones are left alone, now and later).
        autoscalers: MachineAutoscalers over source MachineSets.
    """

    health_checks: list[ObjectName] = []
    autoscalers: list[ObjectName] = []


class Plan(FrozenModel):
    """Everything later phases need to know that preflight alone may decide.

    Attributes:
        migration: the workflow's id.
        run: Temporal's run id.
    """

    migration: str
    run: str
    cluster: str
    infrastructure_name: str
    cluster_id: str
    version: str
    api_server: str
    namespace: str
    strategy: Literal["Day2"]
    source: VCenterPlan
    source_failure_domains: list[str]
    known_servers: list[str] = Field(default=[], description="the vCenters of Infrastructure before anything was done")
    targets: list[VCenterPlan]
    failure_domains: list[FailureDomain]
    source_sets: list[SourceSet]
    new_sets: list[NewSet]
    source_vms: list[VirtualMachineName]
    source_disks: list[DatastoreDisks] = Field(default=[], description="the machines' disks on the source")
    control_plane: ControlPlanePlan
    quiesced: Quiesced
    cloud_config: str = Field(description="name of the ConfigMap in openshift-config that Infrastructure refers to")
    cloud_config_key: str

    @field_validator("source_disks", mode="before")
    @classmethod
    def _by_path(cls, disks: object) -> object:
        """In histories and records that exist already, the disks are GiB by inventory path."""
        if not isinstance(disks, dict):
            return disks
        return [
            DatastoreDisks(datacenter=path.partition("/datastore/")[0], datastore=path, gib=gib)
            for path, gib in disks.items()
        ]

    @property
    def key(self) -> str:
        """Tells this run's before-images from those of an earlier migration of the same cluster."""
        return f"{self.migration}/{self.run}"

    def known_as(self, cluster: str) -> "Plan":
        """The same plan for a service that calls the cluster something else in its configuration."""

        def moved(vcenter: VCenterPlan) -> VCenterPlan:
            return vcenter.model_copy(update={"reference": vcenter.reference.model_copy(update={"cluster": cluster})})

        return self.model_copy(
            update={"cluster": cluster, "source": moved(self.source), "targets": [moved(each) for each in self.targets]}
        )

    def failure_domain(self, name: str) -> FailureDomain:
        """The target failure domain of that name."""
        return next(each for each in self.failure_domains if each.name == name)

    def target(self, server: str) -> VCenterPlan:
        """The target vCenter of that name."""
        return next(each for each in self.targets if each.server == server)

    def domains_on(self, server: str) -> list[FailureDomain]:
        """The target failure domains that live on that vCenter."""
        return [each for each in self.failure_domains if each.server == server]

    @property
    def worker_prefixes(self) -> list[str]:
        """How the new MachineSets' Machines, nodes and VMs are called, up to what Machine API chooses."""
        return [f"{each.name}-" for each in self.new_sets]

    @property
    def master_prefix(self) -> str:
        """How a ControlPlaneMachineSet's Machines, nodes and VMs are called, old and new, up to what it chooses."""
        return f"{self.infrastructure_name}-master-"

    @property
    def added_servers(self) -> list[str]:
        """The targets that the cluster did not know before: what a rollback takes out of its configuration."""
        return [each for each in self.target_servers if each not in self.known_servers]

    @property
    def target_servers(self) -> list[str]:
        """The targets' servers, in the spec's order."""
        return [each.server for each in self.targets]
