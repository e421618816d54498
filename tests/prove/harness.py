"""A lab with the service on it, whose worker dies as it is told and is started again at once."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client, WorkflowFailureError

from cli.dev_server import DevServer, dev_server
from cli.rest import Unavailable
from lab.cluster.api_server import ApiServer, wait_for
from lab.commands import Lab, admin_api, down, status, up
from lab.scenario import load
from lab.snapshot import snapshot
from lab.state import StateDir
from migration.run.status import MigrationStatus
from tests.e2e.running import Running
from tests.prove.comparison import differences
from tests.prove.fault_points import FaultPoints
from tests.prove.worker import PIDS
from tests.support.timeouts import EVENT_SECONDS

Answer = TypeVar("Answer")


class Harness(Running):
    """The service under proof.

    Attributes:
        before: the lab as it was when it came up.
    """

    def __init__(self, *, lab: Lab, temporal: DevServer, directory: Path) -> None:
        self.fault_points = FaultPoints(directory / "fault-points")
        self.before = snapshot(lab.state_dir)
        self._pids = directory / "fault-points" / PIDS
        super().__init__(lab=lab, temporal=temporal, directory=directory)

    def differences(self) -> list[str]:
        """What of the lab is not as it was when it came up, a sentence each.

        Raises:
            TimeoutError: its cluster is not even well.
        """
        self._until_well()
        return differences(self.before, snapshot(self.lab.state_dir), self.lab.description["infrastructure_name"])

    @property
    def deaths(self) -> int:
        """How many workers have died so far."""
        return max(0, len(self._workers) - 1)

    def kill_worker(self) -> None:
        """SIGKILL; another one is started at once."""
        with contextlib.suppress(ProcessLookupError):  # it has just died of something else
            os.kill(self._workers[-1], signal.SIGKILL)

    def begin(self, **spec: Any) -> str:
        """Submit the lab's migration with further fields of the spec; returns its id."""
        self._until_well()
        self.service.wait_until_ready(seconds=EVENT_SECONDS, alive=lambda: self.api.poll() is None)
        body = self.lab.description["migration"]
        return self._patiently(lambda: self.service.start(body | {"spec": body["spec"] | spec})).id

    def status(self, migration: str) -> MigrationStatus:
        """How it stands, asked until somebody answers."""
        return self._patiently(lambda: self.service.status(migration))

    def say(self, migration: str, verb: str) -> str:
        """Tell it something, until it was accepted: a worker that was killed answers nobody for a moment."""
        return self._patiently(lambda: self.service.steer(migration, verb, by="prove", reason="a proof"))

    def until(self, migration: str, true: Callable[[MigrationStatus], object], *, seconds: float) -> MigrationStatus:
        """Its first status of which something is true; or in which it ended or needs a person.

        Raises:
            TimeoutError: neither within that time.
        """
        end = time.monotonic() + seconds
        while not (true(status := self.status(migration)) or status.state.final or status.attention):
            if time.monotonic() > end:
                raise TimeoutError(f"{status.state} in {status.phase} after {seconds:.0f} s: {status.message}")
            time.sleep(0.4)
        return status

    def ended(self, migration: str, *, seconds: float) -> MigrationStatus:
        """Its whole account when it needs a person or its run is over; once there is a worker again to give it.

        A run is over a moment after its migration has ended: when the journal has everything that people said.
        """
        status = self.until(migration, lambda _: False, seconds=seconds)
        if status.state.final:
            asyncio.run(self._over(migration))
        return self._patiently(lambda: _whole(self.service.status(migration)))

    async def _over(self, migration: str) -> None:
        client = await Client.connect(self.temporal.address)
        with contextlib.suppress(WorkflowFailureError):
            await client.get_workflow_handle(migration).result()

    def _until_well(self) -> None:
        """What a proof took away may just have come back: an API server that has just begun lists hardly anything."""
        with admin_api(StateDir(self.lab.state_dir)) as api:
            api.wait_ready(timeout=EVENT_SECONDS)
        wait_for(lambda: status(self.lab.state_dir)["healthy"], what="a healthy lab", timeout=EVENT_SECONDS, pause=0.5)
        with admin_api(StateDir(self.lab.state_dir)) as api:
            wait_for(lambda: not _shunned(api), what="the node controller's taints to go", timeout=EVENT_SECONDS)

    @property
    def _workers(self) -> list[int]:
        return [int(each) for each in self._pids.read_text().split()] if self._pids.exists() else []

    @staticmethod
    def _patiently(ask: Callable[[], Answer]) -> Answer:
        end = time.monotonic() + EVENT_SECONDS
        while True:
            try:
                return ask()
            except Unavailable:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _start(self, command: str) -> "subprocess.Popen[Any]":
        if command != "worker":
            return super()._start(command)
        arguments = [sys.executable, "-m", "tests.prove.worker", str(self.directory / "fault-points")]
        with self._log(command) as output:
            return subprocess.Popen(arguments, env=self.environment, stdout=output, stderr=output)


def _shunned(api: ApiServer) -> list[str]:
    """Nodes that the node controller has tainted; it takes that back some seconds after they are Ready again."""
    return [
        node["metadata"]["name"]
        for node in api.objects("v1", "Node")
        if any(each["key"].startswith("node.kubernetes.io/") for each in node["spec"].get("taints", []))
    ]


@asynccontextmanager
async def harness(directory: Path, *, scenario: str = "default") -> AsyncIterator[Harness]:
    """A new lab of a scenario with the service on it, in a directory of their own."""
    service = directory / "service"
    service.mkdir(parents=True)
    lab = await asyncio.to_thread(up, load(scenario), directory / "lab", attached=True, report=_quiet)
    try:
        async with dev_server(
            database=service / "temporal.db", port=0, ui_port=0, log=service / "temporal.log"
        ) as temporal:
            started = await asyncio.to_thread(lambda: Harness(lab=lab, temporal=temporal, directory=service))
            try:
                yield started
            finally:
                await asyncio.to_thread(started.stop)
    finally:
        await asyncio.to_thread(down, directory / "lab")


def _whole(status: MigrationStatus) -> MigrationStatus:
    """The status, unless it is only what Temporal remembers while no worker answers.

    Raises:
        Unavailable: it is.
    """
    if not any(each.started for each in status.phases):
        raise Unavailable("no worker tells more than the end")
    return status


def _quiet(line: str) -> None:
    del line
