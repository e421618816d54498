"""Errors for a missing worker: which worker is needed, and how to start it.

With worker versioning it is not enough that some worker runs: a migration is pinned to the version that started it, and
a new migration goes to the current version.
"""

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

import temporal
from client.errors import NoWorker
from temporal import versions


def no_worker_answers(description: WorkflowExecutionDescription, why: str) -> NoWorker:
    """The error that no worker which may run this migration answers its queries."""
    phase = description.typed_search_attributes.get(temporal.PHASE, "an unknown phase")
    return NoWorker(
        f"{description.id} is {status_name(description)}, in {phase}, and no worker{of_version(description)} "
        f"answers ({why})",
        remedy=what_to_start(description),
    )


def what_to_start(description: WorkflowExecutionDescription) -> str:
    """The next step; the migration continues where it was as soon as its worker runs."""
    pinned = versions.pinned_to(description)
    if pinned is None:
        return "start a worker (`vcfm worker`); the migration continues where it was"
    return (
        f"start a worker of that release with VCFM_BUILD_ID={pinned.build_id}; or move the migration to a version that "
        f"can replay its history: temporal workflow update-options --workflow-id {description.id} "
        "--versioning-override-behavior pinned --versioning-override-deployment-name "
        f"{pinned.deployment_name} --versioning-override-build-id BUILD_ID"
    )


async def no_worker_starts(client: Client, task_queue: str) -> NoWorker:
    """The error that no worker which may start a migration polls the task queue."""
    try:
        deployment = await versions.describe(client, task_queue)
    except RPCError:  # a server without worker versioning, or without the permission to read it
        deployment = None
    if deployment is None or not deployment.current:
        return NoWorker(
            f"no worker polls task queue {task_queue!r}", remedy="start a worker: `vcfm worker` (or `vcfm serve`)"
        )
    return NoWorker(
        f"no worker of the current version {deployment.current!r} polls task queue {task_queue!r}",
        remedy=f"start one with VCFM_BUILD_ID={deployment.current}, or route new migrations to a version that runs: "
        f"{versions.by_hand(deployment.name, 'BUILD_ID')} (or --unversioned)",
    )


def status_name(description: WorkflowExecutionDescription) -> str:
    """Temporal's name of the execution status, in lower case."""
    return description.status.name.lower() if description.status else "unknown"


def of_version(description: WorkflowExecutionDescription) -> str:
    pinned = versions.pinned_to(description)
    return f" of its version {pinned.build_id!r}" if pinned else ""
