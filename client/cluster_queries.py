"""Asking a cluster something on behalf of somebody who waits at a door: a tiny workflow reads and answers.

Doors hold no kubeconfig; only workers reach clusters. That nobody works on the queue is known within a query's
time-out, long before the reading itself could be given up.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.cluster.checkpoint import CheckpointUnreadable
from client.errors import ClusterUnavailable, CommandRefused, NothingToAdopt
from client.no_worker import no_worker_starts
from migration.frozen_model import FrozenModel
from migration.run.adoption import Direction
from migration.run.checkpoint import Checkpoint, refusal
from migration.run.request import ClusterIdentity, ClusterName, PreflightRequest, PreflightResult
from migration.spec.model import MigrationSpec
from workflows.queries import identify, preflight
from workflows.queries.checkpoint import ClusterCheckpoint, ReadCheckpoint
from workflows.queries.identify import IdentifyCluster
from workflows.queries.preflight import PreflightWorkflow
from workflows.status.failures import explain

RPC_TIMEOUT = timedelta(seconds=3)
"""Temporal answers in milliseconds, and so does a live worker, or in a second when it must read the history first."""

NO_ANSWER = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
"""How Temporal says that it is there and our worker is not."""

Asks = TypeVar("Asks", bound=FrozenModel)
Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


class ClusterQueries:
    """The clusters that the workers of one task queue reach.

    Raises (every method):
        ClusterUnavailable: the cluster that is meant cannot be asked.
        NoWorker: nobody works on the task queue.
    """

    def __init__(self, client: Client, *, task_queue: str) -> None:
        self._client = client
        self._queue = task_queue

    async def identity(self, cluster: str) -> ClusterIdentity:
        """What it says of itself."""
        return await ask(
            self._client,
            IdentifyCluster.run,
            IdentifyCluster.ping,
            ClusterName(cluster=cluster),
            id=f"vcfm-identify-{uuid4()}",
            queue=self._queue,
            patience=identify.PATIENCE,
        )

    async def record(self, cluster: str) -> ClusterCheckpoint:
        """What it says of itself, and remembers of its last migration.

        Raises:
            CommandRefused: there is a record, and it cannot be relied on.
        """
        return await ask(
            self._client,
            ReadCheckpoint.run,
            ReadCheckpoint.ping,
            ClusterName(cluster=cluster),
            id=f"vcfm-checkpoint-{uuid4()}",
            queue=self._queue,
            patience=identify.PATIENCE,
        )

    async def preflight(self, cluster: str, spec: MigrationSpec, *, once: str | None) -> PreflightResult:
        """What preflight would say now; whoever asks under the same key meanwhile gets the same answer."""
        return await ask(
            self._client,
            PreflightWorkflow.run,
            PreflightWorkflow.ping,
            PreflightRequest(cluster=cluster, spec=spec),
            id=f"vcfm-preflight-{once or uuid4()}",
            queue=self._queue,
            patience=preflight.PATIENCE,
        )


async def ask(
    client: Client,
    run: Callable[[Asked, Asks], Awaitable[Answer]],
    ping: Callable[[Asked], bool],
    question: Asks,
    *,
    id: str,  # noqa: A002 - Temporal's name for it
    queue: str,
    patience: timedelta,
) -> Answer:
    """The workflow's answer; whoever asks under an id that is being answered gets that answer too.

    Raises:
        ClusterUnavailable: an activity gave up reading.
        CommandRefused: the cluster's record is there, and cannot be relied on.
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
            rpc_timeout=RPC_TIMEOUT,
        )
        await handle.query(ping, rpc_timeout=RPC_TIMEOUT)
        answer: Answer = await handle.result()
    except WorkflowFailureError as error:
        if isinstance(error.cause, ActivityError):
            failure = explain(error.cause)
            cause = error.cause.cause
            unreadable = isinstance(cause, ApplicationError) and cause.type == CheckpointUnreadable.__name__
            kind = CommandRefused if unreadable else ClusterUnavailable
            raise kind(failure.diagnosis, remedy=failure.remedy) from error
        raise await no_worker_starts(client, queue) from error
    except WorkflowQueryFailedError as error:
        raise await no_worker_starts(client, queue) from error
    except RPCError as error:
        if error.status not in NO_ANSWER:
            raise
        raise await no_worker_starts(client, queue) from error
    return answer


def adoptable(known: ClusterCheckpoint, direction: Direction) -> Checkpoint:
    """The record of a migration that can be taken over in that direction.

    Raises:
        NothingToAdopt: there is none, or of one that has ended.
        CommandRefused: not in that direction.
    """
    record, name = known.found.record, known.identity.infrastructure_name
    if record is None:
        raise NothingToAdopt(
            f"{name} has no record of a migration in namespace {known.found.namespace}",
            remedy=(
                "a migration keeps one from before its first change on: if there was one, set VCFM_NAMESPACE to its "
                "namespace; else start one (`vcfm start -f FILE`)"
            ),
        )
    reason = refusal(record, direction)
    if reason and record.ended:
        remedy = "start a new migration if there is still something to move (`vcfm start -f FILE`)"
        raise NothingToAdopt(reason, remedy=remedy)
    if reason:
        raise CommandRefused(reason, remedy="finish it: `vcfm adopt` without --rollback (direction Continue)")
    return record
