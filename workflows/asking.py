"""Asking a worker something on behalf of somebody who waits: a tiny workflow that reads and answers.

Doors hold no kubeconfig; only workers reach clusters. That nobody works on the queue is known within a query's
time-out, long before the reading itself could be given up.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ActivityError
from temporalio.service import RPCError, RPCStatusCode

from migration.value import Value
from workflows.failures import explain
from workflows.refusals import ClusterUnavailable, NoWorker

CALL = timedelta(seconds=3)
"""Temporal answers in milliseconds, and so does a live worker, or in a second when it must read the history first."""

SILENT = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
"""How Temporal says that it is there and our worker is not."""

Question = TypeVar("Question", bound=Value)
Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


async def ask(
    client: Client,
    run: Callable[[Asked, Question], Awaitable[Answer]],
    heard: Callable[[Asked], bool],
    question: Question,
    *,
    id: str,  # noqa: A002 - Temporal's name for it
    queue: str,
    patience: timedelta,
) -> Answer:
    """The workflow's answer; whoever asks under an id that is being answered gets that answer too.

    Raises:
        ClusterUnavailable: an activity gave up reading.
        NoWorker: nobody works on that queue.
    """
    try:
        handle: Any = await client.start_workflow(
            run,
            question,
            id=id,
            task_queue=queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            execution_timeout=patience,
            rpc_timeout=CALL,
        )
        await handle.query(heard, rpc_timeout=CALL)
        answer: Answer = await handle.result()
    except WorkflowFailureError as error:
        if isinstance(error.cause, ActivityError):
            failure = explain(error.cause)
            raise ClusterUnavailable(failure.diagnosis, remedy=failure.remedy) from error
        raise idle(queue) from error
    except WorkflowQueryFailedError as error:
        raise idle(queue) from error
    except RPCError as error:
        if error.status not in SILENT:
            raise
        raise idle(queue) from error
    return answer


def idle(queue: str) -> NoWorker:
    """Nobody works on that queue."""
    return NoWorker(f"nobody works on task queue {queue!r}", remedy="start a worker: `vcfm worker` (or `vcfm serve`)")
