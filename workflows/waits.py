"""What a migration waits for at this moment, read from the heartbeats of its activities.

Temporal keeps the last heartbeat of each pending activity; reading it costs no history, and shows a wait within the
second in which the activity noticed it. An activity that keeps failing is a wait too: for whatever it fails on.
"""

from datetime import UTC, datetime, timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription
from temporalio.converter import DataConverter

from migration.observation import Observation
from migration.status import MigrationStatus, Waiting


async def observations(
    description: WorkflowExecutionDescription, status: MigrationStatus, converter: DataConverter
) -> MigrationStatus:
    """The status with its waits, and with the machines as the latest heartbeat saw them."""
    waits: list[Waiting] = []
    nodes = status.nodes
    for pending in description.raw_description.pending_activities:
        if pending.attempt > 1 and pending.HasField("last_failure"):
            waits.append(_retrying(pending))
        if pending.HasField("heartbeat_details"):
            payloads = pending.heartbeat_details.payloads
            for seen in await converter.decode(payloads, [Observation] * len(payloads)):
                waits.append(seen.waiting)
                nodes = seen.nodes or nodes
    return status.model_copy(update={"waiting": waits, "nodes": nodes})


def _retrying(pending: PendingActivityInfo) -> Waiting:
    failure = pending.last_failure
    return Waiting(
        what=f"attempt {pending.attempt} of {pending.activity_id}",
        note=failure.message,
        since=pending.scheduled_time.ToDatetime(tzinfo=UTC),
        at_most=max(
            pending.expiration_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
            if pending.HasField("expiration_time")
            else timedelta(hours=1),
            timedelta(0),
        ),
        unblock="it retries by itself; mend what the note names",
    )
