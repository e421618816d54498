"""What a replay would answer differently is refused wherever workflow code calls it, in a helper of a helper as well."""

import importlib
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

import workflows
from tests.workflows.answers import request
from tests.workflows.world import World
from worker.main import PASSED_THROUGH, workflow_runner

PRODUCT = Path(workflows.__file__).parent
COPY = "copied_workflows"

Planted = Callable[[str, str, str], ModuleType]

HELPERS = {
    "status/tracker.py": "        self._change(state=state, message=message, completed=workflow.now(), attention=None)\n",
    "checkpoints.py": "        await self._write(phase=phase)\n",
    "run.py": "        self._serial += 1\n",
    "phases/backup.py": "    plan = run.plan\n",
}
"""Modules that the migration's own module uses, each with a line of its code."""


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    """A copy of all workflow code in which one call stands before a line of one module; returns its `migration`."""

    def plant(module: str, line: str, call: str) -> ModuleType:
        shutil.copytree(PRODUCT, tmp_path / COPY, ignore=shutil.ignore_patterns("__pycache__"))
        for each in (tmp_path / COPY).rglob("*.py"):
            text = each.read_text()
            for word in ("from", "import"):
                text = text.replace(f"{word} workflows", f"{word} {COPY}")
            each.write_text(text)
        file = tmp_path / COPY / module
        text = file.read_text()
        assert text.count(line) >= 1
        indent = line[: len(line) - len(line.lstrip())]
        file.write_text(text.replace(line, f"{indent}{call}\n{line}", 1))
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return importlib.import_module(f"{COPY}.migration")

    yield plant
    for name in [each for each in sys.modules if each.partition(".")[0] == COPY]:
        del sys.modules[name]


async def ended(environment: WorkflowEnvironment, migration: ModuleType) -> str:
    """How a migration by that code ends; a refusal of the sandbox ends it here, instead of holding it up."""
    name = f"vcfm-test-{uuid.uuid4()}"
    workflow = migration.MigrationWorkflow
    async with Worker(
        environment.client,
        task_queue=name,
        workflows=[workflow],
        activities=World().activities(None),
        workflow_runner=workflow_runner(),
        workflow_failure_exception_types=[RestrictedWorkflowAccessError],
    ):
        try:
            result = await environment.client.execute_workflow(workflow.run, request(), id=name, task_queue=name)
        except WorkflowFailureError as error:
            return str(error.cause)
    return str(result.state)


@pytest.mark.parametrize("module", HELPERS)
async def test_a_clock_in_a_helper_is_refused(steady: WorkflowEnvironment, planted: Planted, module: str) -> None:
    call = "__import__('datetime').datetime.now()"
    assert "Cannot access datetime.datetime.now" in await ended(steady, planted(module, HELPERS[module], call))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("__import__('random').random()", "random.random"),
        ("__import__('time').time()", "time.time"),
        ("__import__('uuid').uuid4()", "uuid.uuid4"),
        ("open('/dev/null')", "__builtins__.open"),
    ],
)
async def test_so_is_whatever_a_replay_answers_otherwise(
    steady: WorkflowEnvironment, planted: Planted, call: str, named: str
) -> None:
    said = await ended(steady, planted("run.py", HELPERS["run.py"], call))
    assert f"Cannot access {named}" in said


async def test_the_copy_itself_is_not(steady: WorkflowEnvironment, planted: Planted) -> None:
    assert await ended(steady, planted("run.py", HELPERS["run.py"], "pass")) == "Completed"


def test_no_module_of_ours_takes_itself_out_of_it() -> None:
    free = [each.name for each in PRODUCT.rglob("*.py") if "imports_passed_through" in each.read_text()]
    assert (free, "workflows" in PASSED_THROUGH) == ([], False)
