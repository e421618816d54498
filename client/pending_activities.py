"""What a migration waits for at this moment, read from the heartbeats of its activities.

Temporal keeps the last heartbeat of each pending activity; reading it costs no history, and shows a wait within the
second in which the activity noticed it. An activity that keeps failing is a wait too: for whatever it fails on.
"""

from datetime import UTC

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionDescription
from temporalio.converter import DataConverter
from temporalio.exceptions import FailureError

from migration.run.observation import Observation
from migration.run.status import MigrationStatus, Waiting


async def observations(
    description: WorkflowExecutionDescription, status: MigrationStatus, converter: DataConverter
) -> MigrationStatus:
    """The status with its waits, and with the machines as the latest heartbeat saw them."""
    waits: list[Waiting] = []
    nodes = status.nodes
    for pending in description.raw_description.pending_activities:
        seen = await _seen(pending, converter)
        nodes = next((each.nodes for each in seen if each.nodes), nodes)
        # Between two attempts the last heartbeat is an old one, and what matters is why the attempt failed.
        if pending.HasField("last_failure") and (
            not seen or pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        ):
            waits.append(await _retrying(pending, converter))
        else:
            waits += [each.waiting for each in seen]
    return status.model_copy(update={"waiting": waits, "nodes": nodes})


async def _seen(pending: PendingActivityInfo, converter: DataConverter) -> list[Observation]:
    payloads = pending.heartbeat_details.payloads
    return await converter.decode(payloads, [Observation] * len(payloads))


async def _retrying(pending: PendingActivityInfo, converter: DataConverter) -> Waiting:
    """Temporal tells when the retries end, and by the activity's own time-out when they began."""
    at_most = pending.activity_options.schedule_to_close_timeout.ToTimedelta()
    last = pending.last_failure
    if last.HasField("server_failure_info") and last.HasField("cause"):
        last = last.cause  # the server keeps a long failure only cut short, behind a sentence of its own
    failure = await converter.decode_failure(last)
    return Waiting(
        what=f"attempt {pending.attempt} of {pending.activity_id}",
        note=failure.message if isinstance(failure, FailureError) else str(failure),
        since=pending.expiration_time.ToDatetime(tzinfo=UTC) - at_most,
        at_most=at_most,
        unblock="it retries by itself; mend what the note names",
    )
