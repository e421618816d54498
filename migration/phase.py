"""The phase table: names and order are contract (they are in custom resources, histories and people's runbooks).

What each phase *does* is in `workflows/phases/`, one module each. Here is only what everybody must agree on: its name,
what a person reads while it runs, and what proves it done. The proof is always observed, never remembered.
"""

from enum import StrEnum

from migration.value import Value


class PhaseName(StrEnum):
    PREFLIGHT = "preflight"
    BACKUP = "backup"
    DISABLE_CVO = "disable_cvo"
    UPDATE_SECRETS = "update_secrets"
    CREATE_TAGS = "create_tags"
    CREATE_FOLDER = "create_folder"
    UPDATE_INFRASTRUCTURE = "update_infrastructure"
    UPDATE_CONFIG = "update_config"
    RESTART_PODS = "restart_pods"
    MONITOR_HEALTH = "monitor_health"
    CREATE_WORKERS = "create_workers"
    RECREATE_CPMS = "recreate_cpms"
    SCALE_OLD = "scale_old"
    CLEANUP = "cleanup"
    VERIFY = "verify"


class Phase(Value):
    """One row of the table.

    Attributes:
        title: what a person reads while it runs.
        proof: what is observed before it counts as done.
        weight: share of the overall progress, in per cent; from what a real migration spends its hours on.
    """

    name: PhaseName
    title: str
    proof: str
    weight: int


TABLE: tuple[Phase, ...] = (
    Phase(
        name=PhaseName.PREFLIGHT,
        title="Read everything on both sides and pin the plan",
        proof="no Critical concern",
        weight=2,
    ),
    Phase(
        name=PhaseName.BACKUP,
        title="Store before-images of everything a phase will touch",
        proof="every before-image read back, checksum equal",
        weight=1,
    ),
    Phase(
        name=PhaseName.DISABLE_CVO,
        title="Quiesce what would fight the migration",
        proof="MachineHealthChecks paused, autoscalers set aside",
        weight=1,
    ),
    Phase(
        name=PhaseName.UPDATE_SECRETS,
        title="Add the target's credentials to the cluster",
        proof="every component's copy carries them",
        weight=2,
    ),
    Phase(
        name=PhaseName.CREATE_TAGS,
        title="Create and attach region, zone and ownership tags",
        proof="tags and attachments read back from vCenter",
        weight=1,
    ),
    Phase(
        name=PhaseName.CREATE_FOLDER,
        title="Create the VM folder on the target",
        proof="the path resolves and carries the ownership tag",
        weight=1,
    ),
    Phase(
        name=PhaseName.UPDATE_INFRASTRUCTURE,
        title="Teach Infrastructure the target vCenter and its failure domains",
        proof="both vCenters are listed, the source's fields are untouched",
        weight=2,
    ),
    Phase(
        name=PhaseName.UPDATE_CONFIG,
        title="Add the target to cloud-provider-config",
        proof="kube-cloud-config and cloud-conf list both vCenters",
        weight=2,
    ),
    Phase(
        name=PhaseName.RESTART_PODS,
        title="Restart the vSphere-aware pods",
        proof="new pods are Ready and the old ones are gone",
        weight=5,
    ),
    Phase(
        name=PhaseName.MONITOR_HEALTH,
        title="Wait until the cluster's operators are stable",
        proof="every operator Available and not Degraded for the whole window",
        weight=5,
    ),
    Phase(
        name=PhaseName.CREATE_WORKERS,
        title="Create workers on the target",
        proof="wanted = Running = node Ready, ownership tag on every VM",
        weight=20,
    ),
    Phase(
        name=PhaseName.RECREATE_CPMS,
        title="Roll the control plane to the target, one machine at a time",
        proof="every control-plane Machine on the target, etcd healthy, old VMs gone",
        weight=35,
    ),
    Phase(
        name=PhaseName.SCALE_OLD,
        title="Drain and delete the source's workers",
        proof="source Machines, nodes and VMs are gone",
        weight=15,
    ),
    Phase(
        name=PhaseName.CLEANUP,
        title="Remove the source vCenter from every configuration",
        proof="only the target is configured anywhere",
        weight=4,
    ),
    Phase(
        name=PhaseName.VERIFY,
        title="Read the whole world again",
        proof="the report: every claim with what was read",
        weight=4,
    ),
)

POINT_OF_NO_RETURN = PhaseName.CLEANUP
"""From its first step on, the only way is forward."""


def row(name: PhaseName) -> Phase:
    """The phase's row in the table."""
    return next(each for each in TABLE if each.name is name)


def number(name: PhaseName) -> int:
    """The phase's number, 1 to 15."""
    return TABLE.index(row(name)) + 1


def activity_id(phase: PhaseName, action: str, serial: int) -> str:
    """The id under which an activity of a phase shows in Temporal: `11-create_workers.wait_ready.3`."""
    return f"{number(phase):02d}-{phase}.{action}.{serial}"


def phase_of(activity_id: str) -> str:
    """The phase in an activity's id; empty when it was not made by `activity_id`."""
    head = activity_id.partition(".")[0]
    name = head.partition("-")[2]
    return name if name in {each.value for each in PhaseName} else ""
