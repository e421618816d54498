"""Reads the identity of a configured cluster, before a client starts a migration of it.

Clients hold no kubeconfig; only workers reach clusters. A short workflow returns the infrastructure name, which names
the migration, and fails at once when no worker polls or the cluster does not answer.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.cluster.identity import Identity
from migration.run.request import ClusterIdentity, ClusterName

PATIENCE = timedelta(seconds=20)
"""A person waits: time for three attempts at a slow cluster, and an answer before any client times out."""


@workflow.defn(name="IdentifyCluster")
class IdentifyCluster:
    """Returns the identity of a configured cluster."""

    @workflow.query(description="True: answered only while a worker polls the task queue")
    def ping(self) -> bool:
        """A client learns within a query's time-out that no worker polls, long before the read is given up."""
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
