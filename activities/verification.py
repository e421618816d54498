"""The final report: every claim made from what is read now, never from what was done."""

from temporalio import activity

from activities.context import Context
from migration import cloud_config, infrastructure
from migration.plan import Plan, SecretAddress, VCenterPlan, VCenterReference
from migration.status import Claim, Node
from migration.value import Value
from openshift import secrets
from openshift.backups import backup_name
from openshift.client import Cluster
from openshift.config_maps import find_generated, read_cloud_config, text_of
from openshift.control_plane import find_control_plane
from openshift.documents import dig
from openshift.etcd import read_members
from openshift.infrastructure import get_infrastructure
from openshift.machines import Machine, list_machine_sets, list_machines
from openshift.nodes import list_nodes
from openshift.quiesce import list_autoscalers, list_health_checks
from openshift.resources import DEPLOYMENT, SECRET
from vsphere import tags
from vsphere.inventory import Inventory, Place, VirtualMachine
from vsphere.session import VCenter


class ClusterClaims(Value):
    """The plan whose outcome is claimed."""

    plan: Plan


class VCenterClaims(Value):
    """The plan, and the machines that the cluster says it has."""

    plan: Plan
    machines: list[Node]


class ClusterReport(Value):
    """What the cluster says, and the machines it says it has."""

    claims: list[Claim]
    machines: list[Node]


class VCenterReport(Value):
    """What the vCenters say."""

    claims: list[Claim]


class Verification:
    def __init__(self, context: Context) -> None:
        self._context = context

    @activity.defn(name="verify_cluster")
    async def cluster(self, order: ClusterClaims) -> ClusterReport:
        """Every claim that the cluster's own objects can prove."""
        plan = order.plan
        cluster = await self._context.cluster(plan.cluster)
        machines = await list_machines(cluster)
        claims = [
            *await _machines(cluster, plan, machines),
            await _machine_sets(cluster, plan),
            await _control_plane(cluster, plan),
            await _etcd(cluster, machines),
            await _infrastructure(cluster, plan),
            *await _cloud_configs(cluster, plan),
            *await _credentials(cluster, plan),
            *await _quiesced(cluster, plan),
            await _version_operator(cluster),
            await _metadata(cluster, plan),
        ]
        ready = {each.name for each in await list_nodes(cluster) if each.ready}
        return ClusterReport(
            claims=claims,
            machines=[
                Node(name=each.name, role=each.role, server=each.server, phase=each.phase, ready=each.node in ready)
                for each in machines
            ],
        )

    @activity.defn(name="verify_vcenters")
    async def vcenters(self, order: VCenterClaims) -> VCenterReport:
        """Every claim that only the vCenters can prove."""
        plan = order.plan
        claims: list[Claim] = []
        for target in plan.targets:
            claims += await self._context.on(target.reference, _target, plan, target, order.machines)
        claims.append(await self._context.on(_as_it_was(plan), _source, plan))
        return VCenterReport(claims=claims)


def _as_it_was(plan: Plan) -> VCenterReference:
    """The source, with the credentials of the before-image: the cluster itself has none for it any more."""
    namespace, name = secrets.CREDENTIALS
    image = backup_name(SECRET, name=name, namespace=namespace, migration=plan.key)
    return plan.source.reference.model_copy(
        update={"credentials": SecretAddress(namespace=plan.namespace, name=image, before_image=True)}
    )


def _listed(names: list[str]) -> str:
    return ", ".join(sorted(names)) or "none"


