"""Region, zone and ownership tags on a target vCenter."""

from temporalio import activity

from activities.context import Context
from activities.failures import Stuck
from migration.failure_domain import FailureDomain
from migration.plan import VCenterReference
from migration.value import Value
from vsphere.inventory import Inventory, Place
from vsphere.moref import Moref
from vsphere.session import VCenter
from vsphere.tags import OWNERSHIP_DESCRIPTION, REGION, ZONE, CategoryShape, ownership
from vsphere.tags import Tags as TagService


class TagsOrder(Value):
    """Which tags a vCenter must have, and on what."""

    vcenter: VCenterReference
    infrastructure_name: str
    failure_domains: list[FailureDomain]


class TagsSeen(Value):
    """What was read back, and the ids of what was created by this very attempt."""

    evidence: list[str]
    created: list[str]


class Tags:
    def __init__(self, context: Context) -> None:
        self._context = context

    @activity.defn(name="ensure_tags")
    async def ensure(self, order: TagsOrder) -> TagsSeen:
        """Make what is missing, leave what is there, and read the attachments back."""
        return await self._context.on(order.vcenter, _ensure, order)


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
        raise Stuck(
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
