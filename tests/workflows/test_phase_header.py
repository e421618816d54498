"""Each activity carries its phase: on whose behalf a call was made stands in the journal."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.runtime.interceptor import ActivityScope
from journal.store import Journal
from migration.audit.call import scope
from migration.phase import PhaseName
from migration.run.request import PreflightRequest
from migration.run.status import State
from tests.workflows.answers import request
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow
from workflows.queries.preflight import PreflightWorkflow

OF = {
    "read_identity": "",
    "preflight": PhaseName.PREFLIGHT,
    "take_backups": PhaseName.BACKUP,
    "ensure_tags": PhaseName.CREATE_TAGS,
    "observe_folder": PhaseName.CREATE_FOLDER,
    "wait_workers_ready": PhaseName.CREATE_WORKERS,
    "verify_vcenters": PhaseName.VERIFY,
}


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()
    yield journal
    journal.close()


async def test_an_activity_belongs_to_the_phase_that_started_it(
    steady: WorkflowEnvironment, world: World, journal: Journal
) -> None:
    seen: dict[str, str] = {}

    def noting(name: str) -> Callable[[Any], Any]:
        answer = world._answers[name]

        def note(value: Any) -> Any:
            here = scope.get()
            assert here
            seen[name] = here.phase
            return answer(value) if callable(answer) else answer

        return note

    for name in OF:
        world.answer(name, noting(name))
    async with world.working(steady.client, ActivityScope(journal)) as queue:
        asked = PreflightRequest(cluster="", spec=request().spec)
        await steady.client.execute_workflow(PreflightWorkflow.run, asked, id=f"q-{uuid.uuid4()}", task_queue=queue)
        assert seen == {name: OF[name] for name in ("read_identity", "preflight")}
        result = await steady.client.execute_workflow(
            MigrationWorkflow.run, request(), id=f"vcfm-test-{uuid.uuid4()}", task_queue=queue
        )
    assert (result.state, seen) == (State.COMPLETED, OF)
