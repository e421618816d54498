"""The service as its users run it: Temporal, the API and a worker as processes of their own, on a lab."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from dotenv import dotenv_values

from cli.dev_server import DevServer, dev_server, free_port
from cli.rest import Service
from lab.commands import Lab
from migration.run.status import MigrationStatus
from tests.support.timeouts import EVENT_SECONDS


class Running:
    """The service on one lab; its worker can be killed and started again."""

    def __init__(self, *, lab: Lab, temporal: DevServer, directory: Path) -> None:
        port = free_port(0)
        self.lab = lab
        self.temporal = temporal
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        self.service = Service(self.url)
        self.environment = {
            **os.environ,
            **{key: value or "" for key, value in dotenv_values(lab.state_dir / "env").items()},
            "VCFM_STATE_DIRECTORY": str(directory),
            "VCFM_API_PORT": str(port),
            "TEMPORAL_ADDRESS": temporal.address,
        }
        self.api = self._start("api")
        self.worker = self._start("worker")

    @property
    def journal_url(self) -> str:
        """The journal that worker and API share."""
        return f"sqlite:///{self.directory / 'journal.db'}"

    @property
    def logs(self) -> str:
        """Everything that the service has said."""
        return "".join(each.read_text() for each in self.directory.glob("*.log"))

    def kill_worker(self) -> None:
        """SIGKILL, and at once a new one: what a machine does with a process that used too much memory."""
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.worker = self._start("worker")

    def wait_until_ready(self) -> None:
        """Wait until the API serves and the worker works, however busy the machine is."""
        self.service.wait_until_ready(seconds=EVENT_SECONDS, alive=lambda: self.api.poll() is None)
        end = time.monotonic() + EVENT_SECONDS
        while "worker polls" not in self.logs:
            assert time.monotonic() < end, f"the worker did not begin to work within {EVENT_SECONDS:.0f} s"
            time.sleep(0.1)

    def submit(self) -> MigrationStatus:
        """Start the lab's migration by REST."""
        self.wait_until_ready()
        return self.service.start(self.lab.description["migration"])

    def follow(self, migration: str, *, seconds: float) -> MigrationStatus:
        """Until it ends or needs a person.

        Raises:
            TimeoutError: neither within that time.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.service.status(migration)
            if status.state.final or status.attention:
                return status
            time.sleep(0.5)
        raise TimeoutError(f"{migration} still {status.state} in {status.phase} after {seconds} s: {status.waiting}")

    def stop(self) -> None:
        """End both processes."""
        for process in (self.worker, self.api):
            process.terminate()
        for process in (self.worker, self.api):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: str) -> "subprocess.Popen[Any]":
        with self._log(command) as output:
            return subprocess.Popen(
                [sys.executable, "-m", "cli", command], env=self.environment, stdout=output, stderr=output
            )

    def _log(self, command: str) -> IO[str]:
        return (self.directory / f"{command}.log").open("a")


@asynccontextmanager
async def running(lab: Lab, directory: Path) -> AsyncIterator[Running]:
    """The service on a lab, in an existing directory, for as long as the block lasts."""
    async with dev_server(
        database=directory / "temporal.db", port=0, ui_port=0, log=directory / "temporal.log"
    ) as temporal:
        started = Running(lab=lab, temporal=temporal, directory=directory)
        try:
            yield started
        finally:
            started.stop()
