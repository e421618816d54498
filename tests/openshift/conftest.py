"""Clusters for the tests of this room: the real API server, direct and through a proxy that can freeze."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import yaml

from lab.binaries.build import Built, build
from migration.audit.call import Call
from migration.frozen_model import KubeObject
from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster
from openshift.api.documents import conditions
from openshift.api.resources import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from openshift.api.transport import TimeOuts
from tests.openshift.real_control_plane import ControlPlane, Proxy
from tests.support.timeouts import EVENT_SECONDS


@pytest.fixture(scope="package")
def built() -> Built:
    return build(report=print)


@pytest.fixture(scope="package")
def control_plane(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    state = tmp_path_factory.mktemp("control-plane")
    control_plane = ControlPlane(built=built, state=state)
    try:
        control_plane.start()
        yield control_plane
    finally:
        control_plane.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="package")
async def openshift_kinds(control_plane: ControlPlane, built: Built) -> None:
    """The real CRDs of OpenShift, with the rules that refuse a second vCenter, and the namespaces of its parts."""
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig()) as cluster:
        for definition in built.definitions(rules="legacy"):
            await cluster.apply(CUSTOM_RESOURCE_DEFINITION, yaml.safe_load(definition.read_text()), force=True)
        for namespace in ("openshift-machine-api", "openshift-config", "openshift-vcf-migration"):
            await cluster.apply(NAMESPACE, {"metadata": {"name": namespace}})
        definitions = WatchTarget(resource=CUSTOM_RESOURCE_DEFINITION)
        async with asyncio.timeout(EVENT_SECONDS), Cache(cluster, [definitions]) as world:
            while not all(map(_established, world[definitions].values())):
                await world.changed(EVENT_SECONDS)


def _established(definition: KubeObject) -> bool:
    condition = conditions(definition).get("Established")
    return condition is not None and condition.status == "True"


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
async def cluster(control_plane: ControlPlane, calls: list[Call]) -> AsyncIterator[Cluster]:
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig(), recorder=calls.append) as cluster:
        yield cluster


@pytest.fixture
async def proxy(control_plane: ControlPlane) -> AsyncIterator[Proxy]:
    proxy = Proxy(control_plane.port)
    yield proxy
    await proxy.stop()


@pytest.fixture
async def impatient(control_plane: ControlPlane, proxy: Proxy, calls: list[Call]) -> AsyncIterator[Cluster]:
    """A cluster behind the proxy, with time-outs of a test."""
    kubeconfig = control_plane.kubeconfig(port=await proxy.start())
    time_outs = TimeOuts(connect=10.0, read=2.0, total=30.0)
    async with Cluster.connect(kubeconfig=kubeconfig, recorder=calls.append, time_outs=time_outs) as cluster:
        yield cluster
