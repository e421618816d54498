"""Could the source take the cluster back now? Asked before what cannot be undone without it, and before a rollback."""

from collections import Counter

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from migration import capacity
from migration.capacity import DatastoreDisks
from migration.documents import infrastructure
from migration.documents.machine_sets import provider_spec, server
from migration.frozen_model import FrozenModel, KubeObject
from migration.placement import Placement, of_failure_domain, of_provider_spec
from migration.plan import Plan
from migration.preflight.planning import machine_provider
from migration.spec.failure_domain import FailureDomain
from openshift import control_plane
from openshift.api.client import Cluster
from openshift.api.resources import CONTROL_PLANE_MACHINE_SET, INFRASTRUCTURE, MACHINE, MACHINE_SET
from openshift.backups import backup_name, load_backup
from openshift.machines import NAMESPACE
from vsphere.api.session import VCenter
from vsphere.finder import Finder, Lookup, Resolution
from vsphere.inventory import Inventory


class SourceInput(FrozenModel):
    """The plan of the migration that might have to go back."""

    plan: Plan


class SourceFit(FrozenModel):
    """One sentence of what was read."""

    evidence: str


class Source:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="source_is_fit")
    async def is_fit(self, question: SourceInput) -> SourceFit:
        """See that the source answers, knows us, has what machines are made of, and room for those that are gone.

        Raises:
            WaitFailed: it could not take the cluster back; says everything that it lacks.
        """
        plan = question.plan
        cluster = await self._context.cluster(plan.cluster)
        image = backup_name(INFRASTRUCTURE, name="cluster", namespace=None, migration=plan.key)
        before = await load_backup(cluster, namespace=plan.namespace, secret=image)
        placements = [
            *[of_provider_spec(each) for each in await _source_sets(cluster, plan)],
            *await _control_plane(cluster, plan, before),
        ]
        machines = await cluster.list(MACHINE, namespace=NAMESPACE)
        now = capacity.disks(map(machine_provider, machines), server=plan.source.server)
        return await self._context.on(plan.source.reference, _fit, placements, plan.source_disks, now)


async def _source_sets(cluster: Cluster, plan: Plan) -> list[KubeObject]:
    """The provider specs of the MachineSets that would make the old workers again."""
    sets = await cluster.list(MACHINE_SET, namespace=NAMESPACE)
    return [provider_spec(each) for each in sets if server(each) == plan.source.server]


async def _control_plane(cluster: Cluster, plan: Plan, before: KubeObject) -> list[Placement]:
    """Where the control plane would be rolled back to: the failure domains it had, or its template's own workspace.

    Args:
        cluster: with the ControlPlaneMachineSet, of which a migration changes failure domains and state alone.
        plan: says which failure domains those were.
        before: Infrastructure's before-image, which says what they are.
    """
    if plan.control_plane.source_failure_domains:
        return [
            of_failure_domain(
                FailureDomain.model_validate(each, extra="ignore"), infrastructure_name=plan.infrastructure_name
            )
            for each in infrastructure.failure_domains(before)
            if each["name"] in plan.control_plane.source_failure_domains
        ]
    document = await cluster.find(CONTROL_PLANE_MACHINE_SET, control_plane.NAME, namespace=NAMESPACE)
    return [of_provider_spec(control_plane.provider_spec(document))] if document else []


def _fit(
    vcenter: VCenter, placements: list[Placement], before: list[DatastoreDisks], now: list[DatastoreDisks]
) -> SourceFit:
    vcenter.verify()
    inventory = Inventory(vcenter)
    had, has = _disks(before), _disks(now)
    places = _lookups(placements) | dict.fromkeys(capacity.to_take_back(had, has), "datastore")
    found = Finder(inventory).find([*places, *had, *has])
    lacking = [problem for each, what in places.items() if (problem := found[each].problem(what))]
    stores = {
        there.path: there.moref
        for each in places
        if each.kind == "Datastore" and (there := found[each].found) is not None
    }
    seen = inventory.datastores(list(stores.values()))
    lacking += [
        f"datastore {each.name} is {'' if each.accessible else 'not '}accessible, maintenance {each.maintenance}"
        for each in seen.values()
        if not each.accessible or each.maintenance != "normal"
    ]
    free = {path: seen[ref].free_gib for path, ref in stores.items()}
    needs = capacity.to_take_back(_by_path(had, found), _by_path(has, found))
    lacking += capacity.too_small({path: gib for path, gib in needs.items() if path in free}, free)
    if lacking:
        raise WaitFailed(
            f"{vcenter.endpoint.server} could not take the cluster back: {'; '.join(dict.fromkeys(lacking))}",
            remedy="fix that on the source, then retry",
        )
    return SourceFit(evidence=f"{vcenter.endpoint.server} could take the cluster back: {_room(needs, free)}")


def _lookups(placements: list[Placement]) -> dict[Lookup, str]:
    """What Machine API would look up, by what people call it; what is left out is the only one, or the default."""
    return {
        Lookup(kind=kind, name=name, datacenter=each.datacenter): what
        for each in placements
        for what, kind, name in (
            ("template", "VirtualMachine", each.template),
            ("datastore", "Datastore", each.datastore or "*"),
            ("resource pool", "ResourcePool", each.resource_pool or "*/Resources"),
            ("folder", "Folder", each.folder),
        )
        if name
    }


def _disks(some: list[DatastoreDisks]) -> dict[Lookup, int]:
    return {Lookup(kind="Datastore", name=each.datastore, datacenter=each.datacenter): each.gib for each in some}


def _by_path(gib: dict[Lookup, int], found: dict[Lookup, Resolution]) -> dict[str, int]:
    """GiB by inventory path: a datastore that is named in two ways is one."""
    counted: Counter[str] = Counter()
    for each, some in gib.items():
        if (there := found[each].found) is not None:
            counted[there.path] += some
    return dict(counted)


def _room(needs: dict[str, int], free: dict[str, float]) -> str:
    told = [f"{path} has {gib:.0f} GiB free for {needs.get(path, 0)} GiB of disks" for path, gib in free.items()]
    return f"templates and resource pools are there, {', '.join(told)}"
