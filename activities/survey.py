"""Gathering preflight's facts: the cluster's documents, and each vCenter's answers."""

import asyncio
from collections.abc import Iterable

from activities.context import Context
from migration import cloud_config, infrastructure
from migration.cloud_config import CloudConfigError
from migration.facts import AttachedTag, DomainFacts, Facts, Lacking, Missing, Template, VCenterFacts
from migration.failure_domain import FailureDomain
from migration.plan import VCenterReference
from migration.planning import source_reference, target_vcenters
from migration.spec import MigrationSpec
from migration.value import Document
from openshift.client import Cluster
from openshift.config_maps import read_cloud_config
from openshift.errors import NotServed, OpenShiftError
from openshift.infrastructure import get_infrastructure, read_infrastructure
from openshift.resources import (
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
    PERSISTENT_VOLUME,
    Resource,
)
from openshift.volumes import DRIVER
from vsphere import privileges
from vsphere.errors import VSphereError
from vsphere.inventory import Inventory, Place
from vsphere.moref import Moref, moref
from vsphere.session import VCenter
from vsphere.tags import REGION, ZONE, Tags, ownership

_ROOT_PRIVILEGES = (
    "InventoryService.Tagging.AttachTag",
    "InventoryService.Tagging.CreateCategory",
    "InventoryService.Tagging.CreateTag",
)
_TAGGED_PRIVILEGES = ("InventoryService.Tagging.ObjectAttachable",)
_FOLDER_PRIVILEGES = ("Folder.Create",)


async def read_facts(context: Context, cluster: Cluster, spec: MigrationSpec, *, name: str) -> Facts:
    """Everything preflight judges by.

    Raises:
        OpenShiftError: the cluster cannot be read.
    """
    facts = await _read_cluster(cluster, spec)
    namespace = context.settings.namespace
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
        cluster.find(CLUSTER_CSI_DRIVER, DRIVER),
    )
    operators, sets, machines, checks, volumes = await asyncio.gather(
        cluster.list(CLUSTER_OPERATOR),
        cluster.list(MACHINE_SET),
        cluster.list(MACHINE),
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
        control_plane_machine_set=control_plane,
        health_checks=checks,
        autoscalers=autoscalers,
        persistent_volumes=volumes,
        csi_driver=csi,
        cloud_config_problem=await _cloud_config_problem(cluster, document, spec),
    )


async def _list(cluster: Cluster, resource: Resource) -> list[Document]:
    try:
        return await cluster.list(resource)
    except NotServed:
        return []


async def _cloud_config_problem(cluster: Cluster, document: Document, spec: MigrationSpec) -> str:
    """Why the edits of `update_config` and `cleanup` would fail on the text as it stands; empty if they would not."""
    name, key = read_infrastructure(document).cloud_config
    targets = infrastructure.targets(spec)
    sources = set(infrastructure.servers(document)) - {each.server for each in targets}
    try:
        text = await read_cloud_config(cluster, name=name, key=key)
        for each in targets:
            text = cloud_config.add(text, each)
        heir = spec.failure_domains[0].completed(infrastructure.name(document))
        for server in sorted(sources):
            text = cloud_config.remove(text, server=server, heir=heir)
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
        return await context.on(reference, _ask, domains, infrastructure_name)
    except VSphereError as error:
        return VCenterFacts(server=reference.server, problem=str(error.args[0]), remedy=error.remedy), []
    except OpenShiftError as error:
        if error.retryable:
            raise
        return VCenterFacts(server=reference.server, problem=str(error.args[0]), remedy=error.remedy), []


