"""The phase table: names and order are contract (they are in custom resources, histories and people's runbooks).

One row holds every fact about a phase that does not need its code. What a phase *does*, and what it touches, is in its
module in `workflows/phases/`. Whatever else depends on the phases is derived from the rows: a new phase is a name, a
row here, and a module there. The proof is always observed, never remembered.
"""

from collections.abc import Iterable
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


class OfficialCondition(StrEnum):
    """The official operator's condition types, in its order; each is true once all phases that name it are done."""

    INFRASTRUCTURE_PREPARED = "InfrastructurePrepared"
    DESTINATION_INITIALIZED = "DestinationInitialized"
    MULTI_SITE_CONFIGURED = "MultiSiteConfigured"
    WORKLOAD_MIGRATED = "WorkloadMigrated"
    SOURCE_CLEANED = "SourceCleaned"
    READY = "Ready"


class Phase(FrozenModel):
    """One row of the table.

    Attributes:
        title: what a person reads while it runs.
        proof: what is observed before it counts as done.
        weight: share of the overall progress, in per cent; from what a real migration spends its hours on.
        condition: the official operator's condition that it contributes to.
        duration: how long it usually takes, for people.
        undo: what a rollback does about it; empty where there is nothing to do. Its module has an `undo` if not empty.
        undo_after: a rollback undoes this phase right after that earlier one, instead of before it.
        skippable: whether leaving it out is harmless: it only observes, and a person may know better.
        first_gate: approval mode Manual asks before this phase and each later one; what comes before only reads and
            keeps copies. True in one row.
        needs_source: whether the source is checked before it, since what it destroys comes back only if the source can
            make it again.
        point_of_no_return: whether the migration cannot be rolled back from its first step on. True in one row.
    """

    name: PhaseName
    title: str
    proof: str
    weight: int
    condition: OfficialCondition
    duration: str = "seconds"
    undo: str = ""
    undo_after: PhaseName | None = None
    skippable: bool = False
    first_gate: bool = False
    needs_source: bool = False
    point_of_no_return: bool = False


