"""Region, zone and ownership tags on a target vCenter."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from migration.before_images import TagsBefore
from migration.frozen_model import FrozenModel
from migration.plan import VCenterReference
from migration.run.status import Claim
from migration.spec.failure_domain import FailureDomain
from vsphere.api.moref import Moref
from vsphere.api.session import VCenter
from vsphere.inventory import Inventory, Place
from vsphere.tags import OWNERSHIP_DESCRIPTION, REGION, ZONE, CategoryShape, TagService, ownership


class TagsOrder(FrozenModel):
    """Which tags a vCenter must have, and on what."""

    vcenter: VCenterReference
    infrastructure_name: str
    failure_domains: list[FailureDomain]


class TagsSeen(FrozenModel):
    """What was read back, and the ids of what was created by this very attempt."""

    evidence: list[str]
    created: list[str]


class TagsRemoval(FrozenModel):
    """Tags that a vCenter need not have any more, and what was there before."""

    order: TagsOrder
    before: TagsBefore


class TargetTags:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="observe_tags")
    async def observe(self, order: TagsOrder) -> TagsBefore:
        """What of the wanted tags is there already."""
        return await self._context.on(order.vcenter, _observe, order)

    @defined(name="ensure_tags")
    async def ensure(self, order: TagsOrder) -> TagsSeen:
        """Make what is missing, leave what is there, and read the attachments back."""
        return await self._context.on(order.vcenter, _ensure, order)

    @defined(name="remove_tags")
    async def remove(self, removal: TagsRemoval) -> TagsSeen:
        """Remove what was not there before and nobody else uses: attachments, then tags, then categories.

        The ownership tag bears the cluster's name: nobody else uses it, whatever still carries it.
        """
        return await self._context.on(removal.order.vcenter, _remove, removal)

    @defined(name="compare_tags")
    async def compare(self, removal: TagsRemoval) -> Claim:
        """Whether the tags are as they were, but for those that others have come to use."""
        return await self._context.on(removal.order.vcenter, _compare, removal)


def _compare(vcenter: VCenter, removal: TagsRemoval) -> Claim:
    now, before = _observe(vcenter, removal.order), removal.before
    more = [*set(now.tags) - set(before.tags), *set(now.attached) - set(before.attached)]
    less = [*set(before.tags) - set(now.tags), *set(before.attached) - set(now.attached)]
    service, inventory = TagService(vcenter), Inventory(vcenter)
    categories = service.categories(now.categories)
    shared = []
    for each in set(now.tags) - set(before.tags):
        category, _, name = each.partition("/")
        if category == ownership(removal.order.infrastructure_name).name:
            continue
        if _used(service, inventory, service.tags(categories[category].id, [name])[name].id):
            shared.append(each)
    ours = sorted(set(more) - set(shared))
    told = {"left": ours, "missing": less}
    differs = "; ".join(f"{what}: {', '.join(some)}" for what, some in told.items() if some)
    said = f"; used by others and kept: {', '.join(shared)}" if shared else ""
    return Claim(
        claim=f"the tags on {removal.order.vcenter.server} are as they were",
        holds=not ours and not less,
        read=(differs or "equal") + said,
    )


def _used(service: TagService, inventory: Inventory, tag: str) -> bool:
    """Whether anything that is still there carries the tag."""
    return any(inventory.exists(each) for each in service.objects(tag))


def _wanted(order: TagsOrder) -> list[tuple[CategoryShape, str, Place | None]]:
    """Category, tag, and what it is attached to (the ownership tag: only later, to the folder and to VMs)."""
    wanted: list[tuple[CategoryShape, str, Place | None]] = []
    for domain in order.failure_domains:
        place = domain.topology
        wanted += [
            (REGION, domain.region, Place(kind="Datacenter", path=f"/{place.datacenter}")),
            (ZONE, domain.zone, Place(kind="ClusterComputeResource", path=place.compute_cluster)),
        ]
    return [*wanted, (ownership(order.infrastructure_name), order.infrastructure_name, None)]


def _observe(vcenter: VCenter, order: TagsOrder) -> TagsBefore:
    service, inventory = TagService(vcenter), Inventory(vcenter)
    wanted = _wanted(order)
    categories = service.categories({shape.name for shape, _, _ in wanted})
    found: dict[str, list[str]] = {"tags": [], "attached": []}
    for shape, name, place in wanted:
        category = categories.get(shape.name)
        tag = service.tags(category.id, [name]).get(name) if category else None
        if tag is None:
            continue
        found["tags"].append(f"{shape.name}/{name}")
        if place and inventory.require(place) in service.objects(tag.id):
            found["attached"].append(f"{shape.name}/{name} on {place.path}")
    return TagsBefore(categories=sorted(categories), tags=found["tags"], attached=found["attached"])


def _remove(vcenter: VCenter, removal: TagsRemoval) -> TagsSeen:
    service, inventory, before = TagService(vcenter), Inventory(vcenter), removal.before
    wanted = _wanted(removal.order)
    categories = service.categories({shape.name for shape, _, _ in wanted})
    kept = []
    for shape, name, place in wanted:
        category = categories.get(shape.name)
        tag = service.tags(category.id, [name]).get(name) if category else None
        if tag is None:
            continue
        if place and f"{shape.name}/{name} on {place.path}" not in before.attached:
            service.detach(tag.id, inventory.require(place))
        if f"{shape.name}/{name}" not in before.tags:
            if place and _used(service, inventory, tag.id):
                kept.append(f"tag {shape.name}/{name}, which others use")
            else:
                service.delete_tag(tag.id)
    for name, category in categories.items():
        if name not in before.categories and service.is_empty(category.id):
            service.delete_category(category.id)
    left = f"; kept {', '.join(kept)}" if kept else ""
    return TagsSeen(evidence=[f"{removal.order.vcenter.server}: tags are as they were{left}"], created=[])


def _ensure(vcenter: VCenter, order: TagsOrder) -> TagsSeen:
    service, created = TagService(vcenter), list[str]()
    _tag(service, ownership(order.infrastructure_name), order.infrastructure_name, OWNERSHIP_DESCRIPTION, created)
    wanted: dict[Moref, set[str]] = {}
    for domain in order.failure_domains:
        place = domain.topology
        inventory = Inventory(vcenter)
        for kind, path, shape, value in (
            ("Datacenter", f"/{place.datacenter}", REGION, domain.region),
            ("ClusterComputeResource", place.compute_cluster, ZONE, domain.zone),
        ):
            target = inventory.require(Place(kind=kind, path=path))
            word = "region" if shape is REGION else "zone"
            tag = _tag(service, shape, value, f"OpenShift {word} {value}", created)
            if service.attach(tag, target):
                created.append(f"{value} on {path}")
            wanted.setdefault(target, set()).add(value)
    attached = service.attached(list(wanted))
    lacking = [
        f"{target}: {value}"
        for target, values in wanted.items()
        for value in values
        if value not in {t.name for t in attached[target]}
    ]
    if lacking:
        raise WaitFailed(
            f"tags were attached and are not there when read back: {', '.join(lacking)}",
            remedy="see in vCenter's events who removes them, then retry",
        )
    return TagsSeen(
        evidence=[
            f"{order.vcenter.server}: {each.name} carries region {each.region} and zone {each.zone}"
            for each in order.failure_domains
        ]
        + [f"{order.vcenter.server}: ownership tag {order.infrastructure_name} exists"],
        created=created,
    )


def _tag(service: TagService, shape: CategoryShape, name: str, description: str, created: list[str]) -> str:
    """The id of a tag in a category, either of which is made if missing."""
    category = service.ensure_category(shape)
    tag = service.ensure_tag(category.id, name, description)
    created += [f"category {shape.name}"] if category.created else []
    created += [f"tag {shape.name}/{name}"] if tag.created else []
    return tag.id
