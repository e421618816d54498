"""A machine's life as its Node shows it."""

from dataclasses import replace
from pathlib import Path

from lab.simulation.cluster.documents import condition, holds, is_master
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import NODE, POD
from lab.simulation.context import SimulationContext
from lab.simulation.nodes import kubelets, pods
from lab.simulation.vcenters.machines import VirtualMachine
from tests.simulation.helpers import Helpers, living, make_machine, make_pod, seen, synced


async def test_a_node_registers_once_per_boot_and_follows_its_machine(
    context: SimulationContext, source: Helpers
) -> None:
    await make_machine(context, "m-1")
    uuid = await source.make("m-1")
    async with living(kubelets.run(context)):
        await source.power(uuid, on=True)
        await seen(lambda: context.get(NODE, "m-1"), "the node to register")
        node = context.get(NODE, "m-1")
        assert node is not None
        assert node["spec"]["providerID"] == f"vsphere://{uuid}"
        assert is_master(node)
        assert holds(node, "Ready")
        assert int(node["status"]["allocatable"]["pods"]) > 100

        await source.power(uuid, on=False)
        await seen(lambda: condition(context.get(NODE, "m-1") or {}, "Ready").get("status") == "Unknown", "NotReady")
        await source.power(uuid, on=True)
        await seen(lambda: holds(context.get(NODE, "m-1") or {}, "Ready"), "Ready after the second boot")


async def test_a_deleted_node_comes_back_with_the_next_boot_only(context: SimulationContext, source: Helpers) -> None:
    uuid = await source.make("w-1")
    await source.power(uuid, on=True)
    kubelet, trigger = kubelets.Kubelets(context), Trigger()
    await seen(lambda: any(each.hostname == "w-1" and each.boot for each in context.vcenters), "the machine to run")
    await kubelet.reconcile(trigger)
    await seen(lambda: context.get(NODE, "w-1"), "the node to register")
    await context.cluster.delete(NODE, context.get(NODE, "w-1") or {})
    await seen(lambda: not context.get(NODE, "w-1"), "the node to be gone")

    await kubelet.reconcile(trigger)
    await kubelets.Kubelets(context).reconcile(trigger)  # a restart of this process remembers it too
    assert not [each for each in (await context.cluster.all(NODE))[0] if each["metadata"]["name"] == "w-1"]

    await source.power(uuid, on=False)
    await source.power(uuid, on=True)
    async with living(kubelets.run(context)):
        await seen(lambda: context.get(NODE, "w-1"), "the node to register again")


async def test_pods_live_and_end_where_a_kubelet_runs(context: SimulationContext, source: Helpers) -> None:
    uuid = await source.make("w-2")
    await source.power(uuid, on=True)
    async with living(kubelets.run(context)):
        await seen(lambda: holds(context.get(NODE, "w-2") or {}, "Ready"), "the node to be Ready")
    one, other = [
        await make_pod(context, name, namespace="default", labels={}, node="w-2", ready=False)
        for name in ("one", "other")
    ]
    async with living(pods.run(context)):
        for each in ("one", "other"):
            await seen(
                lambda each=each: holds(context.get(POD, each, namespace="default") or {}, "Ready"), f"{each} Ready"
            )
        running = context.get(POD, "one", namespace="default") or {}
        assert running["status"]["phase"] == "Running"
        assert running["status"]["containerStatuses"][0]["ready"]
        await context.cluster.delete(POD, one)
        await seen(lambda: not context.get(POD, "one", namespace="default"), "the deleted pod to end")

        await source.power(uuid, on=False)
        await seen(lambda: not [each for each in context.vcenters if each.hostname == "w-2" and each.boot], "power off")
        await context.cluster.delete(POD, other)
        await synced(context, await context.cluster.get(POD, "other", namespace="default"))
    assert "w-2" not in pods.live_nodes(context)
    assert context.get(POD, "other", namespace="default"), "a pod on a dead node stays Terminating"


def test_boots_are_remembered_on_disk(tmp_path: Path) -> None:
    machine = VirtualMachine(server="s", uuid="u", hostname="h", boot="1", address="", cluster="")
    kubelets.Boots(tmp_path / "boots").add(machine)
    assert machine in kubelets.Boots(tmp_path / "boots")
    assert replace(machine, boot="2") not in kubelets.Boots(tmp_path / "boots")