TABLE: tuple[Phase, ...] = (
    Phase(
        name=PhaseName.PREFLIGHT,
        title="Read everything on both sides and pin the plan",
        proof="no Critical concern",
        weight=2,
        condition=OfficialCondition.INFRASTRUCTURE_PREPARED,
    ),
    Phase(
        name=PhaseName.BACKUP,
        title="Store before-images of everything a phase will touch",
        proof="every before-image read back, checksum equal",
        weight=1,
        condition=OfficialCondition.INFRASTRUCTURE_PREPARED,
    ),
    Phase(
        name=PhaseName.DISABLE_CVO,
        title="Quiesce what would fight the migration",
        proof="MachineHealthChecks paused, autoscalers set aside",
        weight=1,
        condition=OfficialCondition.INFRASTRUCTURE_PREPARED,
        undo="resume the MachineHealthChecks, put the MachineAutoscalers back",
        first_gate=True,
    ),
    Phase(
        name=PhaseName.UPDATE_SECRETS,
        title="Add the target's credentials to the cluster",
        proof="every component's copy carries them",
        weight=2,
        condition=OfficialCondition.DESTINATION_INITIALIZED,
        undo="remove exactly the target's keys from vsphere-creds, wait for the copies",
    ),
    Phase(
        name=PhaseName.CREATE_TAGS,
        title="Create and attach region, zone and ownership tags",
        proof="tags and attachments read back from vCenter",
        weight=1,
        condition=OfficialCondition.DESTINATION_INITIALIZED,
        undo="remove the tags and categories made here that nobody else uses",
    ),
    Phase(
        name=PhaseName.CREATE_FOLDER,
        title="Create the VM folder on the target",
        proof="the path resolves and carries the ownership tag",
        weight=1,
        condition=OfficialCondition.DESTINATION_INITIALIZED,
        undo="delete the levels made here, if empty",
    ),
    Phase(
        name=PhaseName.UPDATE_INFRASTRUCTURE,
        title="Teach Infrastructure the target vCenter and its failure domains",
        proof="both vCenters are listed, the source's fields are untouched",
        weight=2,
        condition=OfficialCondition.MULTI_SITE_CONFIGURED,
        undo="remove the target's vCenters and failure domains",
    ),
    Phase(
        name=PhaseName.UPDATE_CONFIG,
        title="Add the target to cloud-provider-config",
        proof="kube-cloud-config and cloud-conf list both vCenters",
        weight=2,
        condition=OfficialCondition.MULTI_SITE_CONFIGURED,
        undo="remove the target from cloud-provider-config, wait for the generated copies",
    ),
    Phase(
        name=PhaseName.RESTART_PODS,
        title="Restart the vSphere-aware pods",
        proof="new pods are Ready and the old ones are gone",
        weight=5,
        condition=OfficialCondition.MULTI_SITE_CONFIGURED,
        duration="1 to 5 minutes",
        undo="restart the vSphere-aware pods again, once configs and credentials are back",
        # Pods read credentials and configuration when they start: both are back by then.
        undo_after=PhaseName.UPDATE_SECRETS,
    ),
    Phase(
        name=PhaseName.MONITOR_HEALTH,
        title="Wait until the cluster's operators are stable",
        proof="every operator Available and not Degraded for the whole window",
        weight=5,
        condition=OfficialCondition.MULTI_SITE_CONFIGURED,
        duration="2 to 20 minutes",
        skippable=True,
    ),
    Phase(
        name=PhaseName.CREATE_WORKERS,
        title="Create workers on the target",
        proof="wanted = Running = node Ready, ownership tag on every VM",
        weight=20,
        condition=OfficialCondition.WORKLOAD_MIGRATED,
        duration="10 to 30 minutes",
        undo="scale the new MachineSets to 0, see their VMs gone, delete them",
    ),
    Phase(
        name=PhaseName.RECREATE_CPMS,
        title="Roll the control plane to the target, one machine at a time",
        proof="every control-plane Machine on the target, etcd healthy, old VMs gone",
        weight=35,
        condition=OfficialCondition.WORKLOAD_MIGRATED,
        duration="30 to 60 minutes; the API server comes and goes",
        undo="roll the control plane back to the source, index by index",
        needs_source=True,
    ),
    Phase(
        name=PhaseName.SCALE_OLD,
        title="Drain and delete the source's workers",
        proof="source Machines, nodes and VMs are gone",
        weight=15,
        condition=OfficialCondition.WORKLOAD_MIGRATED,
        duration="10 to 60 minutes, as long as drains take",
        undo="scale the source's MachineSets back to their recorded sizes, wait until Ready",
    ),
    Phase(
        name=PhaseName.CLEANUP,
        title="Remove the source vCenter from every configuration",
        proof="only the target is configured anywhere",
        weight=4,
        condition=OfficialCondition.SOURCE_CLEANED,
        duration="5 to 15 minutes",
        needs_source=True,
        point_of_no_return=True,
    ),
    Phase(
        name=PhaseName.VERIFY,
        title="Read the whole world again",
        proof="the report: every claim with what was read",
        weight=4,
        condition=OfficialCondition.READY,
        duration="2 to 20 minutes",
    ),
)

FIRST = TABLE[0].name
"""Where a migration begins: there is no plan before it, so that it has no gate."""

POINT_OF_NO_RETURN = next(each.name for each in TABLE if each.point_of_no_return)
"""From its first step on, the migration can only be finished."""

FIRST_GATE = next(each.name for each in TABLE if each.first_gate)
"""Approval mode Manual asks before this phase and each later one."""


def row(name: PhaseName) -> Phase:
    """The phase's row in the table."""
    return next(each for each in TABLE if each.name is name)


def number(name: PhaseName) -> int:
    """The phase's number, from 1."""
    return TABLE.index(row(name)) + 1


def reversible(name: PhaseName) -> bool:
    """Whether a migration in this phase can still be rolled back."""
    return number(name) < number(POINT_OF_NO_RETURN)


def following(name: PhaseName) -> PhaseName:
    """The phase after it, which the last one does not have."""
    return TABLE[number(name)].name


def undo_order(begun: Iterable[PhaseName]) -> list[PhaseName]:
    """The order in which a rollback undoes phases, given those that have begun: in reverse, but for `undo_after`."""
    order = sorted((each for each in begun if row(each).undo), key=number, reverse=True)
    for each in list(order):
        earlier = row(each).undo_after
        if earlier in order:
            order.remove(each)
            order.insert(order.index(earlier) + 1, each)
    return order


def activity_id(phase: PhaseName, action: str, serial: int) -> str:
    """The id under which an activity of a phase shows in Temporal: `11-create_workers.wait_ready.3`."""
    return f"{number(phase):02d}-{phase}.{action}.{serial}"
