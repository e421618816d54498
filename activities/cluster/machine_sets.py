"""Workers: new MachineSets on the target, and the source's scaled down and deleted."""

from datetime import timedelta

from activities.cluster.machine_views import MACHINES, NODES, is_ready, machines, views
from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from activities.runtime.waiting import Unmet, until
from migration.documents.machine_sets import machine_set
from migration.frozen_model import FrozenModel
from migration.plan import NewSet
from migration.run.status import MachineView
from migration.spec.failure_domain import FailureDomain
from openshift import machines as machine_api
from openshift.api.cache import Cache
from openshift.api.resources import MACHINE_SET
from openshift.machines import NAMESPACE, Machine


class NewSetOrder(FrozenModel):
    """One MachineSet to make on the target, patterned on one of the source."""

    cluster: str
    infrastructure_name: str
    new_set: NewSet
    failure_domain: FailureDomain


class SetsReady(FrozenModel):
    """MachineSets and how many replicas of each must be Running with a Ready node."""

    cluster: str
    replicas: dict[str, int]
    at_most: timedelta


class MachineSetNames(FrozenModel):
    """MachineSets of the source, by the names that preflight pinned."""

    cluster: str
    names: list[str]


class SetsRestored(FrozenModel):
    """MachineSets of the source and the replicas they had when the plan was pinned."""

    cluster: str
    replicas: dict[str, int]


class SetsGone(FrozenModel):
    """MachineSets that must have no Machine left, and Nodes that must be gone with them."""

    cluster: str
    names: list[str]
    nodes: list[str]
    at_most: timedelta


class SetsSeen(FrozenModel):
    """The MachineSets as read back."""

    names: list[str]


class MachinesSeen(FrozenModel):
    """The machines that were waited for (or are left), as last seen."""

    count: int
    nodes: list[MachineView]


class MachineSets:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="create_machine_set")
    async def create(self, order: NewSetOrder) -> SetsSeen:
        """Create it, or find that an earlier attempt did."""
        cluster = await self._context.cluster(order.cluster)
        pattern = await cluster.get(MACHINE_SET, order.new_set.pattern, namespace=NAMESPACE)
        made = await machine_api.create_machine_set(
            cluster,
            machine_set(
                pattern,
                name=order.new_set.name,
                replicas=order.new_set.replicas,
                failure_domain=order.failure_domain,
                infrastructure_name=order.infrastructure_name,
            ),
        )
        return SetsSeen(names=[made.name])

    @defined(name="wait_workers_ready", interruptible=True)
    async def wait_ready(self, expected: SetsReady) -> MachinesSeen:
        """Wait until every wanted replica is a Running Machine with a Ready Node.

        Raises:
            WaitFailed: a Machine is Failed, which is final.
            WaitTimedOut: `at_most` has passed.
        """
        cluster = await self._context.cluster(expected.cluster)
        seen: list[MachinesSeen] = []

        def evaluate(cache: Cache) -> Unmet | None:
            mine = [each for each in machines(cache) if each.machine_set in expected.replicas]
            _refuse_failed(mine)
            nodes = views(mine, cache[NODES])
            ready = [each for each in mine if each.phase == "Running" and is_ready(cache[NODES].get(each.node or ""))]
            total = sum(expected.replicas.values())
            seen[:] = [MachinesSeen(count=len(ready), nodes=list(nodes))]
            if all(_count(ready, name) >= wanted for name, wanted in expected.replicas.items()):
                return None
            return Unmet(
                what="new workers to be Ready nodes",
                objects=[_lacks(each) for each in mine if each not in ready] or ["no Machine yet"],
                done=len(ready),
                total=total,
                unblock="Machine API clones, the node boots and joins; the Machine's conditions say what is amiss",
                nodes=nodes,
            )

        await until(cluster, [MACHINES, NODES], evaluate, at_most=expected.at_most)
        return seen[0]

    @defined(name="scale_machine_sets_to_zero")
    async def scale_to_zero(self, order: MachineSetNames) -> SetsSeen:
        """Scale each to 0; nothing else of a source MachineSet is ever edited.

        One that is not there has no replicas: an undo meets sets that were never made, or are deleted already.
        """
        cluster = await self._context.cluster(order.cluster)
        there = [each.name for each in await machine_api.list_machine_sets(cluster) if each.name in order.names]
        return SetsSeen(names=[(await machine_api.scale(cluster, each, replicas=0)).name for each in there])

    @defined(name="restore_machine_sets")
    async def restore(self, order: SetsRestored) -> SetsSeen:
        """Scale each back to its recorded size."""
        cluster = await self._context.cluster(order.cluster)
        scaled = [
            await machine_api.scale(cluster, name, replicas=replicas) for name, replicas in order.replicas.items()
        ]
        return SetsSeen(names=[each.name for each in scaled])

    @defined(name="wait_workers_gone", interruptible=True)
    async def wait_gone(self, expected: SetsGone) -> MachinesSeen:
        """Wait until the sets' Machines and their Nodes are gone; what is left of the cluster is returned.

        Raises:
            WaitTimedOut: some are left after `at_most`.
        """
        cluster = await self._context.cluster(expected.cluster)
        left: list[MachinesSeen] = []
        doomed = set(expected.nodes)

        def evaluate(cache: Cache) -> Unmet | None:
            every = machines(cache)
            old = [each for each in every if each.machine_set in expected.names]
            kept = {each.node for each in every if each not in old}
            doomed.update(each.node for each in old if each.node)
            nodes = sorted(each for each in doomed - kept if each in cache[NODES])
            left[:] = [MachinesSeen(count=len(every) - len(old), nodes=list(views(every, cache[NODES])))]
            if not old and not nodes:
                return None
            return Unmet(
                what="old workers to be drained and deleted",
                objects=[_lacks(each) for each in old] or [f"Node {each}" for each in nodes],
                done=len(doomed) - len(nodes),
                total=len(doomed),
                unblock="a PodDisruptionBudget or attached volume may hold one: see the Machine's conditions",
                nodes=views(every, cache[NODES]),
            )

        await until(cluster, [MACHINES, NODES], evaluate, at_most=expected.at_most)
        return left[0]

    @defined(name="delete_machine_sets")
    async def delete(self, order: MachineSetNames) -> SetsSeen:
        """Delete the emptied sets; one that still wants or has Machines is refused."""
        cluster = await self._context.cluster(order.cluster)
        for each in order.names:
            await machine_api.delete_machine_set(cluster, each)
        return SetsSeen(names=order.names)


def _refuse_failed(mine: list[Machine]) -> None:
    failed = [each for each in mine if each.phase == "Failed"]
    if failed:
        raise WaitFailed(
            "; ".join(f"Machine {each.name} is Failed: {each.obstacle or 'no reason given'}" for each in failed),
            remedy=(
                "a Failed Machine is never reconciled again: fix the cause, delete the Machine "
                f"(oc delete machine -n {NAMESPACE} {failed[0].name}), and retry once its MachineSet has made a new one"
            ),
        )


def _count(ready: list[Machine], name: str) -> int:
    return sum(each.machine_set == name for each in ready)


def _lacks(machine: Machine) -> str:
    held = f": {machine.obstacle}" if machine.obstacle else ""
    node = "" if machine.node else ", no node yet"
    return f"{machine.name} is {machine.phase or 'new'}{node if not machine.deleting_since else ''}{held}"
