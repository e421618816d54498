"""ControllerConfig follows Infrastructure, or says why it cannot; pools follow their nodes."""

from functools import partial

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import holds
from lab.simulation.cluster.informer import Wake
from lab.simulation.cluster.kinds import CONTROLLER_CONFIG, INFRASTRUCTURE, MACHINE_CONFIG_POOL, NODE
from lab.simulation.context import World
from lab.simulation.operators import machine_config_operator
from tests.simulation.helpers import living, make_node, seen, told

VIPS = ("apiServerInternalIPs", "ingressIPs")


def embedded(world: World) -> Document:
    config = world.get(CONTROLLER_CONFIG, machine_config_operator.NAME)
    return config["spec"]["infra"]["spec"]["platformSpec"]["vsphere"] if config else {}


async def test_a_refused_config_degrades_it_in_the_servers_own_words(world: World) -> None:
    await machine_config_operator.render(world, Wake())
    await seen(lambda: embedded(world), "ControllerConfig")
    before = await world.cluster.get(INFRASTRUCTURE, "cluster")
    spec = before["spec"]["platformSpec"]["vsphere"]
    assert embedded(world) == spec
    try:
        # Infrastructure's own rule forbids to unset these; a new object shows ControllerConfig a change it must refuse.
        await world.cluster.delete(INFRASTRUCTURE, before)
        less = {key: value for key, value in spec.items() if key not in VIPS}
        platform = {**before["spec"]["platformSpec"], "vsphere": less}
        fresh = INFRASTRUCTURE.document(name="cluster", spec={**before["spec"], "platformSpec": platform})
        await told(world, await world.cluster.create(INFRASTRUCTURE, fresh))
        await machine_config_operator.render(world, Wake())
        await seen(lambda: machine_config_operator.problem(world), "the refusal to be reported")
        assert "apiServerInternalIPs" in machine_config_operator.problem(world)
        assert embedded(world) == spec
    finally:
        await world.cluster.delete(INFRASTRUCTURE, await world.cluster.get(INFRASTRUCTURE, "cluster"))
        again = INFRASTRUCTURE.document(name="cluster", spec=before["spec"])
        made = await world.cluster.create(INFRASTRUCTURE, again)
        made = await world.cluster.patch(INFRASTRUCTURE, made, {"status": before["status"]}, subresource="status")
    await told(world, made)
    await machine_config_operator.render(world, Wake())
    await seen(lambda: not machine_config_operator.problem(world), "the report to be withdrawn")


async def test_pools_count_their_nodes(world: World) -> None:
    def counts(role: str) -> tuple[int, int]:
        status = (world.get(MACHINE_CONFIG_POOL, role) or {}).get("status", {})
        return status.get("machineCount", -1), status.get("readyMachineCount", -1)

    await make_node(world, "m-0", master=True)
    await make_node(world, "w-0")
    await make_node(world, "w-1", ready=False)
    wake = world.wake(NODE, MACHINE_CONFIG_POOL)
    async with living(world.keep(partial(machine_config_operator.count, world), wake)):
        await seen(lambda: counts("master") == (1, 1), "one master, ready")
        await seen(lambda: counts("worker") == (2, 1), "two workers, one ready")
    assert all(holds(each, "Updated") for each in world.store(MACHINE_CONFIG_POOL))
