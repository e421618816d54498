"""One lab for the whole session: bringing one up costs seconds, and a cluster is big enough for many tests.

Tests that change what others rely on (rules, operators, vCenters) bring up a lab of their own.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import temporal
from cli.dev_server import dev_server
from lab.commands import Lab
from lab.scenario import load
from tests.support import processes
from tests.support.labs import standing
from tests.support.serving import Serving, serving
from tests.workflows.world import World

HERE = Path(__file__).parent
# Examples are the same in every run, and no test fails because the machine is busy: speed belongs in the benchmark.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

LONGEST = ("e2e", "prove", "workflows", "activities", "bridge", "cli", "api", "client")
"""Rooms whose tests take minutes, and therefore begin first."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make check` takes the tests that start no process."""
    parser.addoption("--no-processes", action="store_true", help="only tests that start no process: no lab, no server")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The rooms whose tests take longest begin first; on demand, only tests that start no process."""
    if config.getoption("--no-processes"):
        leaving = {each for each in items if processes.starts(each)}
        config.hook.pytest_deselected(items=list(leaving))
        items[:] = [each for each in items if each not in leaving]
        processes.forbid()
    groups = _groups(items)
    for each in items:
        each.add_marker(pytest.mark.xdist_group(groups[each]))

    def turn(item: pytest.Item) -> tuple[int, str]:
        room = _room(item.nodeid)
        return LONGEST.index(room) if room in LONGEST else len(LONGEST), groups[item]

    items.sort(key=turn)


def _groups(items: list[pytest.Item]) -> dict[pytest.Item, str]:
    """The group of each test; a group stays in one process (`--dist loadgroup`).

    Tests of a room are of one group when they share something that the room brings up once, also by way of a third.
    A test that brings up all that it needs is a group of its own: so whole migrations, which mostly wait, run beside
    each other.
    """
    groups: dict[pytest.Item, str] = {}
    linked: dict[str, set[str]] = {}
    for each in items:
        shared = _shared(each)
        for name in list(shared):
            shared |= linked.get(name, set())
        linked |= dict.fromkeys(shared, shared)
    for each in items:
        alone = each.nodeid if processes.starts(each) else _room(each.nodeid)
        groups[each] = min((min(linked[name]) for name in _shared(each)), default=alone)
    return groups


def _shared(item: pytest.Item) -> set[str]:
    """What a test shares with others of its room: the room's name and a fixture's."""
    assert isinstance(item, pytest.Function)
    found = [each[-1] for each in item._fixtureinfo.name2fixturedefs.values() if each]
    return {
        f"{_room(item.nodeid)}:{each.argname}"
        for each in found
        if each.scope != "function" and each.func.__module__.startswith(f"{HERE.name}.")
    }


def _room(nodeid: str) -> str:
    return nodeid.removeprefix(f"{HERE.name}/").partition("::")[0].partition("/")[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long each room took, the longest first."""
    seconds, tests = Counter[str](), Counter[str]()
    for report in (each for kind in terminalreporter.stats.values() for each in kind):
        if isinstance(report, pytest.TestReport):
            seconds[_room(report.nodeid)] += report.duration
            tests[_room(report.nodeid)] += report.when == "call"
    if len(seconds) > 1:
        terminalreporter.section("seconds and tests by room")
        for room, took in seconds.most_common():
            terminalreporter.write_line(f"{took:8.0f} {tests[room]:6} {room}")


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
