"""The hook that keeps a master's machine until etcd can spare its member."""

from typing import Any

import pytest

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP, MACHINE, NODE, POD
from lab.simulation.context import SimulationContext
from lab.simulation.operators import etcd_operator
from lab.simulation.operators.components import ETCD_OPERATOR
from lab.simulation.operators.etcd_operator import HOOK, EtcdOperator, member_id, members
from tests.simulation.helpers import living, make_machine, make_node, make_pod, seen, synced

MACHINES = "openshift-machine-api"
MASTERS = ("m-0", "m-1", "m-2")


async def make_master(context: SimulationContext, name: str, *, ready: bool = True) -> Document:
    node = await make_node(context, name, master=True, ready=ready)
    await make_pod(context, f"etcd-{name}", namespace="openshift-etcd", labels={"app": "etcd"}, node=name, ready=ready)
    return node


async def make_operator_pod(context: SimulationContext) -> Document:
    return await make_pod(context, "operator", namespace=ETCD_OPERATOR.namespace, labels=ETCD_OPERATOR.labels)


async def reconciled(context: SimulationContext, operator: EtcdOperator) -> None:
    """Reconcile until nothing changes any more."""
    before: Any = None
    while before != (before := (await state(context))):
        await operator.reconcile(Trigger())
        config = await context.cluster.get(CONFIG_MAP, "etcd-endpoints", namespace="openshift-etcd")
        await synced(context, config, *(await context.cluster.all(MACHINE))[0])


async def state(context: SimulationContext) -> Any:
    machines = {each["metadata"]["name"]: each["spec"] for each in (await context.cluster.all(MACHINE))[0]}
    configs = [
        each for each in (await context.cluster.all(CONFIG_MAP))[0] if each["metadata"]["name"] == "etcd-endpoints"
    ]
    return machines, [each.get("data") for each in configs]


def hooked(context: SimulationContext, name: str) -> bool:
    machine = context.get(MACHINE, name, namespace=MACHINES) or {"spec": {}}
    return HOOK in machine["spec"].get("lifecycleHooks", {}).get("preDrain", [])


@pytest.fixture
async def operator(context: SimulationContext) -> EtcdOperator:
    """Three masters, three voters, one machine being deleted."""
    await make_operator_pod(context)
    for name in MASTERS:
        await make_master(context, name)
        await make_machine(context, name)
    operator = EtcdOperator(context)
    await reconciled(context, operator)
    assert members(context) == {member_id(name): True for name in MASTERS}
    assert all(hooked(context, name) for name in MASTERS)
    await context.cluster.delete(MACHINE, context.get(MACHINE, "m-0", namespace=MACHINES) or {})
    await synced(context, await context.cluster.get(MACHINE, "m-0", namespace=MACHINES))
    return operator


async def test_without_a_replacement_the_hook_stays(context: SimulationContext, operator: EtcdOperator) -> None:
    await reconciled(context, operator)
    assert hooked(context, "m-0")
    assert member_id("m-0") in members(context)


async def test_a_replacement_that_is_not_ready_is_none(context: SimulationContext, operator: EtcdOperator) -> None:
    await make_machine(context, "m-3")
    await make_master(context, "m-3", ready=False)
    await reconciled(context, operator)
    assert hooked(context, "m-0")
    assert member_id("m-3") not in members(context)


async def test_the_member_goes_before_the_hook_once_a_replacement_votes(
    context: SimulationContext, operator: EtcdOperator
) -> None:
    await make_machine(context, "m-3")
    await make_master(context, "m-3")
    seen_states = []
    while hooked(context, "m-0"):
        await operator.reconcile(Trigger())
        config = await context.cluster.get(CONFIG_MAP, "etcd-endpoints", namespace="openshift-etcd")
        await synced(context, config, *(await context.cluster.all(MACHINE))[0])
        seen_states.append((len(members(context)), member_id("m-0") in members(context), hooked(context, "m-0")))
    assert seen_states == [(4, True, True), (3, False, True), (3, False, False)]
    await reconciled(context, operator)
    assert members(context) == {member_id(name): True for name in ("m-1", "m-2", "m-3")}
    assert all(hooked(context, name) for name in ("m-1", "m-2", "m-3"))


async def test_no_member_joins_without_quorum(context: SimulationContext, operator: EtcdOperator) -> None:
    for name in ("m-1", "m-2"):
        node = context.get(NODE, name) or {}
        lost = [{"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        await synced(
            context, await context.cluster.patch(NODE, node, {"status": {"conditions": lost}}, subresource="status")
        )
    await make_master(context, "m-3")
    await reconciled(context, operator)
    assert member_id("m-3") not in members(context)
    assert hooked(context, "m-0")


async def test_by_itself_it_follows_the_watches(context: SimulationContext) -> None:
    await make_operator_pod(context)
    await make_machine(context, "m-9")
    async with living(etcd_operator.run(context)):
        await seen(lambda: hooked(context, "m-9"), "the hook")
        await make_master(context, "m-9")
        await seen(lambda: members(context) == {member_id("m-9"): True}, "the first member")


async def test_without_a_running_pod_of_its_own_the_hook_stays(
    context: SimulationContext, operator: EtcdOperator
) -> None:
    pod = context.get(POD, "operator", namespace=ETCD_OPERATOR.namespace) or {}
    await context.cluster.delete(POD, pod, grace_seconds=0)
    await seen(lambda: context.get(POD, "operator", namespace=ETCD_OPERATOR.namespace) is None, "the operator to stop")
    await make_machine(context, "m-3")
    await make_master(context, "m-3")
    await reconciled(context, operator)
    assert hooked(context, "m-0")
    assert member_id("m-3") not in members(context)

    await make_operator_pod(context)
    await reconciled(context, operator)
    assert not hooked(context, "m-0")
