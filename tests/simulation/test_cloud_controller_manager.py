"""Whose Nodes the cloud controller manager deletes, by the config it was started with."""

import base64

import pytest
import yaml

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.informer import Wake
from lab.simulation.cluster.kinds import CONFIG_MAP, NODE, POD, SECRET
from lab.simulation.context import World
from lab.simulation.operators.cloud_controller_manager import CloudControllerManager
from lab.simulation.operators.components import CCM, CLOUD_CONTROLLER_MANAGER
from lab.simulation.vcenters.session import Access
from tests.simulation.helpers import Helpers, make_node, make_pod, seen, told

LABELS = CLOUD_CONTROLLER_MANAGER.labels


def config(*accesses: Access) -> str:
    vcenters = {each.server: {"server": each.server, "port": each.port} for each in accesses}
    return yaml.safe_dump({"vcenter": vcenters})


async def configure(world: World, text: str) -> None:
    document = CONFIG_MAP.document(name="cloud-conf", namespace=CCM, data={"cloud.conf": text})
    existing = world.get(CONFIG_MAP, "cloud-conf", namespace=CCM)
    if existing is None:
        await told(world, await world.cluster.create(CONFIG_MAP, document))
    else:
        await told(world, await world.cluster.patch(CONFIG_MAP, document, {"data": document["data"]}))


async def let_in(world: World, *accesses: Access, password: str = "") -> None:
    keys = {f"{each.server}.username": each.username for each in accesses}
    keys |= {f"{each.server}.password": password or each.password for each in accesses}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in keys.items()}
    secret = SECRET.document(name="vsphere-cloud-credentials", namespace=CCM, data=data)
    existing = world.get(SECRET, "vsphere-cloud-credentials", namespace=CCM)
    if existing:
        await told(world, await world.cluster.replace(SECRET, {**existing, "data": data}))
    else:
        await told(world, await world.cluster.create(SECRET, secret))


async def restart(world: World, name: str) -> Document:
    """A new pod in the place of all others."""
    for each in world.store(POD):
        await world.cluster.delete(POD, each, grace_seconds=0)
    await seen(lambda: not list(world.store(POD)), "the old pods to be gone")
    return await make_pod(world, name, namespace=CCM, labels=LABELS)


async def nodes(world: World) -> set[str]:
    return {each["metadata"]["name"] for each in (await world.cluster.all(NODE))[0]}


@pytest.fixture
async def ours(world: World, source: Helpers, target: Helpers) -> CloudControllerManager:
    """One Node on each vCenter, and one whose machine is nowhere."""
    for name, helpers in (("on-source", source), ("on-target", target)):
        uuid = await helpers.make(name)
        await seen(lambda name=name: name in {each.hostname for each in world.vcenters}, f"{name} to be read")
        await make_node(world, name, provider_id=f"vsphere://{uuid}")
    await make_node(world, "nowhere", provider_id="vsphere://00000000-0000-0000-0000-000000000000")
    return CloudControllerManager(world)


async def test_it_deletes_by_the_config_of_its_start(
    world: World, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(world, source, target)
    await configure(world, config(source, target))
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source", "on-target", "nowhere"}, "without a pod it does nothing"

    await restart(world, "first")
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source", "on-target"}

    await configure(world, config(target))
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source", "on-target"}, "a changed config needs a restart"

    await restart(world, "second")
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-target"}


async def test_a_pod_that_starts_too_early_keeps_the_old_config(
    world: World, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(world, source, target)
    await configure(world, config(source))
    await restart(world, "early")
    await ours.reconcile(Wake())
    await configure(world, config(source, target))
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source"}


async def test_what_it_cannot_see_it_does_not_judge(
    world: World, ours: CloudControllerManager, accesses: dict[str, Access]
) -> None:
    source, target = accesses["source"], accesses["target"]
    await let_in(world, source, target, password="wrong")
    await configure(world, config(source))
    await restart(world, "locked-out")
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source", "on-target", "nowhere"}

    await let_in(world, source, target)
    await ours.reconcile(Wake())
    assert await nodes(world) == {"on-source"}
