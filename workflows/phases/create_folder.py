"""Phase 6: the folder for the cluster's VMs on the target, with the ownership tag that lets an installer destroy it."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.folders import FolderOrder, FolderRemoval, Folders
    from migration.phase import PhaseName
    from migration.status import Claim
    from workflows.run import Run

name = PhaseName.CREATE_FOLDER


async def do(run: Run) -> list[str]:
    """Note which levels are there, ensure each failure domain's folder; two failure domains may share one."""
    orders = _orders(run)
    for order in orders:
        if (order.vcenter.server, order.path) not in run.images.folders:
            run.images.folders[order.vcenter.server, order.path] = await run.act(
                Folders.observe, order, f"which levels of {order.path} are there"
            )
    made = await asyncio.gather(
        *(run.act(Folders.ensure, order, f"folder {order.path} on {order.vcenter.server}") for order in orders)
    )
    return [sentence for each in made for sentence in each.evidence]


async def undo(run: Run) -> list[str]:
    """Delete the levels that were made here, if they are empty."""
    removed = [
        await run.act(
            Folders.remove,
            FolderRemoval(order=order, before=run.images.folders[order.vcenter.server, order.path]),
            f"delete our levels of {order.path} on {order.vcenter.server}",
        )
        for order in _orders(run)
        if (order.vcenter.server, order.path) in run.images.folders
    ]
    return [sentence for each in removed for sentence in each.evidence]


async def compare(run: Run) -> list[Claim]:
    """Whether the targets' folders are as they were."""
    return [
        await run.act(
            Folders.compare,
            FolderRemoval(order=order, before=run.images.folders[order.vcenter.server, order.path]),
            f"compare the folders on {order.vcenter.server}",
        )
        for order in _orders(run)
        if (order.vcenter.server, order.path) in run.images.folders
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
