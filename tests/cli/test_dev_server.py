"""`vcfm serve --dev` and its Temporal: they end together however they end, and a database file has one server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.dev_server import DatabaseInUse, dev_server, free_port
from cli.parent_death import ends_with_parent
from tests.cli.test_demo import descendants, wait_until_gone


@contextmanager
def serving(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A real `vcfm serve --dev` that has said where Temporal is; ends by SIGKILL."""
    environment = os.environ | {"VCFM_STATE_DIRECTORY": str(directory), "VCFM_API_PORT": str(free_port(0))}
    with (directory / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "cli", "serve", "--dev", "--temporal-port=0", "--ui-port=0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.readline()
        assert "Temporal UI" in said, (directory / "service.log").read_text()
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def holder(directory: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((directory / "temporal.db.lock").read_text())
    return found


async def test_a_killed_service_takes_its_temporal_with_it_and_the_next_one_starts(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        (temporal,) = descendants(process.pid)
        held = holder(tmp_path)
        assert (held["server"], held["started_by"]) == (temporal, process.pid)

        with pytest.raises(DatabaseInUse) as refused:
            await start_another(tmp_path)
        for each in ("temporal.db is in use", f"process {temporal}", f"process {process.pid} started", held["address"]):
            assert str(each) in str(refused.value)
        assert "TEMPORAL_ADDRESS=" in str(refused.value)
        second = subprocess.run(
            [sys.executable, "-m", "cli", "serve", "--dev"],
            env=os.environ | {"VCFM_STATE_DIRECTORY": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (second.returncode, second.stdout, second.stderr.strip()) == (1, "", str(refused.value))
        assert holder(tmp_path) == held, "who was refused says nothing there"

        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until_gone({temporal})
    with serving(tmp_path) as process:
        assert holder(tmp_path)["started_by"] == process.pid


async def start_another(directory: Path) -> None:
    async with dev_server(database=directory / "temporal.db", port=0, ui_port=0, log=directory / "other.log"):
        pass


HOLDS = """
import fcntl, sys, time

file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(600)
"""


async def test_a_lock_outlives_who_started_the_server_and_ends_with_the_server(tmp_path: Path) -> None:
    """Where the kernel cannot tie a child to its parent, what is left behind is still found."""
    lock = tmp_path / "temporal.db.lock"
    left = subprocess.Popen([sys.executable, "-c", HOLDS, lock], stdout=subprocess.PIPE)
    assert left.stdout is not None
    with left.stdout:
        left.stdout.readline()
        with pytest.raises(DatabaseInUse, match="starts just now"):
            await start_another(tmp_path)
        left.kill()
        left.wait()
    await start_another(tmp_path)


STARTS = """
import subprocess, sys
from cli.parent_death import ends_with_parent

subprocess.Popen(ends_with_parent(sys.argv[2:], signal_number=int(sys.argv[1]))).wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_command_is_run_as_it_is_and_dies_with_its_parent(number: signal.Signals) -> None:
    command = ["sh", "-c", 'echo $$ "$1"; exec sleep 600', "sh", "a b"]
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(int(number)), *command], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid, _, argument = parent.stdout.readline().strip().partition(" ")
        assert argument == "a b"
        parent.kill()
        parent.wait()
        wait_until_gone({int(pid)})


def test_a_child_whose_parent_ended_first_does_not_start() -> None:
    command = ends_with_parent(["echo", "started"], signal_number=signal.SIGKILL)
    command[4] = "1"  # as it looks when somebody else has become the parent
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "has ended already" in ended.stderr