async def _machines(cluster: Cluster, plan: Plan, machines: list[Machine]) -> list[Claim]:
    astray = [f"{each.name} on {each.server}" for each in machines if each.server not in plan.target_servers]
    unfit = [f"{each.name} is {each.phase}" for each in machines if each.phase != "Running"]
    nodes = {each.name: each for each in await list_nodes(cluster)}
    unready = [each.name for each in nodes.values() if not each.ready]
    foreign = set(nodes) - {each.node for each in machines}
    masters = [each for each in machines if each.is_control_plane]
    workers = len(machines) - len(masters)
    wanted = sum(each.replicas for each in plan.new_sets)
    return [
        Claim(
            claim="every Machine is on the target",
            holds=not astray and bool(machines),
            read=_listed(astray) if astray else f"{len(machines)} Machines, workspace.server of each is a target",
        ),
        Claim(
            claim="every Machine is Running and every node Ready",
            holds=not (unfit or unready or foreign),
            read=_listed([*unfit, *unready, *foreign])
            if unfit or unready or foreign
            else f"{len(machines)} Machines, {len(nodes)} nodes",
        ),
        Claim(
            claim="as many masters and workers as before",
            holds=len(masters) == plan.control_plane.replicas and workers == wanted,
            read=f"{len(masters)} of {plan.control_plane.replicas} masters, {workers} of {wanted} workers",
        ),
    ]


async def _machine_sets(cluster: Cluster, plan: Plan) -> Claim:
    sets = await list_machine_sets(cluster)
    astray = [each.name for each in sets if each.server not in plan.target_servers]
    wanted = {each.name: each.replicas for each in plan.new_sets}
    lacking = [name for name, count in wanted.items() if not any(s.name == name and s.replicas >= count for s in sets)]
    return Claim(
        claim="MachineSets are those of the plan, none refers to the source",
        holds=not astray and not lacking,
        read=_listed([*astray, *lacking]) if astray or lacking else _listed([each.name for each in sets]),
    )


async def _control_plane(cluster: Cluster, plan: Plan) -> Claim:
    found = await find_control_plane(cluster)
    wanted = plan.control_plane.target_failure_domains
    return Claim(
        claim="the ControlPlaneMachineSet is Active on the target's failure domains and rolled out",
        holds=found is not None
        and found.state == "Active"
        and set(found.failure_domains) == set(wanted)
        and found.rolled,
        read=f"{found.state} on {_listed(found.failure_domains)}, {found.updated} of {found.replicas} updated"
        if found
        else "there is none",
    )


async def _etcd(cluster: Cluster, machines: list[Machine]) -> Claim:
    members = await read_members(cluster)
    masters = {address for each in machines if each.is_control_plane for address in each.addresses}
    count = sum(each.is_control_plane for each in machines)
    return Claim(
        claim="etcd has one member on each master, and no other",
        holds=members <= masters and len(members) == count,
        read=f"{len(members)} members for {count} masters: {_listed(list(members))}",
    )


async def _infrastructure(cluster: Cluster, plan: Plan) -> Claim:
    document = await get_infrastructure(cluster)
    servers = infrastructure.servers(document)
    domains = {each["name"]: each["server"] for each in infrastructure.failure_domains(document)}
    return Claim(
        claim="Infrastructure knows the target alone",
        holds=set(servers) == set(plan.target_servers) and set(domains.values()) <= set(plan.target_servers),
        read=f"vCenters {_listed(servers)}; failure domains {_listed(list(domains))}",
    )


async def _cloud_configs(cluster: Cluster, plan: Plan) -> list[Claim]:
    written = await read_cloud_config(cluster, name=plan.cloud_config, key=plan.cloud_config_key)
    generated = await find_generated(cluster)
    texts = {f"openshift-config/{plan.cloud_config}": written} | {
        name: text_of(document) for name, document in generated.items() if document
    }
    return [
        Claim(
            claim=f"{name} names the target alone",
            holds=set(cloud_config.servers(text)) == set(plan.target_servers) and plan.source.server not in text,
            read=f"vCenters {_listed(cloud_config.servers(text))}",
        )
        for name, text in texts.items()
    ]


async def _credentials(cluster: Cluster, plan: Plan) -> list[Claim]:
    namespace, name = secrets.CREDENTIALS
    original = await cluster.get(SECRET, name, namespace=namespace)
    wanted = {key for server in plan.target_servers for key in secrets.keys_of(server)}
    known = wanted | set(secrets.keys_of(plan.source.server))
    found = {f"{namespace}/{name}": original} | await secrets.find_copies(cluster)
    keys = {each: set(dig(document, "data") or {}) & known for each, document in found.items()}
    return [
        Claim(
            claim="vsphere-creds and its copies hold the target's keys and none of the source's",
            holds=all(each == wanted for each in keys.values()),
            read="; ".join(f"{each}: {_listed(list(has))}" for each, has in keys.items()),
        )
    ]