def _ask(
    vcenter: VCenter, domains: list[FailureDomain], infrastructure_name: str
) -> tuple[VCenterFacts, list[DomainFacts]]:
    about = vcenter.verify()
    server = vcenter.endpoint.server
    if not domains:
        return VCenterFacts(server=server, instance_uuid=about.instance_uuid), []
    service = Tags(vcenter)
    shapes = [REGION, ZONE, ownership(infrastructure_name)]
    present = service.categories([each.name for each in shapes])
    unusable = {
        each.name: problems
        for each in shapes
        if each.name in present and (problems := present[each.name].problems(each))
    }
    categories = {category.id: name for name, category in present.items()}
    facts = VCenterFacts(
        server=server,
        instance_uuid=about.instance_uuid,
        lacking=_lacking(vcenter, domains),
        unusable_categories=unusable,
    )
    return facts, [_ask_about(vcenter, service, each, categories) for each in domains]


def _places(domain: FailureDomain) -> dict[str, Place]:
    """The inventory paths of a failure domain that must be there, by what people call them.

    The folder is not among them: it is made where it is missing.
    """
    place = domain.topology
    return {
        "Datacenter": Place(kind="Datacenter", path=f"/{place.datacenter}"),
        "Compute cluster": Place(kind="ClusterComputeResource", path=place.compute_cluster),
        "Datastore": Place(kind="Datastore", path=place.datastore),
        "Resource pool": Place(kind="ResourcePool", path=place.resource_pool or ""),
        "Template": Place(kind="VirtualMachine", path=place.template or ""),
    }


def _ask_about(vcenter: VCenter, service: Tags, domain: FailureDomain, categories: dict[str, str]) -> DomainFacts:
    inventory = Inventory(vcenter)
    places = _places(domain)
    resolved = inventory.resolve(places.values())
    morefs = {label: resolved[place] for label, place in places.items()}
    missing = [Missing(kind=label, path=places[label].path) for label, found in morefs.items() if found is None]
    cluster = morefs["Compute cluster"]
    if cluster:
        usable = inventory.networks(cluster, domain.topology.networks)
        missing += [Missing(kind="Network", path=each) for each, found in usable.items() if len(found) != 1]
    carriers = {
        found: places[label].path for label in ("Datacenter", "Compute cluster") if (found := morefs[label]) is not None
    }
    return DomainFacts(
        name=domain.name,
        missing=missing,
        attached=[
            AttachedTag(object=path, category=categories[tag.category_id], tag=tag.name)
            for found, path in carriers.items()
            for tag in service.attached([found])[found]
            if tag.category_id in categories
        ],
        template=_template(inventory, places["Template"], morefs["Template"]),
        free_gib=_free(inventory, morefs["Datastore"]),
    )


def _template(inventory: Inventory, place: Place, found: Moref | None) -> Template | None:
    if found is None:
        return None
    folder = inventory.require(Place(kind="Folder", path=place.path.rpartition("/")[0]))
    vm = next((each for each in inventory.vms(folder) if each.moref == found), None)
    disks = inventory.disks_gib(found)
    return Template(hardware_version=vm.hardware_version if vm else 0, disk_gib=max(disks, default=0))


def _free(inventory: Inventory, found: Moref | None) -> float | None:
    return inventory.datastores([found])[found].free_gib if found else None


def _lacking(vcenter: VCenter, domains: Iterable[FailureDomain]) -> list[Lacking]:
    """The privileges that the phases themselves need; those of the cluster's own components are its owner's affair."""
    wanted: dict[Place, tuple[str, ...]] = {}
    for domain in domains:
        places = _places(domain)
        wanted[places["Datacenter"]] = _TAGGED_PRIVILEGES
        wanted[places["Compute cluster"]] = _TAGGED_PRIVILEGES
        wanted[Place(kind="Folder", path=f"/{domain.topology.datacenter}/vm")] = _FOLDER_PRIVILEGES
    found = Inventory(vcenter).resolve(wanted)
    root = moref(vcenter.content.rootFolder)
    asked = {root: _ROOT_PRIVILEGES} | {each: wanted[place] for place, each in found.items() if each}
    paths = {root: "/"} | {each: place.path for place, each in found.items() if each}
    lacks = privileges.missing(vcenter, asked)
    return [Lacking(object=paths[each], privileges=list(names)) for each, names in lacks.items()]
