"""Steps that several phases share: restarting pods, seeing ownership tags, waiting until the cluster is stable."""

from activities.cluster.health import Health, StableExpected
from activities.cluster.pods import Pods, ReplacedExpected
from activities.vcenter.virtual_machines import TaggedExpected, VirtualMachines
from migration.run.request import ClusterName
from migration.run.status import MachineView
from workflows import timeouts
from workflows.run import Run, gather_all

RESTARTED_PODS = "the vSphere-aware pods of six namespaces, replaced by new ones"
"""What `restart_vsphere_pods` changes, for the person who approves it."""


async def restart_vsphere_pods(run: Run) -> list[str]:
    """Replace every vSphere-aware pod: after the target was added, and after the source was removed; the evidence.

    Which pods are old is written into history before the first is deleted. A retry deletes only what is left of those,
    and waits for pods with other uids: a pod that merely looks ready is not a restarted one.
    """
    old = await run.act(Pods.observe, ClusterName(cluster=run.plan.cluster), "which pods are there now")
    await run.act(Pods.delete, old, f"delete {len(old.uids)} vSphere-aware pods")
    replaced = await run.wait(
        Pods.wait_replaced,
        ReplacedExpected(old=old, at_most=timeouts.PODS),
        "wait for new pods in their place",
        at_most=timeouts.PODS,
    )
    return [replaced.evidence]


async def see_ownership_tags(run: Run, machines: list[MachineView]) -> list[str]:
    """See the ownership tag on new VMs: an installer finds them by it when the cluster is destroyed.

    Machine API attaches it to each VM that it clones if the tag exists by then, and reports nothing if it does not. So
    it is read back, on workers and masters alike. Returns the evidence, one sentence per folder.
    """
    plan = run.plan
    tagged = await gather_all(
        *(
            run.act(
                VirtualMachines.ensure_tagged,
                TaggedExpected(
                    vcenter=target.reference,
                    infrastructure_name=plan.infrastructure_name,
                    folders=sorted({each.topology.folder or "" for each in plan.domains_on(target.server)}),
                    names=[each.name for each in machines if each.server == target.server],
                ),
                f"ownership tag on every new VM on {target.server}",
            )
            for target in plan.targets
        )
    )
    return [sentence for each in tagged for sentence in each.evidence]


async def wait_until_stable(run: Run, *, excused: list[str]) -> str:
    """Wait until every operator but the excused has been stable for a whole window; returns the evidence.

    Before any machine moves, before success is claimed, and before a rollback is compared.
    """
    stable = await run.wait(
        Health.wait_stable,
        StableExpected(cluster=run.plan.cluster, excused=excused, at_most=timeouts.STABLE),
        "wait until every operator is stable",
        at_most=timeouts.STABLE,
    )
    return stable.evidence
