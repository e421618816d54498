"""What preflight read of both sides: the one input of its evaluation.

Reading and judging are kept apart so that every rule can be tested with a table of values, and so that a support bundle
can carry the facts and the evaluation be repeated elsewhere. Kubernetes objects stand here as the API server sent them;
of vSphere, whose objects are live and large, only the answers to questions that some check asks. No field holds a
secret: credentials are tried, not carried, and the cloud config (old ones hold passwords) is represented by what was
wrong with it. With all Machines of a large cluster this is megabytes: evaluate it where it was read, send the concerns.
"""

from migration.frozen_model import FrozenModel, KubeObject
from migration.run.checkpoint import Checkpoint


class MissingObject(FrozenModel):
    """An inventory object of a failure domain that is not there."""

    kind: str
    path: str


class MissingPrivileges(FrozenModel):
    """Privileges that the account has not on one object (inventory path, or `/` for the root)."""

    object: str
    privileges: list[str]


class AttachedTag(FrozenModel):
    """A tag that the datacenter or the compute cluster of a failure domain carries already."""

    object: str
    category: str
    tag: str


class Template(FrozenModel):
    """The template of a failure domain; 0 where vCenter does not say."""

    hardware_version: int = 0
    disk_gib: float = 0


class VCenterFacts(FrozenModel):
    """One vCenter, source or target.

    Attributes:
        instance_uuid: `ServiceContent.about.instanceUuid`; the same vCenter has it under all its names.
        problem: why it could not be read (unreachable, certificate, credentials), in one sentence without secrets.
        unusable_categories: tag category → what of its shape does not fit.
    """

    server: str
    instance_uuid: str = ""
    problem: str = ""
    remedy: str = ""
    lacking: list[MissingPrivileges] = []
    unusable_categories: dict[str, list[str]] = {}


class DomainFacts(FrozenModel):
    """What a target vCenter answered about one failure domain; `free_gib` of its datastore, None where unread."""

    name: str
    missing: list[MissingObject] = []
    attached: list[AttachedTag] = []
    template: Template | None = None
    free_gib: float | None = None


class Facts(FrozenModel):
    """Everything preflight read.

    Attributes:
        control_plane_machine_set, csi_driver: None where the object (or its CRD) does not exist.
        health_checks, autoscalers: MachineHealthChecks; ClusterAutoscalers and MachineAutoscalers.
        persistent_volumes: all, or only those on vSphere.
        cloud_config_problem: message of the `CloudConfigError` raised by rehearsing the edits on the text as it stands
            (add every target, replace the source by the first failure domain); empty where they succeed.
        record, record_problem: the record of the cluster's last migration, or why there is one that cannot be read.
        vcenters: those in Infrastructure and the targets, each server once.
        failure_domains: one for each of the spec's that could be asked about.
    """

    infrastructure: KubeObject
    cluster_version: KubeObject = {}
    feature_gate: KubeObject = {}
    cluster_operators: list[KubeObject] = []
    machine_sets: list[KubeObject] = []
    machines: list[KubeObject] = []
    nodes: list[KubeObject] = []
    control_plane_machine_set: KubeObject | None = None
    health_checks: list[KubeObject] = []
    autoscalers: list[KubeObject] = []
    persistent_volumes: list[KubeObject] = []
    csi_driver: KubeObject | None = None
    cloud_config_problem: str = ""
    record: Checkpoint | None = None
    record_problem: str = ""
    vcenters: list[VCenterFacts] = []
    failure_domains: list[DomainFacts] = []
