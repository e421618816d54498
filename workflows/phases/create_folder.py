"""The folder for the cluster's VMs on the target, with the ownership tag that lets an installer destroy it."""

from activities.vcenter.folders import FolderOrder, FolderRemoval, TargetFolders
from migration.phase import PhaseName
from migration.plan import Plan
from migration.run.status import Claim
from workflows.run import Run, gather_all

name = PhaseName.CREATE_FOLDER


def touches(plan: Plan) -> list[str]:
    """Each failure domain's folder."""
    return [f"{each.server}: {each.topology.folder}" for each in plan.failure_domains]


async def observe(run: Run) -> None:
    """Note which levels are there."""
    for order in _orders(run):
        if run.images.folder(order.vcenter.server, order.path) is None:
            before = await run.act(TargetFolders.observe, order, f"which levels of {order.path} are there")
            run.images = run.images.with_folder(order.vcenter.server, order.path, before)


async def do(run: Run) -> list[str]:
    """Ensure each failure domain's folder; two failure domains may share one."""
    orders = _orders(run)
    made = await gather_all(
        *(run.act(TargetFolders.ensure, order, f"folder {order.path} on {order.vcenter.server}") for order in orders)
    )
    return [sentence for each in made for sentence in each.evidence]


async def undo(run: Run) -> list[str]:
    """Delete the levels that were made here, if they are empty."""
    removed = [
        await run.act(
            TargetFolders.remove, each, f"delete our levels of {each.order.path} on {each.order.vcenter.server}"
        )
        for each in _removals(run)
    ]
    return [sentence for each in removed for sentence in each.evidence]


async def compare(run: Run) -> list[Claim]:
    """Whether the targets' folders are as they were."""
    return [
        await run.act(TargetFolders.compare, each, f"compare the folders on {each.order.vcenter.server}")
        for each in _removals(run)
    ]


def _removals(run: Run) -> list[FolderRemoval]:
    """What was never looked at was never made."""
    return [
        FolderRemoval(order=order, before=before)
        for order in _orders(run)
        if (before := run.images.folder(order.vcenter.server, order.path))
    ]


def _orders(run: Run) -> list[FolderOrder]:
    plan = run.plan
    wanted = {
        (each.server, each.topology.datacenter, each.topology.folder)
        for each in plan.failure_domains
        if each.topology.folder
    }
    return [
        FolderOrder(
            vcenter=plan.target(server).reference,
            infrastructure_name=plan.infrastructure_name,
            datacenter=datacenter,
            path=path,
        )
        for server, datacenter, path in sorted(wanted)
    ]
