"""The worker: one process that runs workflows and activities, and every knob of it explained."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import temporal
from activities.registry import everything
from activities.runtime.context import Context
from activities.runtime.interceptor import ActivityScope
from config.logs import log
from config.settings import Settings
from journal.store import Journal
from monitoring.endpoint import Lacks, answering
from worker.shutdown import BoundedShutdownWorker
from worker.version import becoming_current, deployment_config
from workflows.migration import MigrationWorkflow
from workflows.queries.checkpoint import ReadCheckpoint
from workflows.queries.identify import IdentifyCluster
from workflows.queries.preflight import PreflightWorkflow

PASSED_THROUGH = ("migration", "activities", "temporal", "config", "vsphere", "openshift", "journal", "cryptography")
"""Modules that workflows see as they are: pure values and functions, and activities by reference with what they import.

Everything else is loaded anew for each run, `workflows` too: a call there that a replay would answer differently
(`datetime.now()`, `random`, `open`) is refused. A type of `migration` must be the same class on both sides of an
activity, and loading the activities' libraries for each run would take seconds. What is loaded costs 28 ms of CPU when
a worker first sees a run (and not with each task), and 400 KiB while the run is in its cache.
"""


WORKFLOWS = (MigrationWorkflow, PreflightWorkflow, IdentifyCluster, ReadCheckpoint)


def workflow_runner() -> SandboxedWorkflowRunner:
    """Runs workflows in the sandbox, wherever they run: in a worker, in a replay, in tests."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def create_worker(client: Client, context: Context, *, settings: Settings) -> Worker:
    """A worker for the configured task queue."""
    return BoundedShutdownWorker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=everything(context),
        # A migration replays its history for days: with a build of other code in it, it could stop.
        deployment_config=deployment_config(settings),
        interceptors=[ActivityScope(context.journal)],
        workflow_runner=workflow_runner(),
        # A vCenter serves few sessions well, and every wait holds one activity: no more than an operator allows.
        max_concurrent_activities=settings.max_activities,
        # What an activity waits for must reach the status within a second (the default holds it back for 30 s or more).
        max_heartbeat_throttle_interval=timedelta(milliseconds=500),
        default_heartbeat_throttle_interval=timedelta(milliseconds=500),
        # After a worker's death the next one reads a few hundred events again; waiting 10 s costs more.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        # Time for activities to notice and stop between two calls; a pod gets 60 s in all (deploy/base/worker.yaml),
        # and the worker ends in half of that, come what may (`worker.shutdown`).
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
    """
    client = await temporal.connect()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(client, settings) as worker, answering(settings, client=client, lacks=polling(worker)):
        await stop.wait()


def polling(worker: Worker) -> Lacks:
    """What a worker lacks while it does not ask Temporal for work."""
    return lambda: "" if worker.is_running else "the worker does not poll: it is starting, or stopping"


@asynccontextmanager
async def working(client: Client, settings: Settings) -> AsyncIterator[Worker]:
    """A worker with its journal and its connections, for as long as the block lasts."""
    await temporal.ensure_search_attributes(client)
    journal = Journal(settings.journal_url)
    journal.open()
    try:
        async with (
            Context(settings=settings, journal=journal) as context,
            create_worker(client, context, settings=settings) as worker,
        ):
            log.info("worker polls", task_queue=settings.task_queue, temporal=client.service_client.config.target_host)
            async with becoming_current(client, settings):
                yield worker
    finally:
        journal.close()
