"""The source's workers are drained and deleted, now that the target's carry the cluster."""

from activities.cluster.machine_sets import MachineSetNames, MachineSets, SetsGone, SetsReady, SetsRestored
from activities.vcenter.virtual_machines import VirtualMachines, VmsGone
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run

name = PhaseName.SCALE_OLD


def touches(plan: Plan) -> list[str]:
    """The source's MachineSets."""
    return [f"MachineSet {each.name}: {each.replicas} → 0 replicas" for each in plan.source_sets]


async def do(run: Run) -> list[str]:
    """Scale to 0, follow the drains, and believe it only when vCenter has no VM of theirs left."""
    plan = run.plan
    sets = [each.name for each in plan.source_sets]
    await run.act(
        MachineSets.scale_to_zero, MachineSetNames(cluster=plan.cluster, names=sets), f"scale {', '.join(sets)} to 0"
    )
    left = await run.wait(
        MachineSets.wait_gone,
        SetsGone(
            cluster=plan.cluster,
            names=sets,
            nodes=[each.node for each in plan.source_vms if each.node],
            at_most=timeouts.DRAIN,
        ),
        "wait until the old workers are drained and deleted",
        at_most=timeouts.DRAIN,
    )
    run.tracker.saw(left.nodes)
    gone = await run.wait(
        VirtualMachines.wait_gone,
        VmsGone(
            vcenter=plan.source.reference,
            datacenters=plan.source.datacenters,
            names=[each.name for each in plan.source_vms],
            at_most=timeouts.DRAIN,
        ),
        "wait until the source holds no VM of the cluster",
        at_most=timeouts.DRAIN,
    )
    return [f"{', '.join(sets)} at 0, no Machine and no node left", gone.evidence]


async def undo(run: Run) -> list[str]:
    """Bring the old pools back at their recorded sizes, and wait until every node of theirs is Ready."""
    plan = run.plan
    sizes = {each.name: each.replicas for each in plan.source_sets}
    await run.act(
        MachineSets.restore,
        SetsRestored(cluster=plan.cluster, replicas=sizes),
        f"scale {', '.join(sizes)} back to their sizes",
    )
    ready = await run.wait(
        MachineSets.wait_ready,
        SetsReady(cluster=plan.cluster, replicas=sizes, at_most=timeouts.WORKERS),
        "wait until every old worker is a Ready node again",
        at_most=timeouts.WORKERS,
    )
    run.tracker.saw(ready.nodes)
    return [f"{ready.count} workers on {plan.source.server} Running, their nodes Ready"]
