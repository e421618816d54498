"""Half a lab: a real API server and two real vCenter simulators, and no controller but the part under test.

Parts are asked to reconcile directly, so that "it does nothing" is a fact and not a wait that was too short.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.binaries.build import build
from lab.bring_up import VCENTER_PORT, BringUp
from lab.cluster import installation, rules
from lab.cluster.api_server import wait_for
from lab.commands import down
from lab.processes import supervisor
from lab.scenario import Delays, Scenario
from lab.simulation.cluster.client import Cluster
from lab.simulation.cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_CONFIG,
    DEPLOYMENT,
    MACHINE,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
)
from lab.simulation.context import SimulationContext
from lab.simulation.delays import StepDelays
from lab.simulation.operators import components
from lab.simulation.vcenters.machines import VCenters
from lab.simulation.vcenters.session import Access, Logins
from lab.state import StateDir
from lab.vcenters.admin import VCenterAdmin
from tests.simulation.helpers import Helpers, living, seen
from tests.support.timeouts import EVENT_SECONDS

AT_ONCE = Delays(
    boot=0, pod_start=0, pod_stop=0, operator_settle=0, etcd_sync=0, config_sync=0, credentials_sync=0
)  # fmt: skip
SCENARIO = Scenario(delays=AT_ONCE)
EMPTIED = (MACHINE, POD, NODE, DEPLOYMENT, CONTROLLER_CONFIG)
GENERATED = {  # what parts write: gone before every test
    ("openshift-etcd", "etcd-endpoints"),
    ("openshift-config-managed", "kube-cloud-config"),
    ("openshift-cloud-controller-manager", "cloud-conf"),
}


@pytest.fixture(scope="package")
def half(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """`lab.json` of a lab without controllers: API server, vCenters, definitions, the installer's documents."""
    state = StateDir(tmp_path_factory.mktemp("half-lab") / "state")
    built = build(report=print)
    state.create()
    supervisor.spawn(state, attached=True)
    try:
        lab = BringUp(scenario=SCENARIO, state=state, built=built, port=VCENTER_PORT, report=print)
        lab.start_stores()
        with lab.administrator() as api:
            api.wait_ready(timeout=EVENT_SECONDS)
            rules.install_definitions(api, built, SCENARIO)
            for document in installation.cluster_documents(
                SCENARIO, source=lab.source, target=lab.target, api_url=lab.url
            ):
                api.apply(document)
            for name in components.NAMESPACES:
                api.apply(NAMESPACE.document(name=name))
            for site in (lab.source, lab.target):
                wait_for(VCenterAdmin.of(site).is_up, what=f"the {site.role} vCenter to answer", timeout=EVENT_SECONDS)
        yield state.describe()
    finally:
        down(state.path)


@pytest.fixture(scope="package")
def accesses(half: dict[str, Any]) -> dict[str, Access]:
    """The lab's own accounts, by role."""
    keys = ("server", "port", "username", "password", "ca_file")
    return {each["role"]: Access(**{key: each[key] for key in keys}) for each in half["vcenters"]}


@pytest.fixture(scope="package")
async def vcenters(accesses: dict[str, Access]) -> VCenters:
    read = VCenters(accesses.values())
    read.start()
    await seen(read.all_current, "both vCenters to be read")
    return read


@pytest.fixture
async def context(
    half: dict[str, Any], accesses: dict[str, Access], vcenters: VCenters, tmp_path: Path
) -> AsyncIterator[SimulationContext]:
    """An empty cluster, handed over, whose steps take no time; its informers run, no part runs."""
    (tmp_path / "ready").touch()
    async with contextlib.aclosing(await Cluster.connect(kubeconfig=half["kubeconfig"])) as cluster:
        context = SimulationContext(
            cluster=cluster,
            vcenters=vcenters,
            logins=Logins(ca_files={each.server: each.ca_file for each in accesses.values()}),
            scenario=SCENARIO,
            delays=StepDelays(delays=AT_ONCE, seed=None, ready=tmp_path / "ready"),
            state_dir=tmp_path,
        )
        async with living(context.run_informers()):
            await context.wait_for_sync()  # just-defined kinds answer 429 for a moment: the stores ask again
            await _empty(cluster)
            for kind in EMPTIED:
                await seen(lambda kind=kind: not list(context.store(kind)), f"no {kind.plural}")
            yield context


@pytest.fixture
async def source(accesses: dict[str, Access]) -> AsyncIterator[Helpers]:
    helpers = Helpers(accesses["source"])
    yield helpers
    await helpers.leave()


@pytest.fixture
async def target(accesses: dict[str, Access]) -> AsyncIterator[Helpers]:
    helpers = Helpers(accesses["target"])
    yield helpers
    await helpers.leave()


async def _empty(cluster: Cluster) -> None:
    for kind in EMPTIED:
        for document in (await cluster.all(kind))[0]:
            if document["metadata"].get("finalizers"):
                await cluster.patch(kind, document, {"metadata": {"finalizers": None}})
            if "deletionTimestamp" not in document["metadata"] or kind is POD:
                await cluster.delete(kind, document, grace_seconds=0)
    for kind in (CONFIG_MAP, SECRET):
        for document in (await cluster.all(kind))[0]:
            address = (document["metadata"]["namespace"], document["metadata"]["name"])
            if address in GENERATED or address[1].endswith("vsphere-cloud-credentials"):
                await cluster.delete(kind, document)
