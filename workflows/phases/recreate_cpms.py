"""The control plane rolls to the target, one index at a time, by OpenShift's own operator.

We point the ControlPlaneMachineSet at the target's failure domains and follow. It creates before it deletes, and
etcd's own pre-drain hook holds each old master until its replacement votes: neither is ever overridden by us.
"""

from activities.cluster.control_plane import ControlPlane, PointOrder, Rolled, RollExpected
from activities.vcenter.virtual_machines import VirtualMachines, VmsGone
from migration.phase import PhaseName
from migration.plan import Plan
from migration.run.request import ClusterName
from workflows import timeouts
from workflows.run import Run
from workflows.shared_steps import see_ownership_tags

name = PhaseName.RECREATE_CPMS


def touches(plan: Plan) -> list[str]:
    """The ControlPlaneMachineSet, and each control-plane Machine."""
    return [
        f"ControlPlaneMachineSet cluster: Active in {', '.join(plan.control_plane.target_failure_domains)}",
        *(f"Machine {each}: replaced on {', '.join(plan.target_servers)}" for each in plan.control_plane.machines),
    ]


async def do(run: Run) -> list[str]:
    """Point, follow index by index, and see the old masters' VMs gone from the source."""
    plan = run.plan
    rolled = await _roll(run, to=plan.control_plane.target_failure_domains, servers=plan.target_servers)
    gone = await run.wait(
        VirtualMachines.wait_gone,
        VmsGone(
            vcenter=plan.source.reference,
            datacenters=plan.source.datacenters,
            names=plan.control_plane.machines,
            at_most=timeouts.CONTROL_PLANE,
        ),
        "wait until the old masters' VMs are gone",
        at_most=timeouts.CONTROL_PLANE,
    )
    return [*rolled.evidence, gone.evidence, *await see_ownership_tags(run, rolled.nodes)]


async def undo(run: Run) -> list[str]:
    """Point it back at the source, follow the roll, see the target's masters gone; Inactive again if it was.

    One that is Inactive still was never pointed at anything: making it Active could roll masters for nothing.
    """
    plan = run.plan
    inactive = plan.control_plane.state == "Inactive"
    source = plan.control_plane.source_failure_domains
    rolled = await _roll(run, to=source, servers=[plan.source.server], if_active=inactive)
    gone = [
        await run.wait(
            VirtualMachines.wait_gone,
            VmsGone(
                vcenter=target.reference,
                datacenters=target.datacenters,
                prefixes=[plan.master_prefix],
                at_most=timeouts.CONTROL_PLANE,
            ),
            f"wait until {target.server} holds no master of the cluster",
            at_most=timeouts.CONTROL_PLANE,
        )
        for target in plan.targets
    ]
    if inactive:
        await run.act(ControlPlane.make_inactive, ClusterName(cluster=plan.cluster), "Inactive again, as it was")
    return [*rolled.evidence, *(each.evidence for each in gone)]


async def _roll(run: Run, *, to: list[str], servers: list[str], if_active: bool = False) -> Rolled:
    """Have the control plane live in these failure domains, or where its own template says if there are none."""
    plan = run.plan
    where = ", ".join(to) or "its own workspace"
    pointed = await run.act(
        ControlPlane.point_at,
        PointOrder(cluster=plan.cluster, failure_domains=to, if_active=if_active),
        f"ControlPlaneMachineSet to {where}",
    )
    if pointed.state != "Active":
        return Rolled(nodes=[], evidence=["the ControlPlaneMachineSet is Inactive still: it has moved nothing"])
    rolled = await run.wait(
        ControlPlane.follow,
        RollExpected(
            cluster=plan.cluster,
            replicas=plan.control_plane.replicas,
            servers=servers,
            at_most=timeouts.CONTROL_PLANE,
        ),
        f"follow the control plane's roll to {where}",
        at_most=timeouts.CONTROL_PLANE,
    )
    run.tracker.saw(rolled.nodes)
    return rolled
