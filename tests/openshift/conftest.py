"""Clusters for the tests of this room: the real API server, direct and through a proxy that can freeze."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from real_control_plane import ControlPlane, Proxy

from migration.call import Call
from openshift.client import Cluster
from openshift.transport import TimeOuts


@pytest.fixture(scope="session")
def binaries() -> Path:
    return Path(os.environ["VCFM_LAB_BINARIES"])


@pytest.fixture(scope="session")
def control_plane(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    state = tmp_path_factory.mktemp("control-plane")
    control_plane = ControlPlane(binaries=binaries, state=state)
    try:
        control_plane.start()
        yield control_plane
    finally:
        control_plane.stop()
        shutil.rmtree(state, ignore_errors=True)


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
    time_outs = TimeOuts(connect=1.0, read=1.0, total=5.0)
    async with Cluster.connect(kubeconfig=kubeconfig, recorder=calls.append, time_outs=time_outs) as cluster:
        yield cluster
