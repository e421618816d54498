"""Asking a cluster something small by way of a worker, while a person waits at a door: doors reach no cluster."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError
from temporalio.service import RPCError, RPCStatusCode

from migration.adoption import Direction
from migration.record import MigrationRecord, refusal
from migration.request import ClusterIdentity, ClusterName
from workflows.failures import explain
from workflows.identify import PATIENCE, IdentifyCluster
from workflows.look_up import LookUpRecord, Remembered
from workflows.refusals import ClusterUnavailable, NothingToAdopt, NoWorker, Refused

_CALL = timedelta(seconds=3)

SILENT = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
"""How Temporal says that it is there and our worker is not."""


class Clusters:
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
        found: ClusterIdentity = await self._ask(IdentifyCluster.run, IdentifyCluster.heard, cluster)
        return found

    async def record(self, cluster: str) -> Remembered:
        """What it says of itself, and remembers of its last migration.

        Raises:
            Refused: there is a record, and it cannot be relied on.
        """
        found: Remembered = await self._ask(LookUpRecord.run, LookUpRecord.heard, cluster)
        return found

    async def _ask(self, question: Any, heard: Any, cluster: str) -> Any:
        try:
            handle = await self._client.start_workflow(
                question,
                ClusterName(cluster=cluster),
                id=f"vcfm-identify-{uuid4()}",
                task_queue=self._queue,
                execution_timeout=PATIENCE,
                rpc_timeout=_CALL,
            )
            await handle.query(heard, rpc_timeout=_CALL)
            return await handle.result()
        except WorkflowFailureError as error:
            if isinstance(error.cause, ActivityError):
                failure = explain(error.cause)
                kind = Refused if error.cause.activity_type == "read_record" else ClusterUnavailable
                raise kind(failure.diagnosis, remedy=failure.remedy) from error
            raise self._idle() from error
        except RPCError as error:
            if error.status not in SILENT:
                raise
            raise self._idle() from error

    def _idle(self) -> NoWorker:
        return NoWorker(
            f"nobody works on task queue {self._queue!r}", remedy="start a worker: `vcfm worker` (or `vcfm serve`)"
        )


def adoptable(known: Remembered, direction: Direction) -> MigrationRecord:
    """The record of a migration that can be taken over in that direction.

    Raises:
        NothingToAdopt: there is none, or of one that has ended.
        Refused: not in that direction.
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
        raise Refused(reason, remedy="finish it: `vcfm adopt` without --rollback (direction Continue)")
    return record
