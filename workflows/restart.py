"""Restarting the vSphere-aware pods: after the target was added, and again after the source was removed.

Which pods are old is written into history before the first is deleted. A retry deletes only what is left of those, and
waits for pods with other uids: a pod that merely looks ready is not a restarted one.
"""

from activities.cluster.pods import Pods, ReplacedExpected
from migration.run.request import ClusterName
from workflows import timeouts
from workflows.run import Run


async def restart_vsphere_pods(run: Run) -> list[str]:
    """Replace every vSphere-aware pod; returns the evidence."""
    old = await run.act(Pods.observe, ClusterName(cluster=run.plan.cluster), "which pods are there now")
    await run.act(Pods.delete, old, f"delete {len(old.uids)} vSphere-aware pods")
    replaced = await run.wait(
        Pods.wait_replaced,
        ReplacedExpected(old=old, at_most=timeouts.PODS),
        "wait for new pods in their place",
        at_most=timeouts.PODS,
    )
    return [replaced.evidence]
