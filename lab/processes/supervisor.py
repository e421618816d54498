"""One detached process that is the parent of every part of a lab: `python -m lab.processes.supervisor STATE_DIR`.

What shall run is a directory: `processes/NAME.json` with `argv` and `env`. A file that appears is started, one that
disappears is stopped, and a part that ends by itself is started again (the ControlPlaneMachineSet operator exits by
contract whenever feature gates change). So bring-up, faults and tests steer the lab by files, without a protocol.

Nothing survives this process, however it dies: each part asks the kernel to be killed with its parent
(PR_SET_PDEATHSIG). The kernel means the parent *thread*, so parts are started from the main thread only. This is
Linux's own; process groups were no alternative, since a SIGKILL of the parent does not reach them.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.state import StateDir

POLL = 0.1  # seconds between two looks at the directory: what a stopped part adds to a wait, at most
BACKOFF_LONGEST = 5.0
LIVED = 10.0  # a part that ran this long is started again at once
GRACE = 1.0  # for a part to end by itself; none has anything to save
_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask to be signalled when its parent ends."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:  # it ended before the request stood
            os.kill(os.getpid(), signal_number)

    return ask


class Part:
    """One program: running, or waiting for its next start."""

    def __init__(self, name: str, document: str, state: StateDir) -> None:
        wanted = json.loads(document)
        self.name, self.document, self.state = name, document, state
        self.argv: list[str] = wanted["argv"]
        self.env: dict[str, str] = wanted["env"]
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.started = self.next_start = 0.0

    def keep_running(self, now: float) -> None:
        if self.process and self.process.poll() is not None:
            self._ended(now, f"ended with {self.process.returncode}")
        if not self.process and now >= self.next_start:
            try:
                self.start(now)
            except OSError as error:
                self._ended(now, f"cannot start: {error}")

    def _ended(self, now: float, how: str) -> None:
        print(f"{self.name} {how}", flush=True)
        self.process = None
        self.failures = 0 if now - self.started > LIVED else self.failures + 1
        self.next_start = now + min(BACKOFF_LONGEST, 0.2 * 2**self.failures if self.failures else 0)

    def start(self, now: float) -> None:
        self.started = now
        with (self.state.logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                cwd=self.state.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  this process has one thread, by design
            )
        (self.state.pids / self.name).write_text(str(self.process.pid))

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        (self.state.pids / self.name).unlink(missing_ok=True)


def supervise(state: StateDir, *, attached_to: int | None = None) -> None:
    """Keep running what the directory says, until SIGTERM, or until the process that this lab is attached to ends."""
    parts: dict[str, Part] = {}
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    owner = [os.pidfd_open(attached_to)] if attached_to else []
    while not stopping and not select.select(owner, [], [], POLL)[0]:
        wanted = _wanted(state)
        for name in [name for name, part in parts.items() if wanted.get(name) != part.document]:
            parts.pop(name).stop()
        for name, document in wanted.items():
            if name not in parts:
                parts[name] = Part(name, document, state)
            parts[name].keep_running(time.monotonic())
    for part in parts.values():
        if part.process:
            part.process.terminate()
    for part in parts.values():
        part.stop()


def _wanted(state: StateDir) -> dict[str, str]:
    found = {}
    for file in sorted(state.processes.glob("*.json")):
        with contextlib.suppress(FileNotFoundError):  # taken away since we looked
            found[file.stem] = file.read_text()
    return found


def spawn(state: StateDir, *, attached: bool) -> None:
    """Start the supervisor of a state directory, detached from terminal and parent; an attached one ends with us."""
    with (state.logs / "supervisor.log").open("ab") as log:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "lab.processes.supervisor",
                str(state.path),
                *([str(os.getpid())] if attached else []),
            ],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            timeout=30,
            check=True,
        )


def pid_of(state: StateDir) -> int | None:
    """The living supervisor of this directory; a process that merely got its number since is not it."""
    try:
        pid = int(state.supervisor_pid.read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if str(state.path).encode() in arguments else None


def main() -> None:
    """Let go of who started us, then supervise: they wait for the first process only, which leaves the pid behind."""
    state = StateDir(Path(sys.argv[1]))
    if child := os.fork():
        state.supervisor_pid.write_text(str(child))
        os._exit(0)
    supervise(state, attached_to=int(sys.argv[2]) if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    main()
