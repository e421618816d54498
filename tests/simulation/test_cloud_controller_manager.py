"""Whose Nodes the cloud controller manager deletes, by the config it was started with."""

import base64

import pytest
import yaml

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP, NODE, POD, SECRET
from lab.simulation.context import SimulationContext
from lab.simulation.operators.cloud_controller_manager import CloudControllerManager
from lab.simulation.operators.components import CCM, CLOUD_CONTROLLER_MANAGER
from lab.simulation.vcenters.session import Access
from tests.simulation.helpers import Helpers, make_node, make_pod, seen, synced

LABELS = CLOUD_CONTROLLER_MANAGER.labels


def config(*accesses: Access) -> str:
    vcenters = {each.server: {"server": each.server, "port": each.port} for each in accesses}
    return yaml.safe_dump({"vcenter": vcenters})


async def configure(context: SimulationContext, text: str) -> None:
    document = CONFIG_MAP.document(name="cloud-conf", namespace=CCM, data={"cloud.conf": text})
    existing = context.get(CONFIG_MAP, "cloud-conf", namespace=CCM)
    if existing is None:
        await synced(context, await context.cluster.create(CONFIG_MAP, document))
    else:
        await synced(context, await context.cluster.patch(CONFIG_MAP, document, {"data": document["data"]}))


async def let_in(context: SimulationContext, *accesses: Access, password: str = "") -> None:
    keys = {f"{each.server}.username": each.username for each in accesses}
    keys |= {f"{each.server}.password": password or each.password for each in accesses}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in keys.items()}
    secret = SECRET.document(name="vsphere-cloud-credentials", namespace=CCM, data=data)
    existing = context.get(SECRET, "vsphere-cloud-credentials", namespace=CCM)
    if existing:
        await synced(context, await context.cluster.replace(SECRET, {**existing, "data": data}))
    else:
        await synced(context, await context.cluster.create(SECRET, secret))


async def restart(context: SimulationContext, name: str) -> Document:
    """A new pod in the place of all others."""
    for each in context.store(POD):
        await context.cluster.delete(POD, each, grace_seconds=0)
    await seen(lambda: not list(context.store(POD)), "the old pods to be gone")
    return await make_pod(context, name, namespace=CCM, labels=LABELS)


async def nodes(context: SimulationContext) -> set[str]:
    return {each["metadata"]["name"] for each in (await context.cluster.all(NODE))[0]}


@pytest.fixture
async def ours(context: SimulationContext, source: Helpers, target: Helpers) -> CloudControllerManager:
    """One Node on each vCenter, and one whose machine is nowhere."""
    for name, helpers in (("on-source", source), ("on-target", target)):
        uuid = await helpers.make(name)
        await seen(lambda name=name: name in {each.hostname for each in context.vcenters}, f"{name} to be read")
        await make_node(context, name, provider_id=f"vsphere://{uuid}")
    await make_node(context, "nowhere", provider_id="vsphere://00000000-0000-0000-0000-000000000000")
    return CloudControllerManager(context)


async def test_it_deletes_by_the_config_of_its_start(
    context: SimulationContext, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(context, source, target)
    await configure(context, config(source, target))
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source", "on-target", "nowhere"}, "without a pod it does nothing"

    await restart(context, "first")
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source", "on-target"}

    await configure(context, config(target))
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source", "on-target"}, "a changed config needs a restart"

    await restart(context, "second")
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-target"}


async def test_a_pod_that_starts_too_early_keeps_the_old_config(
    context: SimulationContext, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(context, source, target)
    await configure(context, config(source))
    await restart(context, "early")
    await ours.reconcile(Trigger())
    await configure(context, config(source, target))
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source"}


async def test_what_it_cannot_see_it_does_not_judge(
    context: SimulationContext, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(context, source, target, password="wrong")
    await configure(context, config(source))
    await restart(context, "locked-out")
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source", "on-target", "nowhere"}

    await let_in(context, source, target)
    await ours.reconcile(Trigger())
    assert await nodes(context) == {"on-source"}
