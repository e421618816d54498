"""Reads the checkpoint that a cluster holds of its last migration, before an adoption starts.

As with `workflows.queries.identify`: clients reach no cluster, and a missing worker is reported at once.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.cluster.checkpoint import CheckpointFound, CheckpointQuery, CheckpointSecret
from activities.cluster.identity import Identity
from migration.frozen_model import FrozenModel
from migration.run.request import ClusterIdentity, ClusterName
from workflows.queries.identify import PATIENCE


class ClusterCheckpoint(FrozenModel):
    """The identity of a cluster, and its checkpoint."""

    identity: ClusterIdentity
    found: CheckpointFound


Answer = TypeVar("Answer")


@workflow.defn(name="ReadCheckpoint")
class ReadCheckpoint:
    """Returns the identity of a configured cluster and the checkpoint of its migration."""

    @workflow.query(description="True: answered only while a worker polls the task queue")
    def ping(self) -> bool:
        """A client learns within a query's time-out that no worker polls, long before the read is given up."""
        return True

    @workflow.run
    async def run(self, name: ClusterName) -> ClusterCheckpoint:
        """Two reads, three attempts each, within `PATIENCE`."""
        identity = await _read(Identity.read, name, "the cluster's identity")
        question = CheckpointQuery(cluster=name.cluster, infrastructure_name=identity.infrastructure_name)
        return ClusterCheckpoint(
            identity=identity, found=await _read(CheckpointSecret.read, question, "the cluster's checkpoint")
        )


async def _read(activity: Callable[..., Awaitable[Answer]], question: FrozenModel, what: str) -> Answer:
    return await workflow.execute_activity_method(
        activity,
        question,
        activity_id=f"reading {what}",
        summary=f"read {what}",
        start_to_close_timeout=timedelta(seconds=5),
        schedule_to_close_timeout=(PATIENCE - timedelta(seconds=5)) / 2,
        retry_policy=RetryPolicy(maximum_attempts=3, initial_interval=timedelta(milliseconds=200)),
    )
