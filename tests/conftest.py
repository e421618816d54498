"""One lab for the whole session: bringing one up costs seconds, and a cluster is big enough for many tests.

Tests that change what others rely on (rules, operators, vCenters) bring up a lab of their own.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import temporal
from cli.dev_server import dev_server
from lab.commands import Lab
from lab.scenario import load
from tests import processes
from tests.labs import standing
from tests.serving import Serving, serving
from tests.workflows.world import World

HERE = Path(__file__).parent
# Examples are the same in every run, and no test fails because the machine is busy: speed belongs in the benchmark.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

LONGEST = ("e2e", "workflows", "activities", "bridge", "prove", "cli", "api", "doors")
"""Rooms whose tests take minutes, and therefore begin first."""


class Rooms(LoadScopeScheduling):
    """Tests of a room stay in one process: they share its labs."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.removeprefix(f"{HERE.name}/").partition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rooms | None:
    """Several processes share the tests (`make test`), a room each; what shares no labs is dealt out as xdist does."""
    return None if config.getoption("--no-processes") else Rooms(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make check` takes the tests that start no process."""
    parser.addoption("--no-processes", action="store_true", help="only tests that start no process: no lab, no server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The rooms whose tests take longest begin first; on demand, only tests that start no process."""
    if config.getoption("--no-processes"):
        leaving = {each for each in items if processes.starts(each)}
        config.hook.pytest_deselected(items=list(leaving))
        items[:] = [each for each in items if each not in leaving]
        processes.forbid()

    def turn(item: pytest.Item) -> int:
        room = item.path.relative_to(HERE).parts[0]
        return LONGEST.index(room) if room in LONGEST else len(LONGEST)

    items.sort(key=turn)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running lab of the default scenario: `lab.state_dir` (kubeconfig, ca.pem, …) and `lab.description` (lab.json)."""
    with standing(load("default"), tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
async def temporal_client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A client of the very dev server that `vcfm serve --dev` starts; its time is real."""
    directory = tmp_path_factory.mktemp("temporal")
    async with dev_server(
        database=directory / "temporal.db", port=0, ui_port=0, log=directory / "temporal.log"
    ) as server:
        client = await Client.connect(server.address, data_converter=pydantic_data_converter)
        await temporal.ensure_search_attributes(client)
        yield client


@pytest.fixture(scope="session")
async def idle(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    """The whole service, for tests of what never starts a migration."""
    async with serving(temporal_client, World(), tmp_path_factory.mktemp("idle")) as running:
        yield running


@pytest.fixture
async def service(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Serving]:
    """The whole service over a world of fake activities."""
    async with serving(temporal_client, World(), tmp_path) as running:
        yield running
