"""The folder for the cluster's VMs on a target vCenter."""

from temporalio import activity

from activities.context import Context
from migration.plan import VCenterReference
from migration.value import Value
from vsphere import folders, tags
from vsphere.session import VCenter


class FolderOrder(Value):
    """A folder that must be there, as inventory path, with the ownership tag on it."""

    vcenter: VCenterReference
    infrastructure_name: str
    datacenter: str
    path: str


class FolderSeen(Value):
    """What was read back, and the paths of the levels made by this very attempt."""

    evidence: list[str]
    created: list[str]


class Folders:
    def __init__(self, context: Context) -> None:
        self._context = context

    @activity.defn(name="ensure_folder")
    async def ensure(self, order: FolderOrder) -> FolderSeen:
        """Make the missing levels, tag the folder, and read both back."""
        return await self._context.on(order.vcenter, _ensure, order)


def _ensure(vcenter: VCenter, order: FolderOrder) -> FolderSeen:
    folder = folders.Folders(vcenter).ensure(order.path)
    service = tags.Tags(vcenter)
    category = service.ensure_category(tags.ownership(order.infrastructure_name))
    tag = service.ensure_tag(category.id, order.infrastructure_name, tags.OWNERSHIP_DESCRIPTION)
    service.attach(tag.id, folder.moref)
    names = [each.name for each in service.attached([folder.moref])[folder.moref]]
    return FolderSeen(
        evidence=[f"{order.vcenter.server}: {order.path} resolves, tags on it: {', '.join(names)}"],
        created=list(folder.created),
    )
