"""Labs for the tests of this room: the session's, which every test leaves as it was, and one that is migrated."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lab.commands import Lab
from lab.scenario import Delays, Pool, Scenario
from tests.activities.attempts import Attempts, attempts
from tests.activities.walk import Walk, walk
from tests.support.labs import standing

MOVED = Scenario(
    name="moved",
    target_failure_domains=2,
    control_plane_state="Inactive",
    pools=[Pool(replicas=3), Pool(name="infra", replicas=1, labels={"node-role.kubernetes.io/infra": ""})],
    # Slow enough that every wait has something to wait for, however slow the machine that looks.
    delays=Delays(pod_start=5, config_sync=4, credentials_sync=4),
)


@pytest.fixture(scope="package")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that refuses a second vCenter, and whose control plane may be meddled with."""
    scenario = Scenario(name="legacy", rules="legacy", source_failure_domains=2)
    with standing(scenario, tmp_path_factory.mktemp("legacy")) as lab:
        yield lab


@pytest.fixture
async def trying(lab: Lab, tmp_path: Path) -> AsyncIterator[Attempts]:
    """Attempts on the session's lab."""
    async with attempts(lab, tmp_path) as trying:
        yield trying


@pytest.fixture(scope="package")
async def walked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    """A whole migration on a lab of its own, each activity attempted twice in a row."""
    directory = tmp_path_factory.mktemp("walked")
    with standing(MOVED, directory) as lab:
        (directory / "service").mkdir()
        async with attempts(lab, directory / "service") as trying:
            yield await walk(lab, trying)
