"""vCenters for the tests of this room: one shared, and one per test that breaks its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.binaries.build import Built, build
from migration.audit.call import Call
from tests.vsphere.api_dialect import ApiDialect
from tests.vsphere.real_vcenter import RealVCenter
from vsphere.api.session import VCenter


@pytest.fixture(scope="package")
def built() -> Built:
    return build(report=print)


@pytest.fixture(scope="package")
def shared(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealVCenter]:
    real = RealVCenter(built=built, state=tmp_path_factory.mktemp("vcenter"), other_vms=3)
    try:
        real.start()
        yield real
    finally:
        real.stop()


@pytest.fixture
def own(built: Built, tmp_path: Path) -> Iterator[Callable[[int], RealVCenter]]:
    """Starts a vCenter that the test may break, with as many VMs of somebody else's as asked for."""
    with ExitStack() as started:

        def start(other_vms: int = 0) -> RealVCenter:
            state = tmp_path / f"vcenter-{other_vms}"
            state.mkdir()
            real = RealVCenter(built=built, state=state, other_vms=other_vms)
            started.callback(real.stop)
            real.start()
            return real

        yield start


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def vcenter(shared: RealVCenter, calls: list[Call]) -> Iterator[VCenter]:
    with shared.session(calls.append) as vcenter:
        yield vcenter
    shared.admin.clear_faults()


@pytest.fixture(params=["rest", "api"])
def speaking(
    request: pytest.FixtureRequest, shared: RealVCenter, calls: list[Call], tmp_path: Path
) -> Iterator[VCenter]:
    """The shared vCenter in both dialects of its REST API."""
    if request.param == "rest":
        with shared.session(calls.append) as vcenter:
            yield vcenter
        return
    with ApiDialect(behind=shared, state=tmp_path) as newer, newer.session(calls.append) as vcenter:
        yield vcenter
