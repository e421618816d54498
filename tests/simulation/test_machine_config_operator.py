"""ControllerConfig follows Infrastructure, or says why it cannot; pools follow their nodes."""

from functools import partial

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import holds
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONTROLLER_CONFIG, INFRASTRUCTURE, MACHINE_CONFIG_POOL, NODE
from lab.simulation.context import SimulationContext
from lab.simulation.operators import machine_config_operator
from tests.simulation.helpers import living, make_node, seen, synced

VIPS = ("apiServerInternalIPs", "ingressIPs")


def embedded(context: SimulationContext) -> Document:
    config = context.get(CONTROLLER_CONFIG, machine_config_operator.NAME)
    return config["spec"]["infra"]["spec"]["platformSpec"]["vsphere"] if config else {}


async def test_a_refused_config_degrades_it_in_the_servers_own_words(context: SimulationContext) -> None:
    await machine_config_operator.render(context, Trigger())
    await seen(lambda: embedded(context), "ControllerConfig")
    before = await context.cluster.get(INFRASTRUCTURE, "cluster")
    spec = before["spec"]["platformSpec"]["vsphere"]
    assert embedded(context) == spec
    try:
        # Infrastructure's own rule forbids to unset these; a new object shows ControllerConfig a change it must refuse.
        await context.cluster.delete(INFRASTRUCTURE, before)
        less = {key: value for key, value in spec.items() if key not in VIPS}
        platform = {**before["spec"]["platformSpec"], "vsphere": less}
        fresh = INFRASTRUCTURE.document(name="cluster", spec={**before["spec"], "platformSpec": platform})
        await synced(context, await context.cluster.create(INFRASTRUCTURE, fresh))
        await machine_config_operator.render(context, Trigger())
        await seen(lambda: machine_config_operator.problem(context), "the refusal to be reported")
        assert "apiServerInternalIPs" in machine_config_operator.problem(context)
        assert embedded(context) == spec
    finally:
        await context.cluster.delete(INFRASTRUCTURE, await context.cluster.get(INFRASTRUCTURE, "cluster"))
        again = INFRASTRUCTURE.document(name="cluster", spec=before["spec"])
        made = await context.cluster.create(INFRASTRUCTURE, again)
        made = await context.cluster.patch(INFRASTRUCTURE, made, {"status": before["status"]}, subresource="status")
    await synced(context, made)
    await machine_config_operator.render(context, Trigger())
    await seen(lambda: not machine_config_operator.problem(context), "the report to be withdrawn")


async def test_pools_count_their_nodes(context: SimulationContext) -> None:
    def counts(role: str) -> tuple[int, int]:
        status = (context.get(MACHINE_CONFIG_POOL, role) or {}).get("status", {})
        return status.get("machineCount", -1), status.get("readyMachineCount", -1)

    await make_node(context, "m-0", master=True)
    await make_node(context, "w-0")
    await make_node(context, "w-1", ready=False)
    trigger = context.trigger(NODE, MACHINE_CONFIG_POOL)
    async with living(context.run_reconciler(partial(machine_config_operator.count, context), trigger)):
        await seen(lambda: counts("master") == (1, 1), "one master, ready")
        await seen(lambda: counts("worker") == (2, 1), "two workers, one ready")
    assert all(holds(each, "Updated") for each in context.store(MACHINE_CONFIG_POOL))
