"""Restart of the vSphere-aware pods; whether a pod is new is decided by its uid."""

from datetime import timedelta

from activities.cluster.machine_views import NODES
from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.waiting import Unmet, until
from migration.frozen_model import FrozenModel
from migration.run.request import ClusterName
from openshift import pods
from openshift.api.cache import Cache, WatchTarget
from openshift.api.resources import DAEMON_SET, DEPLOYMENT, POD
from openshift.pods import NAMESPACES, Workload

_OWNERS = [WatchTarget(resource=kind, namespace=each) for kind in (DEPLOYMENT, DAEMON_SET) for each in NAMESPACES]
_PODS = [WatchTarget(resource=POD, namespace=each) for each in NAMESPACES]


class OldPods(FrozenModel):
    """The workloads and their pods before the restart; in history before the first of them is deleted."""

    cluster: str
    workloads: list[Workload]

    @property
    def uids(self) -> list[str]:
        """The pods that must go."""
        return [uid for each in self.workloads for uid in each.pods.values()]


class ReplacedExpected(FrozenModel):
    """Every old pod gone, as many new ones Ready as each workload wants."""

    old: OldPods
    at_most: timedelta


class PodsReplaced(FrozenModel):
    """One sentence of what was seen."""

    evidence: str


class Pods:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="observe_pods")
    async def observe(self, name: ClusterName) -> OldPods:
        """The vSphere-aware workloads of this cluster, each with its pods of this moment."""
        cluster = await self._context.cluster(name.cluster)
        return OldPods(cluster=name.cluster, workloads=await pods.observe_workloads(cluster))

    @defined(name="delete_pods")
    async def delete(self, old: OldPods) -> None:
        """Delete exactly the observed pods; those that are gone already are let be."""
        cluster = await self._context.cluster(old.cluster)
        for each in old.workloads:
            await pods.restart(cluster, each)

    @defined(name="wait_pods_replaced", interruptible=True)
    async def wait_replaced(self, expected: ReplacedExpected) -> PodsReplaced:
        """Wait until every workload runs on new pods alone.

        Raises:
            WaitTimedOut: one does not after `at_most`.
        """
        old = expected.old
        cluster = await self._context.cluster(old.cluster)

        def evaluate(cache: Cache) -> Unmet | None:
            lacking = pods.outstanding(
                old.workloads,
                owners=[each for watched in _OWNERS for each in cache[watched].values()],
                pods=pods.on_nodes(
                    (each for watched in _PODS for each in cache[watched].values()), nodes=cache[NODES].keys()
                ),
            )
            if not lacking:
                return None
            return Unmet(
                what="new pods in the place of the old",
                objects=[f"{workload}: {lack}" for workload, lack in lacking.items()],
                done=len(old.workloads) - len(lacking),
                total=len(old.workloads),
                unblock="see the pods' events: an image that cannot be pulled, a node that has no room, a finalizer",
            )

        await until(cluster, [*_OWNERS, *_PODS, NODES], evaluate, at_most=expected.at_most)
        names = ", ".join(f"{each.namespace}/{each.name}" for each in old.workloads)
        return PodsReplaced(evidence=f"{len(old.uids)} pods replaced by new ones, all Ready: {names}")
