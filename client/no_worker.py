"""Nobody answers: which worker is missing, and what a person can do about it.

Where workers have versions it is not enough that one runs: a migration is pinned to the version that began it, and a
new one goes to the version that is current.
"""

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

import temporal
from client.errors import NoWorker
from temporal import versions


def no_worker_answers(description: WorkflowExecutionDescription, why: str) -> NoWorker:
    """No worker that may run this migration answers for it."""
    phase = description.typed_search_attributes.get(temporal.PHASE, "an unknown phase")
    return NoWorker(
        f"{description.id} is {status_name(description)}, in {phase}, and no worker{of_version(description)} "
        f"answers for it ({why})",
        remedy=what_to_start(description),
    )


def what_to_start(description: WorkflowExecutionDescription) -> str:
    """The next step: the migration goes on where it was as soon as its worker runs."""
    pinned = versions.pinned_to(description)
    if pinned is None:
        return "see that a worker runs (`vcfm worker`); the migration goes on where it was"
    return (
        f"start a worker with VCFM_BUILD_ID={pinned.build_id}, of the release that this was; or move the migration to "
        f"a version that replays its history alike: temporal workflow update-options --workflow-id {description.id} "
        "--versioning-override-behavior pinned --versioning-override-deployment-name "
        f"{pinned.deployment_name} --versioning-override-build-id BUILD_ID"
    )


async def no_worker_starts(client: Client, task_queue: str) -> NoWorker:
    """No worker that may begin a migration is there."""
    try:
        deployment = await versions.describe(client, task_queue)
    except RPCError:  # a server without versions, or one that does not tell us
        deployment = None
    if deployment is None or not deployment.current:
        return NoWorker(
            f"nobody works on task queue {task_queue!r}", remedy="start a worker: `vcfm worker` (or `vcfm serve`)"
        )
    return NoWorker(
        f"no worker of the current version {deployment.current!r} works on task queue {task_queue!r}",
        remedy=f"start one with VCFM_BUILD_ID={deployment.current}, or have new migrations go to a version that runs: "
        f"{versions.by_hand(deployment.name, 'BUILD_ID')} (or --unversioned)",
    )


def status_name(description: WorkflowExecutionDescription) -> str:
    """How Temporal calls its state."""
    return description.status.name.lower() if description.status else "unknown"


def of_version(description: WorkflowExecutionDescription) -> str:
    pinned = versions.pinned_to(description)
    return f" of its version {pinned.build_id!r}" if pinned else ""
