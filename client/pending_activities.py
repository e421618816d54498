"""The current waits of a migration, read from the heartbeats of its pending activities.

Temporal stores the last heartbeat of each pending activity; reading it adds no history event and shows a wait within a
second. An activity that keeps failing is a wait too: for the cause of its failure.
"""

from datetime import UTC

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription
from temporalio.converter import DataConverter
from temporalio.exceptions import FailureError

from migration.run.heartbeat import OUTAGE, Elapsed, Heartbeat
from migration.run.status import MigrationStatus, Waiting


async def observations(
    description: WorkflowExecutionDescription, status: MigrationStatus, converter: DataConverter
) -> MigrationStatus:
    """Add the current waits and the machines of the latest heartbeat to the status."""
    waits: list[Waiting] = []
    nodes = status.nodes
    for pending in description.raw_description.pending_activities:
        beat = await _heartbeat(pending, converter)
        seen = beat.observation
        nodes = (seen and seen.nodes) or nodes
        # Between two attempts the last heartbeat is stale; the failure of the last attempt is what matters.
        if pending.HasField("last_failure") and (
            not seen or pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        ):
            waits.append(await _retrying(pending, beat.elapsed, converter))
        elif seen:
            waits.append(seen.waiting)
    return status.model_copy(update={"waiting": waits, "nodes": nodes})


async def _heartbeat(pending: PendingActivityInfo, converter: DataConverter) -> Heartbeat:
    payloads = pending.heartbeat_details.payloads[:1]
    found = await converter.decode(payloads, [Heartbeat] * len(payloads))
    return found[0] if found else Heartbeat()


async def _retrying(pending: PendingActivityInfo, elapsed: Elapsed, converter: DataConverter) -> Waiting:
    """A wait for the next attempt. An outage is bounded (`OUTAGE`); any other failure is retried until it is fixed."""
    last = pending.last_failure
    if last.HasField("server_failure_info") and last.HasField("cause"):
        last = last.cause  # the server truncates a long failure and wraps it in a failure of its own
    failure = await converter.decode_failure(last)
    return Waiting(
        what=f"attempt {pending.attempt} of {pending.activity_id}",
        note=failure.message if isinstance(failure, FailureError) else str(failure),
        since=elapsed.since or pending.last_started_time.ToDatetime(tzinfo=UTC),
        at_most=OUTAGE if elapsed.outage else None,
        unblock="it retries by itself; fix what the note names",
    )
