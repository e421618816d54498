"""When cluster operators go Progressing and Degraded, and come back."""

import base64

import pytest
import yaml

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import condition, holds
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CLUSTER_OPERATOR, CONFIG_MAP, SECRET
from lab.simulation.context import SimulationContext
from lab.simulation.delays import StepDelays
from lab.simulation.operators.cluster_operators import NAMES, ClusterOperators
from lab.simulation.operators.vcenter_logins import VCenterLogins
from lab.simulation.vcenters.session import Access
from tests.simulation.helpers import living, seen, synced

CONFIG = ("openshift-config-managed", "kube-cloud-config")
COPY = ("openshift-machine-api", "vsphere-cloud-credentials")


async def write(context: SimulationContext, access: Access, *, password: str) -> None:
    text = yaml.safe_dump({"vcenter": {access.server: {"server": access.server, "port": access.port}}})
    keys = {f"{access.server}.username": access.username, f"{access.server}.password": password}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in keys.items()}
    for kind, address, content in ((CONFIG_MAP, CONFIG, {"cloud.conf": text}), (SECRET, COPY, data)):
        document = kind.document(namespace=address[0], name=address[1], data=content)
        if context.get(kind, address[1], namespace=address[0]) is None:
            await synced(context, await context.cluster.create(kind, document))
        else:
            await synced(context, await context.cluster.patch(kind, document, {"data": content}))


async def test_a_login_that_fails_is_synced_and_withdrawn(
    context: SimulationContext, accesses: dict[str, Access]
) -> None:
    access = accesses["source"]
    await write(context, access, password="wrong")
    logins, trigger = VCenterLogins(context, {"machine-api": (CONFIG, (COPY,))}), Trigger()
    async with living(logins.run(trigger)):
        await seen(lambda: "incorrect user name or password" in logins.problem("machine-api"), "the failing login")
        assert access.server in logins.problem("machine-api")
        assert "wrong" not in logins.problem("machine-api")
        await write(context, access, password=access.password)
        await seen(lambda: not logins.problem("machine-api"), "the login to work")


async def operator(context: SimulationContext, name: str) -> Document:
    return await context.cluster.get(CLUSTER_OPERATOR, name)


async def test_a_realistic_set_is_available_and_reports_what_is_wrong(
    context: SimulationContext, accesses: dict[str, Access]
) -> None:
    await write(context, accesses["source"], password=accesses["source"].password)
    problems = {"machine-api": "no such host"}
    operators = ClusterOperators(context, lambda name: problems.get(name, ""))
    await operators.reconcile(Trigger())
    made = {each["metadata"]["name"]: each for each in (await context.cluster.all(CLUSTER_OPERATOR))[0]}
    assert set(NAMES) <= set(made)
    assert all(holds(made[name], "Available") for name in NAMES)
    assert [name for name in NAMES if holds(made[name], "Degraded")] == ["machine-api"]
    assert condition(made["machine-api"], "Degraded")["message"] == "no such host"

    await synced(context, *made.values())
    problems.clear()
    await operators.reconcile(Trigger())
    assert not holds(await operator(context, "machine-api"), "Degraded")


async def test_an_operator_settles_after_its_inputs_changed(
    context: SimulationContext, accesses: dict[str, Access]
) -> None:
    await write(context, accesses["source"], password="one")
    operators = ClusterOperators(context, lambda _: "")
    await operators.reconcile(Trigger())
    assert not holds(await operator(context, "kube-controller-manager"), "Progressing")

    delays = context.scenario.delays.model_copy(update={"operator_settle": 3600.0})
    context.delays = StepDelays(delays=delays, seed=None, ready=context.state_dir / "ready")
    await write(context, accesses["target"], password="one")
    await operators.reconcile(Trigger())
    assert holds(await operator(context, "kube-controller-manager"), "Progressing")
    assert not holds(await operator(context, "kube-scheduler"), "Progressing")
    since = condition(await operator(context, "kube-controller-manager"), "Progressing")["lastTransitionTime"]

    restarted = ClusterOperators(context, lambda _: "")  # knows nothing of the change: it is settled
    await synced(context, await operator(context, "kube-controller-manager"))
    await restarted.reconcile(Trigger())
    settled = condition(await operator(context, "kube-controller-manager"), "Progressing")
    assert settled["status"] == "False"
    assert settled["lastTransitionTime"] >= since


@pytest.fixture(autouse=True)
async def no_operators(context: SimulationContext) -> None:
    for each in (await context.cluster.all(CLUSTER_OPERATOR))[0]:
        await context.cluster.delete(CLUSTER_OPERATOR, each)
    await seen(lambda: not list(context.store(CLUSTER_OPERATOR)), "no operators")