async def _quiesced(cluster: Cluster, plan: Plan) -> list[Claim]:
    paused = {each.name for each in await list_health_checks(cluster) if each.paused is not None}
    ours = {each.name for each in plan.quiesced.health_checks}
    scaled = {each.machine_set for each in await list_autoscalers(cluster)}
    before = {each.name for each in plan.quiesced.autoscalers}
    return [
        Claim(
            claim="MachineHealthChecks are as they were",
            holds=not paused & ours,
            read=f"still paused: {_listed(list(paused & ours))}"
            if paused & ours
            else f"not paused: {_listed(list(ours))}",
        ),
        Claim(
            claim="MachineAutoscalers stand over the new MachineSets where there were some",
            holds=not before or bool(scaled & {each.name for each in plan.new_sets}),
            read=f"scaled: {_listed(list(scaled))}",
        ),
    ]


async def _version_operator(cluster: Cluster) -> Claim:
    document = await cluster.get(DEPLOYMENT, "cluster-version-operator", namespace="openshift-cluster-version")
    wanted, available = dig(document, "spec", "replicas"), dig(document, "status", "availableReplicas") or 0
    return Claim(
        claim="the cluster-version-operator runs",
        holds=bool(wanted) and available >= wanted,
        read=f"{available} of {wanted} replicas available",
    )


async def _metadata(cluster: Cluster, plan: Plan) -> Claim:
    name = f"{plan.infrastructure_name}-metadata"
    document = await cluster.find(SECRET, name, namespace=plan.namespace)
    return Claim(
        claim="the installer's metadata.json is kept for the day the cluster is destroyed",
        holds=bool(document and dig(document, "data", "metadata.json")),
        read=f"Secret {plan.namespace}/{name}" if document else "no such Secret",
    )


def _target(vcenter: VCenter, plan: Plan, target: VCenterPlan, machines: list[Node]) -> list[Claim]:
    inventory, service = Inventory(vcenter), tags.Tags(vcenter)
    there = _machines_in(inventory, target.datacenters)
    wanted = [each.name for each in machines if each.server == target.server]
    mine = [there[each] for each in wanted if each in there]
    off = [each for each in wanted if each not in there or there[each].power_state != "poweredOn"]
    attached = service.attached([each.moref for each in mine])
    category = service.categories([f"openshift-{plan.infrastructure_name}"])
    owned = {each.id for each in category.values()}
    untagged = [each.name for each in mine if not owned & {tag.category_id for tag in attached[each.moref]}]
    return [
        Claim(
            claim=f"every Machine has its VM on {target.server}, powered on",
            holds=not off and bool(wanted),
            read=f"missing or off: {_listed(off)}" if off else f"{len(wanted)} VMs powered on",
        ),
        Claim(
            claim=f"every VM on {target.server} carries the ownership tag",
            holds=not untagged and bool(mine),
            read=f"without it: {_listed(untagged)}" if untagged else f"{len(mine)} VMs tagged",
        ),
    ]


def _source(vcenter: VCenter, plan: Plan) -> Claim:
    there = _machines_in(Inventory(vcenter), plan.source.datacenters)
    known = {each.name for each in plan.source_vms}
    folders = {f"/{each}/vm/{plan.infrastructure_name}" for each in plan.source.datacenters}
    left = [each.path for each in there.values() if each.name in known or each.folder in folders]
    return Claim(
        claim=f"{plan.source.server} holds no VM of the cluster but its templates",
        holds=not left,
        read=f"left: {_listed(left)}" if left else f"none of {len(known)} VMs left",
    )


def _machines_in(inventory: Inventory, datacenters: list[str]) -> dict[str, VirtualMachine]:
    return {
        each.name: each
        for datacenter in datacenters
        for each in inventory.vms(inventory.require(Place(kind="Datacenter", path=f"/{datacenter}")))
        if not each.is_template
    }
