"""Read-only queries of a cluster, each by a short workflow, for clients that wait for the result.

Clients hold no kubeconfig; only workers reach clusters. A workflow query (`ping`) detects within its timeout that no
worker polls the task queue, long before the read itself would time out.
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
"""Temporal and a live worker answer in milliseconds; a worker that must first replay the history, in about a second."""

NO_ANSWER = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
"""Status codes by which a reachable Temporal server reports that no worker answers."""

Asks = TypeVar("Asks", bound=FrozenModel)
Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


class ClusterQueries:
    """Queries of the clusters that the workers of one task queue reach.

    Raises (every method):
        ClusterUnavailable: the cluster cannot be read.
        NoWorker: no worker polls the task queue.
    """

    def __init__(self, client: Client, *, task_queue: str) -> None:
        self._client = client
        self._queue = task_queue

    async def identity(self, cluster: str) -> ClusterIdentity:
        """Read the identity of a cluster."""
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
        """Read the identity of a cluster and the checkpoint of its last migration.

        Raises:
            CommandRefused: the stored checkpoint is not valid.
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
        """Run preflight; concurrent calls with the same key share one result."""
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
    """Run a query workflow and return its result; concurrent calls with the same id share one run.

    Raises:
        ClusterUnavailable: an activity could not read the cluster.
        CommandRefused: the cluster's checkpoint is not valid.
        NoWorker: no worker polls the task queue.
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
    """The checkpoint of a migration that can be taken over in that direction.

    Raises:
        NothingToAdopt: the cluster has no checkpoint, or that of a migration that has ended.
        CommandRefused: the migration cannot be taken over in that direction.
    """
    record, name = known.found.record, known.identity.infrastructure_name
    if record is None:
        raise NothingToAdopt(
            f"{name} has no checkpoint of a migration in namespace {known.found.namespace}",
            remedy=(
                "a migration writes its checkpoint before its first change: if one was started, set VCFM_NAMESPACE to "
                "its namespace; else start one (`vcfm start -f FILE`)"
            ),
        )
    reason = refusal(record, direction)
    if reason and record.ended:
        remedy = "start a new migration if there is still something to move (`vcfm start -f FILE`)"
        raise NothingToAdopt(reason, remedy=remedy)
    if reason:
        raise CommandRefused(reason, remedy="complete it instead: `vcfm adopt` without --rollback (direction Continue)")
    return record
