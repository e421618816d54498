"""One MachineSet per source set and failure domain; the total is kept, the spread is even."""

from activities.cluster.machine_sets import MachineSetNames, MachineSets, NewSetOrder, SetsGone, SetsReady
from activities.vcenter.virtual_machines import VirtualMachines, VmsGone
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run, gather_all
from workflows.shared_steps import see_ownership_tags

name = PhaseName.CREATE_WORKERS


def touches(plan: Plan) -> list[str]:
    """The MachineSets that it makes."""
    return [f"+ MachineSet {each.name}: {each.replicas} in {each.failure_domain}" for each in plan.new_sets]


async def do(run: Run) -> list[str]:
    """Create them all at once, wait until each replica is a Ready node, and see the ownership tag on every VM."""
    plan = run.plan
    await gather_all(
        *(
            run.act(
                MachineSets.create,
                NewSetOrder(
                    cluster=plan.cluster,
                    infrastructure_name=plan.infrastructure_name,
                    new_set=each,
                    failure_domain=plan.failure_domain(each.failure_domain),
                ),
                f"MachineSet {each.name}: {each.replicas} in {each.failure_domain}",
            )
            for each in plan.new_sets
        )
    )
    ready = await run.wait(
        MachineSets.wait_ready,
        SetsReady(
            cluster=plan.cluster,
            replicas={each.name: each.replicas for each in plan.new_sets},
            at_most=timeouts.WORKERS,
        ),
        "wait until every new worker is a Ready node",
        at_most=timeouts.WORKERS,
    )
    run.tracker.saw(ready.nodes)
    tagged = await see_ownership_tags(run, ready.nodes)
    return [
        f"{ready.count} new workers Running, their nodes Ready",
        *tagged,
    ]


async def undo(run: Run) -> list[str]:
    """Scale the new sets to 0, see their Machines, nodes and VMs gone, and delete them."""
    plan = run.plan
    sets = [each.name for each in plan.new_sets]
    await run.act(
        MachineSets.scale_to_zero, MachineSetNames(cluster=plan.cluster, names=sets), f"scale {', '.join(sets)} to 0"
    )
    left = await run.wait(
        MachineSets.wait_gone,
        SetsGone(cluster=plan.cluster, names=sets, nodes=[], at_most=timeouts.DRAIN),
        "wait until the new workers are drained and deleted",
        at_most=timeouts.DRAIN,
    )
    run.tracker.saw(left.nodes)
    gone = [
        await run.wait(
            VirtualMachines.wait_gone,
            VmsGone(
                vcenter=target.reference,
                datacenters=target.datacenters,
                prefixes=plan.worker_prefixes,
                at_most=timeouts.DRAIN,
            ),
            f"wait until {target.server} holds no worker of the cluster",
            at_most=timeouts.DRAIN,
        )
        for target in plan.targets
    ]
    await run.act(MachineSets.delete, MachineSetNames(cluster=plan.cluster, names=sets), f"delete {', '.join(sets)}")
    return [f"MachineSets {', '.join(sets)} deleted", *(each.evidence for each in gone)]
