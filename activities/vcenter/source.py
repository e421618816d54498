"""Could the source take the cluster back now? Asked before what cannot be undone without it, and before a rollback."""

from temporalio import activity

from activities.runtime.context import Context
from activities.runtime.failures import WaitFailed
from migration.documents import infrastructure
from migration.documents.machine_sets import provider_spec, server
from migration.frozen_model import FrozenModel
from migration.plan import Plan
from migration.preflight import capacity
from migration.preflight.planning import machine_provider
from migration.spec.failure_domain import FailureDomain
from openshift.api.resources import INFRASTRUCTURE, MACHINE, MACHINE_SET
from openshift.backups import backup_name, load_backup
from openshift.machines import NAMESPACE
from vsphere.inventory import Inventory, Place
from vsphere.session import VCenter


class SourceInput(FrozenModel):
    """The plan of the migration that might have to go back."""

    plan: Plan


class SourceFit(FrozenModel):
    """One sentence of what was read."""

    evidence: str


class Source:
    def __init__(self, context: Context) -> None:
        self._context = context

    @activity.defn(name="source_is_fit")
    async def is_fit(self, question: SourceInput) -> SourceFit:
        """See that the source answers, knows us, has what machines are made of, and room for those that are gone.

        Raises:
            WaitFailed: it could not take the cluster back; says everything that it lacks.
        """
        plan = question.plan
        cluster = await self._context.cluster(plan.cluster)
        image = backup_name(INFRASTRUCTURE, name="cluster", namespace=None, migration=plan.key)
        before = await load_backup(cluster, namespace=plan.namespace, secret=image)
        domains = [
            FailureDomain.model_validate(each, extra="ignore").completed(plan.infrastructure_name)
            for each in infrastructure.failure_domains(before)
            if each["server"] == plan.source.server
        ]
        sets = await cluster.list(MACHINE_SET, namespace=NAMESPACE)
        patterns = [str(provider_spec(each).get("template")) for each in sets if server(each) == plan.source.server]
        machines = await cluster.list(MACHINE, namespace=NAMESPACE)
        now = capacity.disks(map(machine_provider, machines), server=plan.source.server)
        needs = capacity.to_take_back(plan.source_disks, now)
        return await self._context.on(plan.source.reference, _fit, _places(domains, patterns, needs), needs)


def _fit(vcenter: VCenter, places: dict[Place, str], needs: dict[str, int]) -> SourceFit:
    vcenter.verify()
    inventory = Inventory(vcenter)
    found = inventory.resolve(places)
    lacking = [f"it has no {what} {place.path}" for place, what in places.items() if found[place] is None]
    stores = {place.path: ref for place, ref in found.items() if ref and place.kind == "Datastore"}
    seen = inventory.datastores(list(stores.values()))
    lacking += [
        f"datastore {each.name} is {'' if each.accessible else 'not '}accessible, maintenance {each.maintenance}"
        for each in seen.values()
        if not each.accessible or each.maintenance != "normal"
    ]
    free = {path: seen[ref].free_gib for path, ref in stores.items()}
    lacking += capacity.too_small({path: gib for path, gib in needs.items() if path in free}, free)
    if lacking:
        raise WaitFailed(
            f"{vcenter.endpoint.server} could not take the cluster back: {'; '.join(lacking)}",
            remedy="mend that on the source, then retry",
        )
    return SourceFit(evidence=f"{vcenter.endpoint.server} could take the cluster back: {_room(needs, free)}")


def _places(domains: list[FailureDomain], patterns: list[str], needs: dict[str, int]) -> dict[Place, str]:
    """What machines are made of there, by what people call it.

    Args:
        domains: of the source.
        patterns: the templates that its MachineSets name; a bare name is looked up by Machine API, and not by us.
        needs: GiB by datastore.
    """
    wanted = {
        place: what
        for each in domains
        for what, place in (
            ("template", Place(kind="VirtualMachine", path=each.topology.template or "")),
            ("datastore", Place(kind="Datastore", path=each.topology.datastore)),
            ("resource pool", Place(kind="ResourcePool", path=each.topology.resource_pool or "")),
        )
    }
    wanted |= {Place(kind="VirtualMachine", path=each): "template" for each in patterns if each.startswith("/")}
    return wanted | {Place(kind="Datastore", path=path): "datastore" for path in needs}


def _room(needs: dict[str, int], free: dict[str, float]) -> str:
    told = [f"{path} has {gib:.0f} GiB free for {needs.get(path, 0)} GiB of disks" for path, gib in free.items()]
    return f"templates and resource pools are there, {', '.join(told)}"
