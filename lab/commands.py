"""What a person or a test does with a lab: up, down, status, snapshot."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lab.binaries.build import Report, build
from lab.bring_up import VCENTER_PORT, BringUp
from lab.certificates import Pair
from lab.cluster.api_server import ApiError, ApiServer, wait_for
from lab.health import complaints
from lab.processes import supervisor
from lab.scenario import Scenario
from lab.state import StateDir

STOP_TIMEOUT = 10.0


class LabError(Exception):
    """The lab cannot do that now; the message names the remedy."""


class Lab(NamedTuple):
    """A running lab.

    Attributes:
        description: the content of `lab.json`.
    """

    state_dir: Path
    description: dict[str, Any]


def up(
    scenario: Scenario, state_dir: Path, *, port: int | None = None, attached: bool = False, report: Report = print
) -> Lab:
    """Bring a lab up; returns when its cluster is healthy. Whatever goes wrong, nothing keeps running.

    `port` is that of both vCenters. An `attached` lab ends with the calling process, any other stands until `down`.

    Raises:
        LabError: a lab runs there already.
        BuildError: its parts cannot be built.
        TimeoutError: it did not become healthy; names what was not.
    """
    state = StateDir(state_dir)
    if supervisor.pid_of(state) is not None:
        raise LabError(f"a lab runs in {state.path}: use it (`vcfm lab status`), or end it with `vcfm lab down`")
    _remove(state)
    built = build(report=report)
    started = time.monotonic()
    state.create()
    try:
        supervisor.spawn(state, attached=attached)
        BringUp(scenario=scenario, state=state, built=built, port=port or VCENTER_PORT, report=report).run()
    except BaseException:
        _stop(state)
        raise
    report(f"the lab is up after {time.monotonic() - started:.0f} s: {state.path}")
    return Lab(state.path, state.describe())


def down(state_dir: Path) -> bool:
    """End the lab and remove its directory; whether there was anything to do."""
    state = StateDir(state_dir)
    stopped = _stop(state)
    return _remove(state) or stopped


def status(state_dir: Path) -> dict[str, Any]:
    """What runs, and what the cluster complains about.

    Raises:
        LabError: no lab runs there.
    """
    state = running(state_dir)
    parts = {each.stem: _pid(state.pids / each.stem) for each in sorted(state.processes.glob("*.json"))}
    try:
        with admin_api(state) as api:
            found = complaints(api)
    except (ApiError, OSError) as error:
        found = [str(error)]
    return {
        "state_dir": str(state.path),
        "healthy": state.ready.exists() and not found,
        "complaints": found,
        "parts": parts,
    }


def running(state_dir: Path) -> StateDir:
    """The state directory of a lab that runs.

    Raises:
        LabError: none runs there.
    """
    state = StateDir(state_dir)
    if supervisor.pid_of(state) is None:
        raise LabError(f"no lab runs in {state.path}: start one with `vcfm lab up`")
    return state


def admin_api(state: StateDir) -> ApiServer:
    """The API server of a running lab, as its administrator."""
    url = yaml.safe_load(state.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    return ApiServer(url=url, state=state, admin=Pair(state.pki / "admin.pem", state.pki / "admin.key"))


def _stop(state: StateDir) -> bool:
    pid = supervisor.pid_of(state)
    if pid is None:
        return False
    for signal_number in (signal.SIGTERM, signal.SIGKILL):  # its parts die with it in either case
        with contextlib.suppress(TimeoutError, ProcessLookupError):
            os.kill(pid, signal_number)
            wait_for(lambda: supervisor.pid_of(state) is None, what="the supervisor to end", timeout=STOP_TIMEOUT)
        if supervisor.pid_of(state) is None:
            return True
    raise LabError(f"the supervisor of {state.path} does not end: kill process {pid} yourself")


def _remove(state: StateDir) -> bool:
    """Remove a lab's directory; one that is not a lab's is left alone.

    Raises:
        LabError: there is something else in that directory.
    """
    if not state.path.exists():
        return False
    if any(state.path.iterdir()) and not state.processes.exists():
        raise LabError(f"{state.path} holds something that is not a lab: name another --state-dir")
    shutil.rmtree(state.path)
    return True


def _pid(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
