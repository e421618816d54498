"""The status of a migration from Temporal's search attributes, for the time in which no worker answers queries.

The workflow writes phase and state into search attributes at every step. Phases run strictly in order, so those before
the current one are completed. Times and evidence are available again when a worker runs.
"""

from datetime import UTC, datetime

from temporalio.client import WorkflowExecutionDescription

import temporal
from client.no_worker import what_to_start
from migration.phase import FIRST, TABLE, PhaseName, number
from migration.run.status import MigrationStatus, PhaseRecord, PhaseState, State, progress


def fallback_status(description: WorkflowExecutionDescription) -> MigrationStatus:
    """Build the status from search attributes."""
    attributes = description.typed_search_attributes
    phase = PhaseName(attributes.get(temporal.PHASE, FIRST))
    state = State(attributes.get(temporal.STATE, State.PENDING))
    records = [PhaseRecord(phase=each.name, state=_state(each.name, phase, state)) for each in TABLE]
    return MigrationStatus(
        id=description.id,
        cluster=attributes.get(temporal.CLUSTER, ""),
        state=state,
        phase=phase,
        progress=progress(records),
        message=f"no worker answers: {what_to_start(description)}",
        started=description.start_time or datetime.now(UTC),
        completed=description.close_time,
        phases=records,
    )


def _state(each: PhaseName, present: PhaseName, state: State) -> PhaseState:
    if state is State.COMPLETED or number(each) < number(present):
        return PhaseState.COMPLETED
    return PhaseState.RUNNING if each is present else PhaseState.PENDING
