"""Which cluster is meant: a door asks before it starts anything.

Doors hold no kubeconfig; only workers reach clusters. One tiny workflow lets the API name the cluster's migration by
the cluster's own infrastructure name, and tells the person at once when no worker or no cluster answers.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.cluster.identity import Identity
from migration.run.request import ClusterIdentity, ClusterName

PATIENCE = timedelta(seconds=20)
"""A person is waiting: time for three attempts at a cluster that is slow, and an answer before any door gives up."""


@workflow.defn(name="IdentifyCluster")
class IdentifyCluster:
    """Answers what a configured cluster says of itself."""

    @workflow.query(description="Whether anybody works on this: answered by whoever does")
    def ping(self) -> bool:
        """A door learns within a query's time-out that there is no worker, long before the read could be given up."""
        return True

    @workflow.run
    async def run(self, name: ClusterName) -> ClusterIdentity:
        """One read of Infrastructure, three attempts: a person is waiting for the answer."""
        return await workflow.execute_activity_method(
            Identity.read,
            name,
            activity_id="reading the cluster's identity",
            summary="read the cluster's identity",
            start_to_close_timeout=timedelta(seconds=10),
            schedule_to_close_timeout=PATIENCE - timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=3, initial_interval=timedelta(milliseconds=200)),
        )
