"""What the cluster's own objects can prove of a finished migration, each claim with what was read to make it."""

from migration.documents import cloud_config, infrastructure
from migration.plan import Plan
from migration.run.status import Claim, listed
from openshift import secrets
from openshift.api.client import Cluster
from openshift.api.documents import get_path
from openshift.api.resources import DEPLOYMENT, SECRET
from openshift.config_maps import find_generated, read_cloud_config, text_of
from openshift.control_plane import find_control_plane
from openshift.etcd import read_members
from openshift.infrastructure import get_infrastructure
from openshift.machines import Machine, list_machine_sets
from openshift.nodes import list_nodes
from openshift.quiesce import list_autoscalers, list_health_checks


async def made(cluster: Cluster, plan: Plan, machines: list[Machine]) -> list[Claim]:
    """Every claim, about machines that were just read."""
    return [
        *await _machines(cluster, plan, machines),
        await _machine_sets(cluster, plan),
        await _control_plane(cluster, plan),
        await _etcd(cluster, machines),
        await _infrastructure(cluster, plan),
        *await _cloud_configs(cluster, plan),
        await _credentials(cluster, plan),
        *await _quiesced(cluster, plan),
        await _version_operator(cluster),
        await _metadata(cluster, plan),
    ]


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
            read=listed(astray) if astray else f"{len(machines)} Machines, workspace.server of each is a target",
        ),
        Claim(
            claim="every Machine is Running and every node Ready",
            holds=not (unfit or unready or foreign),
            read=listed([*unfit, *unready, *foreign])
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
        read=listed([*astray, *lacking]) if astray or lacking else listed([each.name for each in sets]),
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
        read=f"{found.state} on {listed(found.failure_domains)}, {found.updated} of {found.replicas} updated"
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
        read=f"{len(members)} members for {count} masters: {listed(members)}",
    )


async def _infrastructure(cluster: Cluster, plan: Plan) -> Claim:
    document = await get_infrastructure(cluster)
    servers = infrastructure.servers(document)
    domains = {each["name"]: each["server"] for each in infrastructure.failure_domains(document)}
    return Claim(
        claim="Infrastructure knows the target alone",
        holds=set(servers) == set(plan.target_servers) and set(domains.values()) <= set(plan.target_servers),
        read=f"vCenters {listed(servers)}; failure domains {listed(domains)}",
    )


async def _cloud_configs(cluster: Cluster, plan: Plan) -> list[Claim]:
    written = await read_cloud_config(cluster, name=plan.cloud_config, key=plan.cloud_config_key)
    generated = await find_generated(cluster)
    texts = {f"openshift-config/{plan.cloud_config}": written} | {
        name: text_of(document) for name, document in generated.items() if document
    }
    return [names_alone(plan.target_servers, name=name, text=text) for name, text in texts.items()]


def names_alone(targets: list[str], *, name: str, text: str) -> Claim:
    """Whether a cloud config names these vCenters and no other.

    Its servers are compared, and the text is not searched: one name may contain another (`10.7.0.2`, `10.7.0.20`), and
    a comment may tell where the cluster came from.
    """
    servers = cloud_config.servers(text)
    return Claim(
        claim=f"{name} names the target alone",
        holds=cloud_config.same_servers(servers, targets),
        read=f"vCenters {listed(servers)}",
    )


async def _credentials(cluster: Cluster, plan: Plan) -> Claim:
    namespace, name = secrets.CREDENTIALS
    original = await cluster.get(SECRET, name, namespace=namespace)
    wanted = {key for server in plan.target_servers for key in secrets.keys_of(server)}
    known = wanted | set(secrets.keys_of(plan.source.server))
    found = {f"{namespace}/{name}": original} | await secrets.find_copies(cluster)
    keys = {each: set(get_path(document, "data") or {}) & known for each, document in found.items()}
    return Claim(
        claim="vsphere-creds and its copies hold the target's keys and none of the source's",
        holds=all(each == wanted for each in keys.values()),
        read="; ".join(f"{each}: {listed(has)}" for each, has in keys.items()),
    )


async def _quiesced(cluster: Cluster, plan: Plan) -> list[Claim]:
    paused = {each.name for each in await list_health_checks(cluster) if each.paused is not None}
    ours = {each.name for each in plan.quiesced.health_checks}
    scaled = {each.machine_set for each in await list_autoscalers(cluster)}
    before = {each.name for each in plan.quiesced.autoscalers}
    return [
        Claim(
            claim="MachineHealthChecks are as they were",
            holds=not paused & ours,
            read=f"still paused: {listed(paused & ours)}" if paused & ours else f"not paused: {listed(ours)}",
        ),
        Claim(
            claim="MachineAutoscalers stand over the new MachineSets where there were some",
            holds=not before or bool(scaled & {each.name for each in plan.new_sets}),
            read=f"scaled: {listed(scaled)}",
        ),
    ]


async def _version_operator(cluster: Cluster) -> Claim:
    document = await cluster.get(DEPLOYMENT, "cluster-version-operator", namespace="openshift-cluster-version")
    wanted, available = get_path(document, "spec", "replicas"), get_path(document, "status", "availableReplicas") or 0
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
        holds=bool(document and get_path(document, "data", "metadata.json")),
        read=f"Secret {plan.namespace}/{name}" if document else "no such Secret",
    )
