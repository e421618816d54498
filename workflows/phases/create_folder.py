"""Phase 6: the folder for the cluster's VMs on the target, with the ownership tag that lets an installer destroy it."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.folders import FolderOrder, Folders
    from migration.phase import PhaseName
    from workflows.run import Run

name = PhaseName.CREATE_FOLDER


async def do(run: Run) -> list[str]:
    """Ensure each failure domain's folder, level by level; two failure domains may share one."""
    plan = run.plan
    wanted = {
        (each.server, each.topology.datacenter, each.topology.folder)
        for each in plan.failure_domains
        if each.topology.folder
    }
    made = await asyncio.gather(
        *(
            run.act(
                Folders.ensure,
                FolderOrder(
                    vcenter=plan.target(server).reference,
                    infrastructure_name=plan.infrastructure_name,
                    datacenter=datacenter,
                    path=path,
                ),
                f"folder {path} on {server}",
            )
            for server, datacenter, path in sorted(wanted)
        )
    )
    return [sentence for each in made for sentence in each.evidence]
