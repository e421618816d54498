"""The hook that keeps a master's machine until etcd can spare its member."""

from typing import Any

import pytest

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.informer import Wake
from lab.simulation.cluster.kinds import CONFIG_MAP, MACHINE, NODE, POD
from lab.simulation.context import World
from lab.simulation.operators import etcd_operator
from lab.simulation.operators.components import ETCD_OPERATOR
from lab.simulation.operators.etcd_operator import HOOK, EtcdOperator, member_id, members
from tests.simulation.helpers import living, make_machine, make_node, make_pod, seen, told

MACHINES = "openshift-machine-api"
MASTERS = ("m-0", "m-1", "m-2")


async def make_master(world: World, name: str, *, ready: bool = True) -> Document:
    node = await make_node(world, name, master=True, ready=ready)
    await make_pod(world, f"etcd-{name}", namespace="openshift-etcd", labels={"app": "etcd"}, node=name, ready=ready)
    return node


async def make_operator_pod(world: World) -> Document:
    return await make_pod(world, "operator", namespace=ETCD_OPERATOR.namespace, labels=ETCD_OPERATOR.labels)


async def reconciled(world: World, operator: EtcdOperator) -> None:
    """Reconcile until nothing changes any more."""
    before: Any = None
    while before != (before := (await state(world))):
        await operator.reconcile(Wake())
        config = await world.cluster.get(CONFIG_MAP, "etcd-endpoints", namespace="openshift-etcd")
        await told(world, config, *(await world.cluster.all(MACHINE))[0])


async def state(world: World) -> Any:
    machines = {each["metadata"]["name"]: each["spec"] for each in (await world.cluster.all(MACHINE))[0]}
    configs = [
        each for each in (await world.cluster.all(CONFIG_MAP))[0] if each["metadata"]["name"] == "etcd-endpoints"
    ]
    return machines, [each.get("data") for each in configs]


def hooked(world: World, name: str) -> bool:
    machine = world.get(MACHINE, name, namespace=MACHINES) or {"spec": {}}
    return HOOK in machine["spec"].get("lifecycleHooks", {}).get("preDrain", [])


@pytest.fixture
async def operator(world: World) -> EtcdOperator:
    """Three masters, three voters, one machine being deleted."""
    await make_operator_pod(world)
    for name in MASTERS:
        await make_master(world, name)
        await make_machine(world, name)
    operator = EtcdOperator(world)
    await reconciled(world, operator)
    assert members(world) == {member_id(name): True for name in MASTERS}
    assert all(hooked(world, name) for name in MASTERS)
    await world.cluster.delete(MACHINE, world.get(MACHINE, "m-0", namespace=MACHINES) or {})
    await told(world, await world.cluster.get(MACHINE, "m-0", namespace=MACHINES))
    return operator


async def test_without_a_replacement_the_hook_stays(world: World, operator: EtcdOperator) -> None:
    await reconciled(world, operator)
    assert hooked(world, "m-0")
    assert member_id("m-0") in members(world)


async def test_a_replacement_that_is_not_ready_is_none(world: World, operator: EtcdOperator) -> None:
    await make_machine(world, "m-3")
    await make_master(world, "m-3", ready=False)
    await reconciled(world, operator)
    assert hooked(world, "m-0")
    assert member_id("m-3") not in members(world)


async def test_the_member_goes_before_the_hook_once_a_replacement_votes(world: World, operator: EtcdOperator) -> None:
    await make_machine(world, "m-3")
    await make_master(world, "m-3")
    seen_states = []
    while hooked(world, "m-0"):
        await operator.reconcile(Wake())
        config = await world.cluster.get(CONFIG_MAP, "etcd-endpoints", namespace="openshift-etcd")
        await told(world, config, *(await world.cluster.all(MACHINE))[0])
        seen_states.append((len(members(world)), member_id("m-0") in members(world), hooked(world, "m-0")))
    assert seen_states == [(4, True, True), (3, False, True), (3, False, False)]
    await reconciled(world, operator)
    assert members(world) == {member_id(name): True for name in ("m-1", "m-2", "m-3")}
    assert all(hooked(world, name) for name in ("m-1", "m-2", "m-3"))


async def test_no_member_joins_without_quorum(world: World, operator: EtcdOperator) -> None:
    for name in ("m-1", "m-2"):
        node = world.get(NODE, name) or {}
        lost = [{"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        await told(world, await world.cluster.patch(NODE, node, {"status": {"conditions": lost}}, subresource="status"))
    await make_master(world, "m-3")
    await reconciled(world, operator)
    assert member_id("m-3") not in members(world)
    assert hooked(world, "m-0")


async def test_by_itself_it_follows_the_watches(world: World) -> None:
    await make_operator_pod(world)
    await make_machine(world, "m-9")
    async with living(etcd_operator.run(world)):
        await seen(lambda: hooked(world, "m-9"), "the hook")
        await make_master(world, "m-9")
        await seen(lambda: members(world) == {member_id("m-9"): True}, "the first member")


async def test_without_a_running_pod_of_its_own_the_hook_stays(world: World, operator: EtcdOperator) -> None:
    pod = world.get(POD, "operator", namespace=ETCD_OPERATOR.namespace) or {}
    await world.cluster.delete(POD, pod, grace_seconds=0)
    await seen(lambda: world.get(POD, "operator", namespace=ETCD_OPERATOR.namespace) is None, "the operator to stop")
    await make_machine(world, "m-3")
    await make_master(world, "m-3")
    await reconciled(world, operator)
    assert hooked(world, "m-0")
    assert member_id("m-3") not in members(world)

    await make_operator_pod(world)
    await reconciled(world, operator)
    assert not hooked(world, "m-0")
