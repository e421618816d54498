"""The control plane: pointed at the target, and followed until nothing of it is left on the source."""

from datetime import timedelta

from activities.cluster.machine_views import MACHINES, NODES, is_ready, machines, views
from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from activities.runtime.waiting import Unmet, until
from migration.frozen_model import FrozenModel
from migration.run.request import ClusterName
from migration.run.status import MachineView
from openshift import control_plane
from openshift.api.cache import Cache, WatchTarget
from openshift.api.resources import CONTROL_PLANE_MACHINE_SET
from openshift.control_plane import ControlPlane as ControlPlaneView
from openshift.control_plane import read_control_plane
from openshift.etcd import ENDPOINTS, members
from openshift.machines import NAMESPACE, Machine

SETS = WatchTarget(
    resource=CONTROL_PLANE_MACHINE_SET, namespace=NAMESPACE, field_selector=f"metadata.name={control_plane.NAME}"
)


class PointOrder(FrozenModel):
    """The failure domains that the control plane must live in.

    Attributes:
        if_active: leave it alone while it is Inactive.
    """

    cluster: str
    failure_domains: list[str]
    if_active: bool = False


class RollExpected(FrozenModel):
    """Every control-plane Machine must be on one of these servers, Ready, and a member of etcd."""

    cluster: str
    replicas: int
    servers: list[str]
    at_most: timedelta


class Pointed(FrozenModel):
    """What the ControlPlaneMachineSet says when read back."""

    state: str
    failure_domains: list[str]


class Rolled(FrozenModel):
    """The control-plane machines after the roll, and what proves it."""

    nodes: list[MachineView]
    evidence: list[str]


class ControlPlane:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="point_control_plane")
    async def point_at(self, order: PointOrder) -> Pointed:
        """Set failure domains and Active, unless they are set; what is Inactive stays so if the order says."""
        cluster = await self._context.cluster(order.cluster)
        if order.if_active:
            present = await control_plane.find_control_plane(cluster)
            if present and present.state != "Active":
                return Pointed(state=present.state, failure_domains=present.failure_domains)
        found = await control_plane.point_at(cluster, failure_domains=order.failure_domains)
        return Pointed(state=found.state, failure_domains=found.failure_domains)

    @defined(name="make_control_plane_set_inactive")
    async def make_inactive(self, name: ClusterName) -> None:
        """Have the ControlPlaneMachineSet describe instead of act, as it did before: its operator writes it anew."""
        await control_plane.make_inactive(await self._context.cluster(name.cluster))

    @defined(name="follow_control_plane", interruptible=True)
    async def follow(self, expected: RollExpected) -> Rolled:
        """Follow the roll, index by index.

        Raises:
            WaitFailed: a replacement is Failed, or the ControlPlaneMachineSet is gone.
            WaitTimedOut: `at_most` has passed.
        """
        cluster = await self._context.cluster(expected.cluster)
        seen: list[Rolled] = []

        def evaluate(cache: Cache) -> Unmet | None:
            masters = [each for each in machines(cache) if each.is_control_plane]
            nodes = views(masters, cache[NODES])
            new = [each for each in masters if each.server in expected.servers]
            old = [each for each in masters if each.server not in expected.servers]
            _refuse_failed(new)
            ready = [each for each in new if is_ready(cache[NODES].get(each.node or ""))]
            voting = members(cache)
            etcd = [each for each in ready if each.addresses and set(each.addresses) & voting]
            rolled = _rolled(cache)
            seen[:] = [
                Rolled(
                    nodes=list(nodes),
                    evidence=[
                        f"{len(new)} control-plane Machines on {', '.join(expected.servers)}, none elsewhere",
                        f"etcd has {len(voting)} members, all on new nodes",
                    ],
                )
            ]
            if rolled.rolled and len(masters) == len(etcd) == expected.replicas == len(voting):
                return None
            return Unmet(
                what="the control plane to roll",
                objects=[_told(each, cache) for each in masters if each in old or each not in etcd]
                or [f"ControlPlaneMachineSet: {rolled.updated} of {rolled.replicas} updated, {rolled.ready} ready"],
                done=len(etcd) if not old else min(len(etcd), expected.replicas - len(old)),
                total=expected.replicas,
                unblock=(
                    "OpenShift replaces one index at a time; an old master waits for its replacement's etcd member "
                    "(hook EtcdQuorumOperator), which is never to be removed by hand"
                ),
                note=_complaint(rolled),
                nodes=nodes,
            )

        await until(cluster, [MACHINES, NODES, SETS, ENDPOINTS], evaluate, at_most=expected.at_most)
        return seen[0]


def _rolled(cache: Cache) -> ControlPlaneView:
    document = cache[SETS].get(f"{NAMESPACE}/{control_plane.NAME}")
    if document is None:
        raise WaitFailed(
            "the ControlPlaneMachineSet is gone",
            remedy="somebody deleted it; once its operator has made a new one, retry recreates the roll",
        )
    return read_control_plane(document)


def _refuse_failed(new: list[Machine]) -> None:
    failed = [each for each in new if each.phase == "Failed"]
    if failed:
        raise WaitFailed(
            "; ".join(f"Machine {each.name} is Failed: {each.obstacle or 'no reason given'}" for each in failed),
            remedy="fix the cause, delete the Failed Machine, and retry: the operator makes a new one for its index",
        )


def _told(machine: Machine, cache: Cache) -> str:
    state = f"{machine.name} is {machine.phase or 'new'}"
    if machine.deleting_since:
        hooks = ", ".join(each.name for each in machine.hooks)
        return f"{state}: {machine.obstacle or (f'waits for hook {hooks}' if hooks else 'drains')}"
    if not is_ready(cache[NODES].get(machine.node or "")):
        return f"{state}, its node is not Ready yet"
    return f"{state}: {machine.obstacle}" if machine.obstacle else state


def _complaint(rolled: ControlPlaneView) -> str:
    degraded = rolled.conditions.get("Degraded")
    return f"its operator says: {degraded.message}" if degraded and degraded.status == "True" else ""
