"""The supervisor runs what a directory says, and nothing outlives it. Its parts here are `sleep`s."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster.api_server import wait_for
from lab.processes import supervisor
from lab.state import StateDir
from tests.support.timeouts import EVENT_SECONDS


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_of(state: StateDir, name: str) -> int:
    file = state.pids / name
    wait_for(lambda: file.exists() and file.read_text(), what=f"{name} to start", timeout=EVENT_SECONDS)
    return int(file.read_text())


def want(state: StateDir, name: str, *argv: str) -> None:
    unfinished = state.processes / f"{name}.unfinished"
    unfinished.write_text(json.dumps({"argv": list(argv), "env": {"PATH": os.environ["PATH"]}}))
    unfinished.rename(state.processes / f"{name}.json")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    made = StateDir(tmp_path / "state")
    made.create()
    supervisor.spawn(made, attached=True)
    yield made
    if pid := supervisor.pid_of(made):
        os.kill(pid, signal.SIGKILL)


def test_a_part_that_ends_is_started_again(state: StateDir) -> None:
    want(state, "part", "sleep", "600")
    first = pid_of(state, "part")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: pid_of(state, "part") != first, what="the part's next life", timeout=EVENT_SECONDS)
    assert alive(pid_of(state, "part"))


def test_a_part_whose_file_goes_is_stopped_alone(state: StateDir) -> None:
    want(state, "one", "sleep", "600")
    want(state, "other", "sleep", "600")
    one, other = pid_of(state, "one"), pid_of(state, "other")
    (state.processes / "one.json").unlink()
    wait_for(lambda: not alive(one), what="the part to end", timeout=EVENT_SECONDS)
    assert alive(other)


def test_a_part_whose_command_changes_is_replaced(state: StateDir) -> None:
    want(state, "part", "sleep", "600")
    first = pid_of(state, "part")
    want(state, "part", "sleep", "601")
    wait_for(lambda: not alive(first) and pid_of(state, "part") != first, what="the new command", timeout=EVENT_SECONDS)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_part_outlives_the_supervisor(state: StateDir, ending: signal.Signals) -> None:
    want(state, "polite", "sleep", "600")
    want(state, "stubborn", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    pids = [pid_of(state, "polite"), pid_of(state, "stubborn")]
    os.kill(int(state.supervisor_pid.read_text()), ending)
    wait_for(lambda: not any(alive(pid) for pid in pids), what="every part to end", timeout=EVENT_SECONDS)


def test_a_part_that_cannot_start_is_tried_again_and_hinders_no_other(state: StateDir, tmp_path: Path) -> None:
    program = tmp_path / "later"
    want(state, "early", str(program))
    want(state, "other", "sleep", "600")
    assert alive(pid_of(state, "other"))
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    assert alive(pid_of(state, "early"))


def test_an_attached_lab_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.create()
    want(state, "part", "sleep", "600")
    text = f"from lab import state; from lab.processes import supervisor; from pathlib import Path; supervisor.spawn(state.StateDir(Path('{state.path}')), attached=True); input()"
    with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE) as owner:
        part = pid_of(state, "part")
        owner.kill()
    wait_for(lambda: not alive(part) and not supervisor.pid_of(state), what="the lab to end", timeout=EVENT_SECONDS)


def test_another_process_with_its_number_is_not_taken_for_the_supervisor(state: StateDir) -> None:
    real = state.supervisor_pid.read_text()
    state.supervisor_pid.write_text(str(os.getpid()))
    assert not supervisor.pid_of(state)
    state.supervisor_pid.write_text(real)
