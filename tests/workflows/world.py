"""A world of fake activities that a test can bend, and a worker that offers them.

The activities alone are fake: their names, their types, their pulse and their journal are the real ones.
"""

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, get_type_hints

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Interceptor

from activities import registry
from activities.cluster.checkpoint import CheckpointFound, CheckpointQuery
from activities.decisions import Decisions
from activities.runtime import heartbeat
from activities.runtime.context import Context
from activities.runtime.definition import DEFINED, definitions
from config.settings import Settings
from journal.store import Journal
from migration.run.checkpoint import Checkpoint, CheckpointUpdate
from migration.run.heartbeat import Observation
from openshift.checkpoints import StoredCheckpoint
from openshift.errors import CheckpointMissing
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import ANSWERS
from worker.main import workflow_runner
from worker.shutdown import BoundedShutdownWorker
from worker.version import becoming_current, deployment_config
from workflows.migration import MigrationWorkflow
from workflows.queries.checkpoint import ReadCheckpoint
from workflows.queries.identify import IdentifyCluster
from workflows.queries.preflight import PreflightWorkflow

JOURNALING = "record_decisions"


class World:
    """Fake activities: each answers from `ANSWERS`, notes that it was called, and fails if a test says so.

    `calls` are in order and without those that write into the journal, which come when they come.

    Attributes:
        calls, inputs: what was called, and with what.
        records: everything that was written into the cluster's record, the last being what is there.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.inputs: dict[str, list[Any]] = {}
        self._failures: dict[str, list[Exception]] = {}
        self._answers: dict[str, Any] = ANSWERS | {
            "write_checkpoint": self._keep,
            "update_checkpoint": self._merge,
            "read_checkpoint": self._read,
        }
        self.records: list[Checkpoint] = []
        self._stalled: set[str] = set()
        self._silent: set[str] = set()
        self._held: dict[str, tuple[Observation, asyncio.Event]] = {}

    def fail(self, name: str, *errors: Exception) -> None:
        """The next calls of that activity fail with these, one after the other; adapters' own need the interceptor."""
        self._failures[name] = list(errors)

    def answer(self, name: str, value: Any) -> None:
        """That activity answers this from now on."""
        self._answers[name] = value

    def hold(self, name: str, seen: Observation) -> asyncio.Event:
        """That activity reports this and waits, until the event that is returned is set. Needs the real interceptor."""
        self._held[name] = (seen, asyncio.Event())
        return self._held[name][1]

    def stall(self, name: str, *, silent: bool = False) -> None:
        """That activity waits from now on, until it is cancelled or `go_on` is called for it.

        Args:
            name: of the activity.
            silent: it does not beat, so that Temporal takes it for gone.
        """
        self._stalled.add(name)
        if silent:
            self._silent.add(name)

    def go_on(self, name: str) -> None:
        """What stalled waits no longer."""
        self._stalled.discard(name)

    def activities(self, journal: Journal | None) -> list[Callable[..., Awaitable[Any]]]:
        """A fake for each real activity, of its name and types; where there is a journal, what writes into it is real."""
        if journal is None:
            return [self._fake(each) for subject in registry.SUBJECTS for each in _definitions(subject)]
        fakes = [
            self._fake(each)
            for subject in registry.SUBJECTS
            for each in _definitions(subject)
            if subject is not Decisions
        ]
        return [*fakes, Decisions(Context(settings=Settings(), journal=journal)).record]

    @asynccontextmanager
    async def working(
        self,
        client: Client,
        *interceptors: Interceptor,
        journal: Journal | None = None,
        settings: Settings | None = None,
    ) -> AsyncIterator[str]:
        """A worker of this world, for as long as the block lasts; yields its task queue, its own unless it is given."""
        configured = settings or Settings(task_queue=f"test-{uuid.uuid4()}")
        worker = BoundedShutdownWorker(
            client,
            task_queue=configured.task_queue,
            workflows=[MigrationWorkflow, PreflightWorkflow, IdentifyCluster, ReadCheckpoint],
            activities=self.activities(journal),
            deployment_config=deployment_config(configured),
            interceptors=interceptors,
            workflow_runner=workflow_runner(),
            max_heartbeat_throttle_interval=timedelta(milliseconds=500),
            default_heartbeat_throttle_interval=timedelta(milliseconds=500),
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        )
        assert worker._workflow_worker
        worker._workflow_worker._deadlock_timeout_seconds = EVENT_SECONDS  # 2 s is too little for a busy machine
        async with worker, becoming_current(client, configured):
            yield configured.task_queue

    def _keep(self, record: Checkpoint) -> StoredCheckpoint:
        self.records.append(record)
        return StoredCheckpoint(secret="vcfm-checkpoint-ocp1", sha256="0")

    def _merge(self, update: CheckpointUpdate) -> StoredCheckpoint:
        merged = update.applied_to(self.records[-1]) if self.records else None
        if merged is None:
            raise ApplicationError("nothing to merge into", type=CheckpointMissing.__name__, non_retryable=True)
        return self._keep(merged)

    def _read(self, _: CheckpointQuery) -> CheckpointFound:
        return CheckpointFound(namespace="openshift-vcf-migration", record=self.records[-1] if self.records else None)

    def _fake(self, real: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        name = DEFINED[real].name
        hints = get_type_hints(real)
        (argument,) = [key for key in inspect.signature(real).parameters if key != "self"]

        async def fake(value: Any) -> Any:
            if name != JOURNALING:
                self.calls.append(name)
            self.inputs.setdefault(name, []).append(value)
            if self._failures.get(name):
                raise self._failures[name].pop(0)
            while name in self._stalled:
                if name not in self._silent:
                    activity.heartbeat()
                await asyncio.sleep(0.02)
            if name in self._held:
                seen, released = self._held[name]
                heartbeat.report(seen)
                await released.wait()
            answer = self._answers[name]
            return answer(value) if callable(answer) else answer

        fake.__annotations__ = {"value": hints[argument], "return": hints["return"]}
        return activity.defn(name=name)(fake)


def _definitions(subject: type) -> list[Callable[..., Any]]:
    return [getattr(subject, method) for method in definitions(subject)]
