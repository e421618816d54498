"""The etcd operator. Contract:

- It works while its Deployment has a Running pod: scaled to 0 (and overridden in ClusterVersion, or it is put back),
  hooks stay and members neither come nor go.
- Every Ready master with a Ready etcd pod becomes a voting member `etcd_sync` after both were so; members are the
  entries of `openshift-etcd/etcd-endpoints` (member id to address), one change at a time, and only with quorum.
- Every master Machine carries the pre-drain hook that keeps its machine until etcd can spare the member.
- When a Machine is being deleted, its member is removed once as many healthy voters as the cluster is meant to have
  stand without it, and its hook after that: never fewer than quorum, never more than one at a time.
- A member with neither Node nor Machine is removed under the same condition.

No etcd cluster stands behind it: a member is healthy when its Node and its etcd pod are Ready. Rules: the operator's
machine-deletion-hooks and cluster-member-removal controllers.
"""

import asyncio
import hashlib
import logging
from functools import partial

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import address, holds, is_master, leaving
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP, MACHINE, NODE, POD
from lab.simulation.context import SimulationContext
from lab.simulation.operators.components import ETCD_OPERATOR, running_pods

log = logging.getLogger(__name__)
NAMESPACE, ENDPOINTS = "openshift-etcd", "etcd-endpoints"
HOOK = {"name": "EtcdQuorumOperator", "owner": "clusteroperator/etcd"}
ROLE = "machine.openshift.io/cluster-api-machine-role"


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(NODE, POD, MACHINE, CONFIG_MAP)
    await context.run_reconciler(partial(EtcdOperator(context).reconcile, trigger), trigger)


def member_id(node_name: str) -> str:
    """A member's id in etcd's own form, 64 bits in hex; derived from the name, so that it is always the same."""
    return hashlib.sha256(node_name.encode()).hexdigest()[:16]


def members(context: SimulationContext) -> dict[str, bool]:
    """Voting members by id, and whether each is healthy."""
    config = context.get(CONFIG_MAP, ENDPOINTS, namespace=NAMESPACE)
    healthy = {member_id(node["metadata"]["name"]) for node in ready_masters(context)}
    return {each: each in healthy for each in (config or {}).get("data", {})}


def ready_masters(context: SimulationContext) -> list[Document]:
    """The masters on which etcd runs."""
    found = []
    for node in context.store(NODE):
        pod = context.get(POD, f"etcd-{node['metadata']['name']}", namespace=NAMESPACE)
        if is_master(node) and holds(node, "Ready") and pod and holds(pod, "Ready"):
            found.append(node)
    return sorted(found, key=lambda node: str(node["metadata"]["creationTimestamp"]))


class EtcdOperator:
    def __init__(self, context: SimulationContext) -> None:
        self._context = context
        self._synced_at: dict[str, float] = {}  # by node uid

    async def reconcile(self, trigger: Trigger) -> None:
        if not running_pods(self._context, ETCD_OPERATOR):
            return
        machines = [
            each for each in self._context.store(MACHINE) if each["metadata"].get("labels", {}).get(ROLE) == "master"
        ]
        for machine in machines:
            if not leaving(machine) and HOOK not in _hooks(machine):
                await self._hook(machine, [*_hooks(machine), HOOK])
        if await self._remove_one(machines) or await self._promote_one(machines, trigger):
            return  # the change of the ConfigMap triggers us for the next
        for machine in machines:
            if leaving(machine) and HOOK in _hooks(machine) and member_id(_node(machine)) not in members(self._context):
                log.info("machine %s may go: its member is removed", machine["metadata"]["name"])
                await self._hook(machine, [each for each in _hooks(machine) if each != HOOK])

    async def _remove_one(self, machines: list[Document]) -> bool:
        """Remove one member that is to go, if enough healthy voters stand without it."""
        voters = members(self._context)
        leaves = {member_id(_node(each)) for each in machines if leaving(each)}
        backed = {member_id(_node(each)) for each in machines}
        backed |= {member_id(node["metadata"]["name"]) for node in self._context.store(NODE)}
        for each in voters:
            others = sum(healthy for other, healthy in voters.items() if other != each)
            if (each in leaves or each not in backed) and others >= self._context.scenario.masters:
                log.info("member %s removed, %d healthy voters remain", each, others)
                await self._write({each: None})
                return True
        return False

    async def _promote_one(self, machines: list[Document], trigger: Trigger) -> bool:
        """Make one synchronised learner a voter, if the voters have quorum."""
        loop = asyncio.get_running_loop()
        voters = members(self._context)
        leaves = {member_id(_node(each)) for each in machines if leaving(each)}
        learners = [
            node
            for node in ready_masters(self._context)
            if member_id(node["metadata"]["name"]) not in voters.keys() | leaves
        ]
        known = {node["metadata"]["uid"]: node for node in learners}
        self._synced_at = {uid: at for uid, at in self._synced_at.items() if uid in known}
        for uid, node in known.items():
            at = self._synced_at.setdefault(uid, loop.time() + self._context.delays.seconds("etcd_sync"))
            if loop.time() < at:
                trigger.later(at - loop.time())
            elif not voters or sum(voters.values()) > len(voters) / 2:
                name = node["metadata"]["name"]
                log.info("member %s of %s is a voter", member_id(name), name)
                await self._write({member_id(name): address(node)})
                return True
        return False

    async def _write(self, change: dict[str, str | None]) -> None:
        existing = self._context.get(CONFIG_MAP, ENDPOINTS, namespace=NAMESPACE)
        if existing is None:
            document = CONFIG_MAP.document(name=ENDPOINTS, namespace=NAMESPACE, data=change)
            await self._context.cluster.create(CONFIG_MAP, document)
        else:
            guarded = {"metadata": {"resourceVersion": existing["metadata"]["resourceVersion"]}, "data": change}
            await self._context.cluster.patch(CONFIG_MAP, existing, guarded)

    async def _hook(self, machine: Document, hooks: list[Document]) -> None:
        version = {"resourceVersion": machine["metadata"]["resourceVersion"]}
        change = {"metadata": version, "spec": {"lifecycleHooks": {"preDrain": hooks}}}
        await self._context.cluster.patch(MACHINE, machine, change)


def _hooks(machine: Document) -> list[Document]:
    hooks: list[Document] = machine["spec"].get("lifecycleHooks", {}).get("preDrain", [])
    return hooks


def _node(machine: Document) -> str:
    """Its Node's name; before the Node is linked, the hostname that it will have."""
    name: str = machine.get("status", {}).get("nodeRef", {}).get("name") or machine["metadata"]["name"]
    return name
