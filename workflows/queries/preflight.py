"""Preflight without a migration: the same activity as in phase 1, and nothing after it."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.cluster.identity import Identity
from activities.preflight.preflight import Preflight, PreflightInput
from activities.runtime.phase_header import in_phase
from migration.phase import PhaseName, activity_id
from migration.run.request import ClusterName, PreflightRequest, PreflightResult, workflow_id
from workflows import timeouts

PATIENCE = timedelta(minutes=3)
"""Somebody waits for the answer. Reading two thousand VMs over a slow line takes a minute; a second attempt fits in."""

_RETRY = RetryPolicy(maximum_attempts=2, initial_interval=timedelta(milliseconds=500))


@workflow.defn(name="PreflightWorkflow")
class PreflightWorkflow:
    """Reads everything on both sides and changes nothing."""

    @workflow.query(description="Whether anybody works on this: answered by whoever does")
    def ping(self) -> bool:
        """A client learns within a query's time-out that no worker polls."""
        return True

    @workflow.run
    async def run(self, question: PreflightRequest) -> PreflightResult:
        """Every concern, and the plan that a migration would pin now if none is Critical."""
        identity = await workflow.execute_activity_method(
            Identity.read,
            ClusterName(cluster=question.cluster),
            activity_id="reading the cluster's identity",
            summary="read the cluster's identity",
            start_to_close_timeout=timedelta(seconds=10),
            schedule_to_close_timeout=timedelta(seconds=15),
            retry_policy=_RETRY,
        )
        with in_phase(PhaseName.PREFLIGHT):
            started = workflow.start_activity_method(
                Preflight.examine,
                PreflightInput(
                    migration=workflow_id(identity.infrastructure_name),
                    run=workflow.info().run_id,
                    cluster=question.cluster,
                    spec=question.spec,
                ),
                activity_id=activity_id(PhaseName.PREFLIGHT, "examine", 1),
                summary="read both sides, evaluate, dry-run the patches",
                start_to_close_timeout=timedelta(minutes=2),
                schedule_to_close_timeout=PATIENCE - timedelta(seconds=20),
                heartbeat_timeout=timeouts.HEARTBEAT,
                retry_policy=_RETRY,
            )
        return await started
