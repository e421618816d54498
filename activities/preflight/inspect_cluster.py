"""Gathering preflight's facts: the cluster's documents, and each vCenter's answers."""

import asyncio

from activities.preflight.inspect_vcenter import ask
from activities.runtime.context import Context
from migration.documents import cloud_config, infrastructure
from migration.documents.cloud_config import CloudConfigError
from migration.frozen_model import KubeObject
from migration.openshift_names import CSI_DRIVER
from migration.plan import VCenterReference
from migration.preflight.facts import DomainFacts, Facts, VCenterFacts
from migration.preflight.planning import source_reference, target_vcenters
from migration.spec.failure_domain import FailureDomain
from migration.spec.model import MigrationSpec
from openshift.api.client import Cluster
from openshift.api.resources import (
    CLUSTER_AUTOSCALER,
    CLUSTER_CSI_DRIVER,
    CLUSTER_OPERATOR,
    CLUSTER_VERSION,
    CONTROL_PLANE_MACHINE_SET,
    FEATURE_GATE,
    MACHINE,
    MACHINE_AUTOSCALER,
    MACHINE_HEALTH_CHECK,
    MACHINE_SET,
    NODE,
    PERSISTENT_VOLUME,
    Resource,
)
from openshift.checkpoints import load_checkpoint
from openshift.config_maps import read_cloud_config
from openshift.errors import NotServed, OpenShiftError, Unexpected
from openshift.infrastructure import get_infrastructure, read_infrastructure
from vsphere.errors import VSphereError


async def read_facts(context: Context, cluster: Cluster, spec: MigrationSpec, *, name: str) -> Facts:
    """Everything that preflight evaluates.

    Raises:
        OpenShiftError: the cluster cannot be read.
    """
    namespace = context.settings.namespace
    facts = await _read_cluster(cluster, spec)
    facts = facts.model_copy(update=await _record(cluster, infrastructure.name(facts.infrastructure), namespace))
    targets = {each.server: each.reference for each in target_vcenters(spec, cluster=name, namespace=namespace)}
    listed = {
        each: source_reference(facts, each, cluster=name)
        for each in infrastructure.servers(facts.infrastructure)
        if each not in targets
    }
    infrastructure_name = infrastructure.name(facts.infrastructure)
    answers = await asyncio.gather(
        *(
            _read_vcenter(
                context,
                reference,
                [each.completed(infrastructure_name) for each in spec.failure_domains if each.server == server],
                infrastructure_name,
            )
            for server, reference in (listed | targets).items()
        )
    )
    return facts.model_copy(
        update={
            "vcenters": [vcenter for vcenter, _ in answers],
            "failure_domains": [domain for _, domains in answers for domain in domains],
        }
    )


async def _read_cluster(cluster: Cluster, spec: MigrationSpec) -> Facts:
    document = await get_infrastructure(cluster)
    version, gate, control_plane, csi = await asyncio.gather(
        cluster.get(CLUSTER_VERSION, "version"),
        cluster.get(FEATURE_GATE, "cluster"),
        cluster.find(CONTROL_PLANE_MACHINE_SET, "cluster", namespace="openshift-machine-api"),
        cluster.find(CLUSTER_CSI_DRIVER, CSI_DRIVER),
    )
    operators, sets, machines, nodes, checks, volumes = await asyncio.gather(
        cluster.list(CLUSTER_OPERATOR),
        cluster.list(MACHINE_SET),
        cluster.list(MACHINE),
        cluster.list(NODE),
        _list(cluster, MACHINE_HEALTH_CHECK),
        cluster.list(PERSISTENT_VOLUME),
    )
    autoscalers = [*await _list(cluster, MACHINE_AUTOSCALER), *await _list(cluster, CLUSTER_AUTOSCALER)]
    return Facts(
        infrastructure=document,
        cluster_version=version,
        feature_gate=gate,
        cluster_operators=operators,
        machine_sets=sets,
        machines=machines,
        nodes=nodes,
        control_plane_machine_set=control_plane,
        health_checks=checks,
        autoscalers=autoscalers,
        persistent_volumes=volumes,
        csi_driver=csi,
        cloud_config_problem=await _cloud_config_problem(cluster, document, spec),
    )


async def _record(cluster: Cluster, infrastructure_name: str, namespace: str) -> dict[str, object]:
    try:
        record = await load_checkpoint(cluster, namespace=namespace, infrastructure_name=infrastructure_name)
    except Unexpected as error:
        return {"record_problem": str(error)}
    return {"record": record}


async def _list(cluster: Cluster, resource: Resource) -> list[KubeObject]:
    try:
        return await cluster.list(resource)
    except NotServed:
        return []


async def _cloud_config_problem(cluster: Cluster, document: KubeObject, spec: MigrationSpec) -> str:
    """Why the edits of `update_config` and `cleanup` would fail on the text as it stands; empty if they would not."""
    name, key = read_infrastructure(document).cloud_config
    targets = infrastructure.targets(spec)
    sources = set(infrastructure.servers(document)) - {each.server for each in targets}
    try:
        text = await read_cloud_config(cluster, name=name, key=key)
        for each in targets:
            text = cloud_config.add(text, each)
        replacement = spec.failure_domains[0].completed(infrastructure.name(document))
        for server in sorted(sources):
            text = cloud_config.remove(text, server=server, replacement=replacement)
    except CloudConfigError as error:
        return str(error)
    except OpenShiftError as error:
        if error.retryable:
            raise
        return str(error)
    return ""


async def _read_vcenter(
    context: Context, reference: VCenterReference, domains: list[FailureDomain], infrastructure_name: str
) -> tuple[VCenterFacts, list[DomainFacts]]:
    """One vCenter's answers; why it gives none is an answer too."""
    try:
        return await context.on(reference, ask, domains, infrastructure_name)
    except VSphereError as error:
        return VCenterFacts(server=reference.server, problem=str(error.args[0]), remedy=error.remedy), []
    except OpenShiftError as error:
        if error.retryable:
            raise
        return VCenterFacts(server=reference.server, problem=str(error.args[0]), remedy=error.remedy), []
