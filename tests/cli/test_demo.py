"""The demo leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.timeouts import EVENT_SECONDS

HOLD = """
import sys, time
from pathlib import Path
from rich.console import Console
from cli.demo import _service

with _service(Console(), Path(sys.argv[1])) as url:
    print("serving", flush=True)
    time.sleep(600)
"""


def descendants(pid: int) -> set[int]:
    children = {int(each) for file in Path(f"/proc/{pid}/task").glob("*/children") for each in file.read_text().split()}
    return children.union(*map(descendants, children))


def test_a_demo_that_is_killed_takes_the_service_and_temporal_with_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "env").touch()
    demo = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    assert any("serving" in line for line in demo.stdout)
    left = descendants(demo.pid)
    assert len(left) >= 2, "the service, and Temporal's dev server"
    demo.send_signal(signal.SIGKILL)
    demo.wait()
    demo.stdout.close()
    wait_until_gone(left)


def wait_until_gone(pids: set[int]) -> None:
    end = time.monotonic() + EVENT_SECONDS
    while pids := {each for each in pids if _lives(each)}:
        assert time.monotonic() < end, f"still there: {pids}"
        time.sleep(0.1)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
