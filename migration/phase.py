"""The phase table: names and order are contract (they are in custom resources, histories and people's runbooks).

What each phase *does* is in `workflows/phases/`, one module each. Here is only what everybody must agree on: its name,
what a person reads while it runs, and what proves it done. The proof is always observed, never remembered.
"""

from enum import StrEnum

from migration.frozen_model import FrozenModel


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


class Phase(FrozenModel):
    """One row of the table.

    Attributes:
        title: what a person reads while it runs.
        proof: what is observed before it counts as done.
        undo: what a rollback does about it; empty where there is nothing to do.
        skippable: whether leaving it out is harmless: it only observes, and a person may know better.
        weight: share of the overall progress, in per cent; from what a real migration spends its hours on.
    """

    name: PhaseName
    title: str
    proof: str
    weight: int
    undo: str = ""
    skippable: bool = False


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
        undo="resume the MachineHealthChecks, put the MachineAutoscalers back",
    ),
    Phase(
        name=PhaseName.UPDATE_SECRETS,
        title="Add the target's credentials to the cluster",
        proof="every component's copy carries them",
        weight=2,
        undo="remove exactly the target's keys from vsphere-creds, wait for the copies",
    ),
    Phase(
        name=PhaseName.CREATE_TAGS,
        title="Create and attach region, zone and ownership tags",
        proof="tags and attachments read back from vCenter",
        weight=1,
        undo="remove the tags and categories made here that nobody else uses",
    ),
    Phase(
        name=PhaseName.CREATE_FOLDER,
        title="Create the VM folder on the target",
        proof="the path resolves and carries the ownership tag",
        weight=1,
        undo="delete the levels made here, if empty",
    ),
    Phase(
        name=PhaseName.UPDATE_INFRASTRUCTURE,
        title="Teach Infrastructure the target vCenter and its failure domains",
        proof="both vCenters are listed, the source's fields are untouched",
        weight=2,
        undo="remove the target's vCenters and failure domains",
    ),
    Phase(
        name=PhaseName.UPDATE_CONFIG,
        title="Add the target to cloud-provider-config",
        proof="kube-cloud-config and cloud-conf list both vCenters",
        weight=2,
        undo="remove the target from cloud-provider-config, wait for the generated copies",
    ),
    Phase(
        name=PhaseName.RESTART_PODS,
        title="Restart the vSphere-aware pods",
        proof="new pods are Ready and the old ones are gone",
        weight=5,
        undo="restart the vSphere-aware pods again, once configs and credentials are back",
    ),
    Phase(
        name=PhaseName.MONITOR_HEALTH,
        title="Wait until the cluster's operators are stable",
        proof="every operator Available and not Degraded for the whole window",
        weight=5,
        skippable=True,
    ),
    Phase(
        name=PhaseName.CREATE_WORKERS,
        title="Create workers on the target",
        proof="wanted = Running = node Ready, ownership tag on every VM",
        weight=20,
        undo="scale the new MachineSets to 0, see their VMs gone, delete them",
    ),
    Phase(
        name=PhaseName.RECREATE_CPMS,
        title="Roll the control plane to the target, one machine at a time",
        proof="every control-plane Machine on the target, etcd healthy, old VMs gone",
        weight=35,
        undo="roll the control plane back to the source, index by index",
    ),
    Phase(
        name=PhaseName.SCALE_OLD,
        title="Drain and delete the source's workers",
        proof="source Machines, nodes and VMs are gone",
        weight=15,
        undo="scale the source's MachineSets back to their recorded sizes, wait until Ready",
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

IRREVERSIBLE = (PhaseName.RECREATE_CPMS, POINT_OF_NO_RETURN)
"""What these destroy comes back only if the source can make it again: the old masters, and any way back at all."""

FIRST_GATE = PhaseName.DISABLE_CVO
"""What comes before reads and keeps copies; from here on, approval mode Manual asks before each phase."""


def row(name: PhaseName) -> Phase:
    """The phase's row in the table."""
    return next(each for each in TABLE if each.name is name)


def number(name: PhaseName) -> int:
    """The phase's number, 1 to 15."""
    return TABLE.index(row(name)) + 1


def reversible(name: PhaseName) -> bool:
    """Whether a migration in this phase can still go back."""
    return number(name) < number(POINT_OF_NO_RETURN)


def activity_id(phase: PhaseName, action: str, serial: int) -> str:
    """The id under which an activity of a phase shows in Temporal: `11-create_workers.wait_ready.3`."""
    return f"{number(phase):02d}-{phase}.{action}.{serial}"
