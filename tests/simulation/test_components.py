"""The cluster's own workloads, and the masters' static pods."""

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import MASTER
from lab.simulation.cluster.kinds import DAEMON_SET, DEPLOYMENT, POD
from lab.simulation.context import SimulationContext
from lab.simulation.delays import StepDelays
from lab.simulation.nodes import static_pods
from lab.simulation.operators import components
from lab.simulation.operators.components import COMPONENTS
from tests.simulation.helpers import Helpers, make_node, seen


async def present(context: SimulationContext) -> set[tuple[str, str]]:
    found = [each for kind in (DEPLOYMENT, DAEMON_SET) for each in (await context.cluster.all(kind))[0]]
    return {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in found}


async def test_they_are_made_before_the_lab_is_handed_over_and_never_after(context: SimulationContext) -> None:
    await components.install(context)
    assert not await present(context)
    context.delays = StepDelays(delays=context.scenario.delays, seed=None, ready=context.state_dir / "never")
    await components.install(context)
    await components.install(context)  # what is there already is left as it is
    assert await present(context) == {(each.namespace, each.name) for each in COMPONENTS}


def test_control_plane_components_run_on_masters() -> None:
    def spec(document: Document) -> Document:
        return document["spec"]["template"]["spec"]  # type: ignore[no-any-return]

    for each in COMPONENTS:
        on_masters = MASTER in spec(each.document())["nodeSelector"]
        assert on_masters == (each.on == "masters"), each.name
        assert each.document()["spec"]["selector"]["matchLabels"] == each.labels


async def test_a_mirror_pod_comes_back_with_another_uid(context: SimulationContext, source: Helpers) -> None:
    uuid = await source.make("m-7")
    await source.power(uuid, on=True)
    await seen(
        lambda: [each for each in context.vcenters if each.hostname == "m-7" and each.boot], "the machine to run"
    )
    await make_node(context, "m-7", master=True, provider_id=f"vsphere://{uuid}")
    await make_node(context, "w-7", provider_id="vsphere://elsewhere")

    await static_pods.reconcile(context)
    made = (await context.cluster.all(POD))[0]
    assert {each["metadata"]["name"] for each in made} == {f"{process}-m-7" for process in static_pods.LABELS}
    assert all("kubernetes.io/config.mirror" in each["metadata"]["annotations"] for each in made)

    first = await context.cluster.get(POD, "etcd-m-7", namespace="openshift-etcd")
    await context.cluster.delete(POD, first, grace_seconds=0)
    await seen(lambda: context.get(POD, "etcd-m-7", namespace="openshift-etcd") is None, "the pod to be gone")
    await static_pods.reconcile(context)
    again = await context.cluster.get(POD, "etcd-m-7", namespace="openshift-etcd")
    assert again["metadata"]["uid"] != first["metadata"]["uid"]
