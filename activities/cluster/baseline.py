"""Is the cluster as it was? Before-images against the world, read now."""

from activities.cluster.backup import RESOURCES
from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.before_images import touched
from migration.documents import cloud_config
from migration.documents.difference import changed
from migration.frozen_model import FrozenModel, KubeObject
from migration.plan import Plan, VCenterPlan
from migration.run.status import Claim
from openshift import secrets
from openshift.api.client import Cluster
from openshift.api.resources import SECRET
from openshift.backups import backup_name, load_backup
from openshift.config_maps import find_generated, text_of
from openshift.machines import Machine, list_machine_sets, list_machines
from openshift.nodes import list_nodes
from vsphere.api.session import VCenter
from vsphere.inventory import Inventory, Place


class BaselineInput(FrozenModel):
    """The plan of the migration that was rolled back."""

    plan: Plan


class Compared(FrozenModel):
    """One claim for each thing that must be as it was."""

    claims: list[Claim]


class Baseline:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="compare_baseline")
    async def compare(self, question: BaselineInput) -> Compared:
        """Every claim that the cluster's own objects and the targets' inventories can prove."""
        plan = question.plan
        cluster = await self._context.cluster(plan.cluster)
        return Compared(
            claims=[
                *await _objects(cluster, plan),
                *await _machines(cluster, plan),
                await _copies(cluster, plan),
                await _generated(cluster, plan),
                *[await self._context.on(each.reference, _no_vms, each, plan) for each in plan.targets],
            ]
        )


async def _objects(cluster: Cluster, plan: Plan) -> list[Claim]:
    claims = []
    for each in touched(plan):
        resource, namespace = RESOURCES[each.kind], each.namespace or None
        image = backup_name(resource, name=each.name, namespace=namespace, migration=plan.key)
        before = await load_backup(cluster, namespace=plan.namespace, secret=image)
        paths = changed(before, await cluster.find(resource, each.name, namespace=namespace))
        claims.append(
            Claim(
                claim=f"{resource.describe(name=each.name, namespace=namespace)} is as it was",
                holds=not paths,
                read=f"differs in {', '.join(paths)}" if paths else "equal to its before-image",
            )
        )
    return claims


async def _machines(cluster: Cluster, plan: Plan) -> list[Claim]:
    machines = await list_machines(cluster)
    nodes = await list_nodes(cluster)
    astray = [each.name for each in machines if each.server != plan.source.server]
    unfit = [each.name for each in machines if each.phase != "Running"] + [
        each.name for each in nodes if not each.ready
    ]
    sets = {each.name for each in await list_machine_sets(cluster)} & {each.name for each in plan.new_sets}
    return [
        Claim(
            claim="every Machine is on the source, Running, its node Ready",
            holds=not astray and not unfit and len(machines) == len(nodes) == len(plan.source_vms),
            read=f"{len(machines)} Machines and {len(nodes)} nodes, {len(plan.source_vms)} before"
            + (f"; elsewhere or unfit: {', '.join([*astray, *unfit])}" if astray or unfit else ""),
        ),
        Claim(
            claim="as many masters as before, and none of the new MachineSets",
            holds=not sets and _masters(machines) == len(plan.control_plane.machines),
            read=f"{_masters(machines)} masters; new MachineSets: {', '.join(sorted(sets)) or 'none'}",
        ),
    ]


def _masters(machines: list[Machine]) -> int:
    return sum(each.is_control_plane for each in machines)


async def _copies(cluster: Cluster, plan: Plan) -> Claim:
    namespace, name = secrets.CREDENTIALS
    original = await cluster.get(SECRET, name, namespace=namespace)
    servers = [plan.source.server, *plan.target_servers]
    stale = {
        key: keys
        for key, copy in (await secrets.find_copies(cluster)).items()
        if (keys := secrets.not_copied(original, copy, servers=servers))
    }
    return Claim(
        claim="the components' copies of vsphere-creds are as it is",
        holds=not stale,
        read="; ".join(f"{key} differs in {', '.join(keys)}" for key, keys in stale.items()) or "all equal",
    )


async def _generated(cluster: Cluster, plan: Plan) -> Claim:
    listed = {name: _servers(document) for name, document in (await find_generated(cluster)).items() if document}
    return Claim(
        claim="the generated cloud configs list the vCenters of before",
        holds=all(cloud_config.same_servers(each, plan.known_servers) for each in listed.values()),
        read="; ".join(f"{name} lists {', '.join(servers)}" for name, servers in listed.items()),
    )


def _no_vms(vcenter: VCenter, target: VCenterPlan, plan: Plan) -> Claim:
    """A clone that came late has no Machine: vCenter alone knows of it."""
    ours = (*plan.worker_prefixes, plan.master_prefix)
    inventory = Inventory(vcenter)
    datacenters = [inventory.require(Place(kind="Datacenter", path=f"/{each}")) for each in target.datacenters]
    left = [
        each.path
        for some in datacenters
        for each in inventory.vms(some)
        if each.name.startswith(ours) and not each.is_template
    ]
    return Claim(
        claim=f"{target.server} holds no machine of the cluster",
        holds=not left,
        read=f"left: {', '.join(left)}" if left else f"none is called {', '.join(f'{each}*' for each in ours)}",
    )


def _servers(document: KubeObject) -> list[str]:
    return cloud_config.servers(text_of(document))
