"""Coming and going: a second lab stands beside the session's, and leaves nothing, however it ends."""

import os
import signal
from pathlib import Path

import pytest

from lab.cluster.api_server import ApiError, wait_for
from lab.commands import Lab, LabError, down, status, up
from lab.processes import supervisor
from lab.scenario import Scenario
from lab.state import StateDir
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab
SMALL = Scenario(pools=[], autoscalers=False, workloads=[], health_checks=[])


def users_of(path: Path) -> list[str]:
    """Processes that name this path in their arguments or environment, or stand in it."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                place = (process / "cwd").readlink()
            except OSError:
                continue
            if str(path).encode() in text or place.is_relative_to(path):
                found.append(process.name)
    return found


def test_two_labs_stand_side_by_side_and_each_goes_without_a_trace(lab: Lab, tmp_path: Path) -> None:
    second = up(SMALL, tmp_path / "second", attached=True)
    servers = {each["server"] for each in (*lab.description["vcenters"], *second.description["vcenters"])}
    assert len(servers) == 4
    assert users_of(second.state_dir)
    assert down(second.state_dir)
    assert users_of(second.state_dir) == []
    assert not second.state_dir.exists()
    assert status(lab.state_dir)["healthy"]
    assert not down(second.state_dir)


def test_a_lab_whose_supervisor_is_killed_leaves_no_process_and_can_be_replaced(tmp_path: Path) -> None:
    first = up(SMALL, tmp_path / "state", attached=True)
    pid = supervisor.pid_of(StateDir(first.state_dir))
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not users_of(first.state_dir), what="every part to end", timeout=EVENT_SECONDS)
    with pytest.raises(LabError, match="vcfm lab up"):
        status(first.state_dir)
    assert down(first.state_dir)
    assert not first.state_dir.exists()


def test_a_lab_that_cannot_come_up_leaves_no_process_but_its_logs(tmp_path: Path) -> None:
    hopeless = SMALL.model_copy(update={"infrastructure_name": "not a name"})
    with pytest.raises(ApiError, match="not a name"):
        up(hopeless, tmp_path / "state", attached=True)
    assert users_of(tmp_path / "state") == []
    assert (tmp_path / "state" / "logs" / "kube-apiserver.log").exists()
    assert down(tmp_path / "state")
