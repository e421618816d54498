"""From what was asked and what was read to the plan: pure, so that the same facts always give the same plan.

Called only when preflight found nothing Critical, so what a check guarantees (one source, a ControlPlaneMachineSet,
readable MachineSets) is taken for granted here.
"""

from typing import Literal

from migration import capacity
from migration.documents import infrastructure
from migration.documents.machine_sets import role, server
from migration.frozen_model import KubeObject
from migration.names import machine_set_names, pools
from migration.openshift_names import (
    CONTROL_PLANE_ROLES,
    CREDENTIALS_NAME,
    CREDENTIALS_NAMESPACE,
    MACHINE_ROLE_LABEL,
    PAUSED_ANNOTATION,
    TERMINATION_HANDLER,
)
from migration.plan import (
    ControlPlanePlan,
    NewSet,
    ObjectName,
    Plan,
    Quiesced,
    SecretAddress,
    SourceSet,
    VCenterPlan,
    VCenterReference,
    VirtualMachineName,
)
from migration.preflight.check import source_servers
from migration.preflight.facts import Facts
from migration.spec.failure_domain import FailureDomain
from migration.spec.model import MigrationSpec
from migration.spread import deal

SOURCE_CREDENTIALS = SecretAddress(namespace=CREDENTIALS_NAMESPACE, name=CREDENTIALS_NAME)


def make_plan(spec: MigrationSpec, facts: Facts, *, migration: str, run: str, cluster: str, namespace: str) -> Plan:
    """The plan.

    Args:
        spec: a valid one (`migration.spec.rules`).
        facts: read within the same minute, and without a Critical concern.
        migration: the workflow's id.
        run: Temporal's run id.
        cluster: the cluster's name in the service's configuration.
        namespace: the service's own, where before-images and (by default) the target's credentials are.
    """
    source = source_servers(spec, facts)[0]
    name = infrastructure.name(facts.infrastructure)
    domains = [each.completed(name) for each in spec.failure_domains]
    sets = [each for each in facts.machine_sets if server(each) == source]
    cloud = (facts.infrastructure.get("spec") or {}).get("cloudConfig") or {}
    return Plan(
        migration=migration,
        run=run,
        cluster=cluster,
        infrastructure_name=name,
        cluster_id=facts.cluster_version["spec"]["clusterID"],
        version=facts.cluster_version["status"]["desired"]["version"],
        api_server=(facts.infrastructure.get("status") or {}).get("apiServerURL") or "",
        namespace=namespace,
        strategy="Day2",
        source=_listed_vcenter(facts, source, cluster=cluster),
        source_failure_domains=[
            each["name"] for each in infrastructure.failure_domains(facts.infrastructure) if each["server"] == source
        ],
        known_servers=infrastructure.servers(facts.infrastructure),
        targets=target_vcenters(spec, cluster=cluster, namespace=namespace),
        failure_domains=domains,
        source_sets=[SourceSet(name=each["metadata"]["name"], replicas=_replicas(each)) for each in sets],
        new_sets=_new_sets(spec, facts, sets, domains),
        source_vms=[
            VirtualMachineName(
                name=each["metadata"]["name"],
                instance_uuid=each["metadata"]["uid"],
                node=((each.get("status") or {}).get("nodeRef") or {}).get("name") or "",
            )
            for each in facts.machines
            if machine_server(each) == source
        ],
        source_disks=capacity.disks((machine_provider(each) for each in facts.machines), server=source),
        control_plane=_control_plane(spec, facts, domains),
        quiesced=_quiesced(facts, {each["metadata"]["name"] for each in sets}),
        cloud_config=cloud.get("name") or "cloud-provider-config",
        cloud_config_key=cloud.get("key") or "config",
    )


def target_vcenters(spec: MigrationSpec, *, cluster: str, namespace: str) -> list[VCenterPlan]:
    """The vCenters that the spec's failure domains are on, each once, in the spec's order."""
    secret = spec.target_vcenter_credentials_secret
    credentials = SecretAddress(namespace=secret.namespace or namespace, name=secret.name)
    return [
        VCenterPlan(
            reference=VCenterReference(cluster=cluster, server=each.server, port=each.port, credentials=credentials),
            datacenters=each.datacenters,
        )
        for each in infrastructure.targets(spec)
    ]


