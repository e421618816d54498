"""The commands a run gave Temporal, one line each: what a replay compares, and what a change of order breaks."""

import json
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

import temporal

_GIVEN_TO_US = (
    "WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
    "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED", "WORKFLOW_TASK_FAILED",
    "WORKFLOW_TASK_TIMED_OUT", "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_FAILED",
    "ACTIVITY_TASK_TIMED_OUT", "ACTIVITY_TASK_CANCELED", "TIMER_FIRED",
)  # fmt: skip
"""What happens to a workflow and is no command of its own."""


async def commands(handle: WorkflowHandle[Any, Any]) -> str:
    """Every command of a run, in order."""
    events = [each async for each in handle.fetch_history_events()]
    scheduled = {each.event_id: each.activity_task_scheduled_event_attributes.activity_id for each in events}
    kinds = [(EventType.Name(each.event_type).removeprefix("EVENT_TYPE_"), each) for each in events]
    return "".join(f"{_line(kind, each, scheduled)}\n" for kind, each in kinds if kind not in _GIVEN_TO_US)


def _line(kind: str, event: HistoryEvent, scheduled: dict[int, str]) -> str:
    """A command, with what replay compares of it and what a person recognizes it by."""
    name = kind.lower().replace("_", " ")
    match kind:
        case "ACTIVITY_TASK_SCHEDULED":
            activity = event.activity_task_scheduled_event_attributes
            return f"activity {activity.activity_id}: {activity.activity_type.name}"
        case "ACTIVITY_TASK_CANCEL_REQUESTED":
            cancelled = event.activity_task_cancel_requested_event_attributes.scheduled_event_id
            return f"cancel {scheduled[cancelled]}"
        case "TIMER_STARTED":
            timer = event.timer_started_event_attributes
            return f"timer {timer.timer_id}: {timer.start_to_fire_timeout.ToTimedelta()}"
        case "TIMER_CANCELED":
            return f"cancel timer {event.timer_canceled_event_attributes.timer_id}"
        case "WORKFLOW_EXECUTION_UPDATE_ACCEPTED":
            return f"accept {event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name}"
        case "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
            found = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            said = [
                json.loads(found[each.name].data) for each in (temporal.PHASE, temporal.STATE, temporal.NEEDS_HUMAN)
            ]
            return f"search attributes {' '.join(map(str, said))}"
        case _:
            return name
