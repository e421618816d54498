"""What one vCenter answers to preflight: its identity, its categories, and for each failure domain what is there."""

from collections.abc import Iterable

from migration.preflight.facts import AttachedTag, DomainFacts, MissingObject, MissingPrivileges, Template, VCenterFacts
from migration.spec.failure_domain import FailureDomain
from vsphere import privileges
from vsphere.api.moref import Moref, moref
from vsphere.api.session import VCenter
from vsphere.inventory import Inventory, Place
from vsphere.tags import REGION, ZONE, TagService, ownership

_ROOT_PRIVILEGES = (
    "InventoryService.Tagging.AttachTag",
    "InventoryService.Tagging.CreateCategory",
    "InventoryService.Tagging.CreateTag",
)
_TAGGED_PRIVILEGES = ("InventoryService.Tagging.ObjectAttachable",)
_FOLDER_PRIVILEGES = ("Folder.Create",)


def ask(
    vcenter: VCenter, domains: list[FailureDomain], infrastructure_name: str
) -> tuple[VCenterFacts, list[DomainFacts]]:
    """Log in on both APIs, and look at each failure domain; a vCenter without any is only identified."""
    about = vcenter.verify()
    server = vcenter.endpoint.server
    if not domains:
        return VCenterFacts(server=server, instance_uuid=about.instance_uuid), []
    service = TagService(vcenter)
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


def _ask_about(vcenter: VCenter, service: TagService, domain: FailureDomain, categories: dict[str, str]) -> DomainFacts:
    inventory = Inventory(vcenter)
    places = _places(domain)
    resolved = inventory.resolve(places.values())
    morefs = {label: resolved[place] for label, place in places.items()}
    missing = [MissingObject(kind=label, path=places[label].path) for label, found in morefs.items() if found is None]
    cluster = morefs["Compute cluster"]
    if cluster:
        usable = inventory.networks(cluster, domain.topology.networks)
        missing += [MissingObject(kind="Network", path=each) for each, found in usable.items() if len(found) != 1]
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


def _lacking(vcenter: VCenter, domains: Iterable[FailureDomain]) -> list[MissingPrivileges]:
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
    return [MissingPrivileges(object=paths[each], privileges=list(names)) for each, names in lacks.items()]
