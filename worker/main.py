"""The worker: one process that runs workflows and activities, and every knob of it explained."""

import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import temporal
from activities import everything
from activities.context import Context
from activities.interceptor import ActivityScope
from journal.store import Journal
from logs import log
from settings import Settings
from workflows.identify import IdentifyCluster
from workflows.migration import MigrationWorkflow

PASSED_THROUGH = ("migration", "activities", "temporal", "vsphere", "openshift", "journal", "settings", "logs")
"""Modules that workflows may see but not reload: pure values, and activities by reference."""


def create_worker(client: Client, context: Context, *, settings: Settings) -> Worker:
    """A worker for the configured task queue."""
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[MigrationWorkflow, IdentifyCluster],
        activities=everything(context),
        interceptors=[ActivityScope(context.journal)],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        ),
        # A vCenter serves few sessions well, and every wait holds one activity: no more than an operator allows.
        max_concurrent_activities=settings.max_activities,
        # What an activity waits for must reach the status within a second (the default holds it back for 30 s or more).
        max_heartbeat_throttle_interval=timedelta(milliseconds=500),
        default_heartbeat_throttle_interval=timedelta(milliseconds=500),
        # Time for activities to notice and stop between two calls; a pod's grace period is 30 s.
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
    """
    client = await temporal.connect()
    await temporal.ensure_search_attributes(client)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(working(client, settings))
        await stop.wait()


class working:  # noqa: N801 - reads as `async with working(client, settings)`
    """A worker with its journal and its connections, for as long as the block lasts."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Worker:
        """Open the journal, then start to poll."""
        journal = Journal(self._settings.journal)
        journal.open()
        self._stack.callback(journal.close)
        context = await self._stack.enter_async_context(Context(settings=self._settings, journal=journal))
        worker = create_worker(self._client, context, settings=self._settings)
        await self._stack.enter_async_context(worker)
        log.info("worker polls", task_queue=self._settings.task_queue, identity=self._client.identity)
        return worker

    async def __aexit__(self, *error: object) -> None:
        """Stop polling, let activities end, close what was opened."""
        await self._stack.aclose()
