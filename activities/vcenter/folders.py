"""The folder for the cluster's VMs on a target vCenter."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.before_images import FolderBefore
from migration.frozen_model import FrozenModel
from migration.plan import VCenterReference
from migration.run.status import Claim
from vsphere import folders, tags
from vsphere.api.moref import Moref
from vsphere.api.session import VCenter


class FolderOrder(FrozenModel):
    """A folder that must be there, as inventory path, with the ownership tag on it."""

    vcenter: VCenterReference
    infrastructure_name: str
    datacenter: str
    path: str


class FolderSeen(FrozenModel):
    """What was read back, and the paths of the levels made by this very attempt."""

    evidence: list[str]
    created: list[str]


class FolderRemoval(FrozenModel):
    """A folder that need not be there any more, and which of its levels were there before."""

    order: FolderOrder
    before: FolderBefore


class TargetFolders:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="observe_folder")
    async def observe(self, order: FolderOrder) -> FolderBefore:
        """Which levels of the path are there already, and whether the ownership tag is."""
        return await self._context.on(order.vcenter, _observe, order)

    @defined(name="ensure_folder")
    async def ensure(self, order: FolderOrder) -> FolderSeen:
        """Make the missing levels, tag the folder, and read both back."""
        return await self._context.on(order.vcenter, _ensure, order)

    @defined(name="remove_folder")
    async def remove(self, removal: FolderRemoval) -> FolderSeen:
        """Delete the levels that were not there before, innermost first, each only if it is empty.

        A folder that was there without the ownership tag loses it again.
        """
        return await self._context.on(removal.order.vcenter, _remove, removal)

    @defined(name="compare_folder")
    async def compare(self, removal: FolderRemoval) -> Claim:
        """Whether none of the levels made here is left, and no tag of ours on what was there."""
        now = await self._context.on(removal.order.vcenter, _observe, removal.order)
        left = [each for each in now.existing if each not in removal.before.existing]
        if now.tagged and not removal.before.tagged:
            left.append(f"the ownership tag on {removal.order.path}")
        return Claim(
            claim=f"the folders on {removal.order.vcenter.server} are as they were",
            holds=not left,
            read=f"left: {', '.join(left)}" if left else "equal",
        )


def _levels(path: str) -> list[str]:
    """Every folder on the way to the path, below the datacenter's own `vm` folder, outermost first."""
    root, _, rest = path.rstrip("/").partition("/vm/")
    names = rest.split("/")
    return [f"{root}/vm/{'/'.join(names[: count + 1])}" for count in range(len(names))]


def _observe(vcenter: VCenter, order: FolderOrder) -> FolderBefore:
    service = folders.Folders(vcenter)
    existing = [each for each in _levels(order.path) if service.find(each)]
    return FolderBefore(existing=existing, tagged=_tagged(vcenter, order) is not None)


def _remove(vcenter: VCenter, removal: FolderRemoval) -> FolderSeen:
    service, path = folders.Folders(vcenter), removal.order.path
    if not removal.before.tagged and (attached := _tagged(vcenter, removal.order)):
        tags.TagService(vcenter).detach(*attached)
    ours = [each for each in reversed(_levels(path)) if each not in removal.before.existing]
    kept = [each for each in ours if not service.delete_if_empty(each)]
    left = f"; kept {', '.join(kept)}, which is not empty" if kept else ""
    return FolderSeen(evidence=[f"{removal.order.vcenter.server}: folders are as they were{left}"], created=[])


def _tagged(vcenter: VCenter, order: FolderOrder) -> tuple[str, Moref] | None:
    """The ownership tag's id and the folder that carries it; None where one of the three is missing."""
    service, folder = tags.TagService(vcenter), folders.Folders(vcenter).find(order.path)
    category = service.categories({tags.ownership(order.infrastructure_name).name}).values()
    found = [tag for each in category for tag in service.tags(each.id, [order.infrastructure_name]).values()]
    carrying = [(each.id, folder) for each in found if folder and folder in service.objects(each.id)]
    return carrying[0] if carrying else None


def _ensure(vcenter: VCenter, order: FolderOrder) -> FolderSeen:
    folder = folders.Folders(vcenter).ensure(order.path)
    service = tags.TagService(vcenter)
    category = service.ensure_category(tags.ownership(order.infrastructure_name))
    tag = service.ensure_tag(category.id, order.infrastructure_name, tags.OWNERSHIP_DESCRIPTION)
    service.attach(tag.id, folder.moref)
    names = [each.name for each in service.attached([folder.moref])[folder.moref]]
    return FolderSeen(
        evidence=[f"{order.vcenter.server}: {order.path} resolves, tags on it: {', '.join(names)}"],
        created=list(folder.created),
    )
