"""When cluster operators go Progressing and Degraded, and come back."""

import base64

import pytest
import yaml

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import condition, holds
from lab.simulation.cluster.informer import Wake
from lab.simulation.cluster.kinds import CLUSTER_OPERATOR, CONFIG_MAP, SECRET
from lab.simulation.context import World
from lab.simulation.delays import Pace
from lab.simulation.operators.cluster_operators import NAMES, ClusterOperators
from lab.simulation.operators.vcenter_logins import VCenterLogins
from lab.simulation.vcenters.session import Access
from tests.simulation.helpers import living, seen, told

CONFIG = ("openshift-config-managed", "kube-cloud-config")
COPY = ("openshift-machine-api", "vsphere-cloud-credentials")


async def write(world: World, access: Access, *, password: str) -> None:
    text = yaml.safe_dump({"vcenter": {access.server: {"server": access.server, "port": access.port}}})
    keys = {f"{access.server}.username": access.username, f"{access.server}.password": password}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in keys.items()}
    for kind, address, content in ((CONFIG_MAP, CONFIG, {"cloud.conf": text}), (SECRET, COPY, data)):
        document = kind.document(namespace=address[0], name=address[1], data=content)
        if world.get(kind, address[1], namespace=address[0]) is None:
            await told(world, await world.cluster.create(kind, document))
        else:
            await told(world, await world.cluster.patch(kind, document, {"data": content}))


async def test_a_login_that_fails_is_told_and_withdrawn(world: World, accesses: dict[str, Access]) -> None:
    access = accesses["source"]
    await write(world, access, password="wrong")
    logins, wake = VCenterLogins(world, {"machine-api": (CONFIG, (COPY,))}), Wake()
    async with living(logins.run(wake)):
        await seen(lambda: "incorrect user name or password" in logins.problem("machine-api"), "the failing login")
        assert access.server in logins.problem("machine-api")
        assert "wrong" not in logins.problem("machine-api")
        await write(world, access, password=access.password)
        await seen(lambda: not logins.problem("machine-api"), "the login to work")


async def operator(world: World, name: str) -> Document:
    return await world.cluster.get(CLUSTER_OPERATOR, name)


async def test_a_realistic_set_is_available_and_reports_what_is_wrong(
    world: World, accesses: dict[str, Access]
) -> None:
    await write(world, accesses["source"], password=accesses["source"].password)
    problems = {"machine-api": "no such host"}
    operators = ClusterOperators(world, lambda name: problems.get(name, ""))
    await operators.reconcile(Wake())
    made = {each["metadata"]["name"]: each for each in (await world.cluster.all(CLUSTER_OPERATOR))[0]}
    assert set(NAMES) <= set(made)
    assert all(holds(made[name], "Available") for name in NAMES)
    assert [name for name in NAMES if holds(made[name], "Degraded")] == ["machine-api"]
    assert condition(made["machine-api"], "Degraded")["message"] == "no such host"

    await told(world, *made.values())
    problems.clear()
    await operators.reconcile(Wake())
    assert not holds(await operator(world, "machine-api"), "Degraded")


async def test_an_operator_settles_after_its_inputs_changed(world: World, accesses: dict[str, Access]) -> None:
    await write(world, accesses["source"], password="one")
    operators = ClusterOperators(world, lambda _: "")
    await operators.reconcile(Wake())
    assert not holds(await operator(world, "kube-controller-manager"), "Progressing")

    delays = world.scenario.delays.model_copy(update={"operator_settle": 3600.0})
    world.pace = Pace(delays=delays, seed=None, ready=world.state_dir / "ready")
    await write(world, accesses["target"], password="one")
    await operators.reconcile(Wake())
    assert holds(await operator(world, "kube-controller-manager"), "Progressing")
    assert not holds(await operator(world, "kube-scheduler"), "Progressing")
    since = condition(await operator(world, "kube-controller-manager"), "Progressing")["lastTransitionTime"]

    restarted = ClusterOperators(world, lambda _: "")  # knows nothing of the change: it is settled
    await told(world, await operator(world, "kube-controller-manager"))
    await restarted.reconcile(Wake())
    settled = condition(await operator(world, "kube-controller-manager"), "Progressing")
    assert settled["status"] == "False"
    assert settled["lastTransitionTime"] >= since


@pytest.fixture(autouse=True)
async def no_operators(world: World) -> None:
    for each in (await world.cluster.all(CLUSTER_OPERATOR))[0]:
        await world.cluster.delete(CLUSTER_OPERATOR, each)
    await seen(lambda: not list(world.store(CLUSTER_OPERATOR)), "no operators")