def machine_server(machine: KubeObject) -> str:
    """The vCenter that a Machine was made for."""
    return str((machine_provider(machine).get("workspace") or {}).get("server") or "")


def machine_provider(machine: KubeObject) -> KubeObject:
    """A Machine's provider spec; empty where it has none."""
    return ((machine["spec"].get("providerSpec") or {}).get("value")) or {}


def source_reference(facts: Facts, server_: str, *, cluster: str) -> VCenterReference:
    """How to reach a vCenter that Infrastructure lists, with the cluster's own credentials."""
    return _listed_vcenter(facts, server_, cluster=cluster).reference


def _listed_vcenter(facts: Facts, name: str, *, cluster: str) -> VCenterPlan:
    listed = next(each for each in infrastructure.vcenters(facts.infrastructure) if each["server"] == name)
    return VCenterPlan(
        reference=VCenterReference(
            cluster=cluster, server=name, port=listed.get("port") or 443, credentials=SOURCE_CREDENTIALS
        ),
        datacenters=listed.get("datacenters") or [],
    )


def _replicas(machine_set: KubeObject) -> int:
    wanted = machine_set["spec"].get("replicas")
    return 1 if wanted is None else int(wanted)


def _new_sets(spec: MigrationSpec, facts: Facts, sets: list[KubeObject], domains: list[FailureDomain]) -> list[NewSet]:
    """Each source set on each failure domain, the total kept unless the spec says another."""
    asked = spec.machine_set_config
    if asked and asked.failure_domain:
        domains = [each for each in domains if each.name == asked.failure_domain]
    replicas = {each["metadata"]["name"]: _replicas(each) for each in sets}
    if asked and asked.replicas:
        replicas = dict.fromkeys(replicas, asked.replicas)
    names = machine_set_names(
        infrastructure_name=infrastructure.name(facts.infrastructure),
        pools=pools(
            {each["metadata"]["name"]: role(each) for each in sets},
            infrastructure_name=infrastructure.name(facts.infrastructure),
        ),
        failure_domains=[each.name for each in domains],
        taken=[each["metadata"]["name"] for each in facts.machine_sets],
    )
    shares = deal(replicas, domains=len(domains))
    return [
        NewSet(name=names[pattern, domain.name], pattern=pattern, failure_domain=domain.name, replicas=share)
        for pattern in sorted(replicas)
        for domain, share in zip(domains, shares[pattern], strict=True)
    ]


def _control_plane(spec: MigrationSpec, facts: Facts, domains: list[FailureDomain]) -> ControlPlanePlan:
    document = facts.control_plane_machine_set or {}
    template = document["spec"]["template"]["machines_v1beta1_machine_openshift_io"]
    asked = spec.control_plane_machine_set_config
    wanted = [asked.failure_domain] if asked and asked.failure_domain else [each.name for each in domains]
    state: Literal["Active", "Inactive"] = "Active" if document["spec"].get("state") == "Active" else "Inactive"
    return ControlPlanePlan(
        replicas=document["spec"]["replicas"],
        state=state,
        source_failure_domains=[each["name"] for each in (template.get("failureDomains") or {}).get("vsphere") or []],
        target_failure_domains=wanted,
        machines=[
            each["metadata"]["name"]
            for each in facts.machines
            if (each["metadata"].get("labels") or {}).get(MACHINE_ROLE_LABEL) in CONTROL_PLANE_ROLES
        ],
    )


def _quiesced(facts: Facts, sets: set[str]) -> Quiesced:
    return Quiesced(
        health_checks=[
            _object(each)
            for each in facts.health_checks
            if PAUSED_ANNOTATION not in (each["metadata"].get("annotations") or {})
            and each["metadata"]["name"] != TERMINATION_HANDLER
        ],
        autoscalers=[
            _object(each)
            for each in facts.autoscalers
            if each["kind"] == "MachineAutoscaler" and each["spec"]["scaleTargetRef"]["name"] in sets
        ],
    )


def _object(document: KubeObject) -> ObjectName:
    metadata = document["metadata"]
    return ObjectName(namespace=metadata.get("namespace") or "", name=metadata["name"], uid=metadata["uid"])
