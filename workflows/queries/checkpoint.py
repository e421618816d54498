"""What a cluster remembers of its last migration: a door asks before anything is taken over.

As with `workflows.queries.identify`: doors reach no cluster, and a person is told at once when nobody answers.
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
    """Who the cluster is, and its record."""

    identity: ClusterIdentity
    found: CheckpointFound


Answer = TypeVar("Answer")


@workflow.defn(name="ReadCheckpoint")
class ReadCheckpoint:
    """Answers what a configured cluster says of itself and of its migration."""

    @workflow.query(description="Whether anybody works on this: answered by whoever does")
    def ping(self) -> bool:
        """A door learns within a query's time-out that there is no worker, long before the read could be given up."""
        return True

    @workflow.run
    async def run(self, name: ClusterName) -> ClusterCheckpoint:
        """Two reads, three attempts each, inside one person's patience."""
        identity = await _read(Identity.read, name, "the cluster's identity")
        question = CheckpointQuery(cluster=name.cluster, infrastructure_name=identity.infrastructure_name)
        return ClusterCheckpoint(
            identity=identity, found=await _read(CheckpointSecret.read, question, "the cluster's record")
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
