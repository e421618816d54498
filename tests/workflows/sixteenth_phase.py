"""What the product derives from its phases and does with them, as JSON, where `migration/` and `workflows/` have another.

`python -m tests.workflows.sixteenth_phase` in the folder that holds those two. Nothing here names the new phase but by
`NEW`.
"""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import yaml
from rich.console import Console
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import temporal
from bridge.crd.definition import text
from bridge.resource import conditions
from bridge.resource.history import history
from cli.views.status import render
from client.fallback_status import fallback_status
from migration.phase import TABLE, PhaseName, activity_id, number, row
from migration.run.checkpoint import Checkpoint
from migration.run.gate import is_gated, make_gate
from migration.run.status import MigrationStatus, PhaseRecord, PhaseState, State, progress
from migration.spec.model import ApprovalMode
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import PLAN, request
from tests.workflows.conftest import TEMPORAL
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow
from workflows.phases import OBSERVING, PHASES, UNDOABLE
from workflows.saga import Saga
from workflows.status.details import table
from workflows.status.tracker import StatusTracker

NEW = PhaseName("migrate_volumes")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def until(name: PhaseName) -> list[PhaseRecord]:
    """Every phase before this one is completed, and this one runs."""
    states = {-1: PhaseState.COMPLETED, 0: PhaseState.RUNNING, 1: PhaseState.PENDING}
    order = [(number(each.name) > number(name)) - (number(each.name) < number(name)) for each in TABLE]
    return [PhaseRecord(phase=row.name, state=states[each]) for row, each in zip(TABLE, order, strict=True)]


def running(name: PhaseName) -> MigrationStatus:
    """A migration that is in this phase."""
    tracker = StatusTracker(migration="m", cluster="c", started=NOW)
    records = until(name)
    update = {"state": State.RUNNING, "phase": name, "phases": records, "progress": progress(records)}
    return tracker.status.model_copy(update=update)


def undone() -> dict[str, list[str]]:
    """The order of a rollback: as it is done, as the status tells it, and as a run that takes over finds it."""
    tracker = StatusTracker(migration="m", cluster="c", started=NOW)
    saga = Saga(tracker)
    for each in TABLE:
        saga.record(each.name)
    begun = Checkpoint(request=request(), plan=PLAN, workflow="w", run="r", phase=PhaseName.SCALE_OLD)
    return {
        "done": [each.name for each in saga.in_undo_order(UNDOABLE)],
        "told": [each.phase for each in reversed(tracker.status.compensations)],
        "recorded": list(begun.to_undo),
    }


def screen(status: MigrationStatus) -> str:
    """What `vcfm status` shows."""
    paper = StringIO()
    Console(file=paper, width=200, force_terminal=False, color_system=None).print(render(status, now=NOW))
    return paper.getvalue()


def official(name: PhaseName) -> dict[str, str]:
    """The official operator's conditions of a migration that is in this phase."""
    return {
        each.type: each.reason for each in conditions.of_migration(running(name)) if each.type in conditions.OFFICIAL
    }


def derived() -> dict[str, Any]:
    """Everything."""
    module = next(each for each in PHASES if each.name is NEW)
    status = running(NEW)
    fields = yaml.safe_load(text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return {
        "names": list(PhaseName),
        "table": [each.name for each in TABLE],
        "modules": [each.name for each in PHASES],
        "undoable": [each.name for each in UNDOABLE],
        "observing": [each.name for each in OBSERVING],
        "id": activity_id(NEW, "relocate", 3),
        "progress": [progress(until(each.name)) for each in TABLE],
        "gated": is_gated(NEW, request(approval_mode=ApprovalMode.MANUAL).spec),
        "gate": make_gate(NEW, module.touches(PLAN), since=NOW).model_dump(mode="json"),
        "gates": request(gates=[NEW]).spec.gates,
        "undone": undone(),
        "conditions": [official(NEW), official(PhaseName.CLEANUP)],
        "history": [each.phase for each in history(status)],
        "details": table(status),
        "screen": screen(status),
        "title": row(NEW).title,
        "schema": [
            fields["status"]["properties"]["phase"]["enum"],
            fields["spec"]["properties"]["gates"]["items"]["enum"],
            fields["spec"]["properties"]["gates"]["maxItems"],
            fields["status"]["properties"]["phaseHistory"]["maxItems"],
        ],
    }


async def migrated(env: WorkflowEnvironment, *, gate: PhaseName, answer: str) -> dict[str, Any]:
    """A whole migration in the fake world that is asked once, before this phase."""
    async with World().working(env.client) as queue, asyncio.timeout(EVENT_SECONDS):
        asked = request(gates=[gate])
        name = f"vcfm-test-{uuid.uuid4()}"
        handle = await env.client.start_workflow(MigrationWorkflow.run, asked, id=name, task_queue=queue)
        while (status := await handle.query(MigrationWorkflow.status)).gate is None:
            await asyncio.sleep(0.1)
        without_worker = fallback_status(await handle.describe())
        await handle.execute_update(answer)
        ended = await handle.result()
        return {
            "asked": status.gate.phase,
            "without worker": [without_worker.phase, len(without_worker.phases), without_worker.progress],
            "state": ended.state,
            "phases": {each.phase: each.state for each in ended.phases},
            "evidence": next(each.evidence for each in ended.phases if each.phase is NEW),
        }


async def done() -> dict[str, Any]:
    """One migration to its end, and one that is rolled back once the new phase is done."""
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter, dev_server_existing_path=str(TEMPORAL)
    ) as env:
        await temporal.ensure_search_attributes(env.client)
        return {
            "completed": await migrated(env, gate=NEW, answer="approve"),
            "rolled back": await migrated(env, gate=PhaseName.SCALE_OLD, answer="reject"),
        }


if __name__ == "__main__":
    print(json.dumps(derived() | asyncio.run(done())))
