"""A Temporal that skips time, and a world of fake activities that a test can bend."""

import inspect
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import temporal
from activities import registry
from migration.request import MigrationRequest
from tests.workflows.answers import ANSWERS, request
from worker.main import PASSED_THROUGH
from workflows.migration import MigrationWorkflow

TEMPORAL = Path(sys.executable).parent / "temporal"


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """The real server with its time-skipping switched on: an hour's retry takes a second."""
    settings = {
        "history.transferProcessorMaxPollRPS": "5000",
        "history.timerProcessorMaxPollRPS": "5000",
        "history.timerProcessorMaxTimeShift": '"1ms"',
        "frontend.WorkflowTimeSkippingEnabled": "true",
    }
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=[
            arg for key, value in settings.items() for arg in ("--dynamic-config-value", f"{key}={value}")
        ],
    ) as started:
        await temporal.ensure_search_attributes(started.client)
        yield started


class World:
    """Fake activities: each answers from `ANSWERS`, notes that it was called, and fails if a test says so."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.inputs: dict[str, list[Any]] = {}
        self._failures: dict[str, list[ApplicationError]] = {}
        self._answers: dict[str, Any] = dict(ANSWERS)

    def fail(self, name: str, *errors: ApplicationError) -> None:
        """The next calls of that activity fail with these, one after the other."""
        self._failures[name] = list(errors)

    def answer(self, name: str, value: Any) -> None:
        """That activity answers this from now on."""
        self._answers[name] = value

    def activities(self) -> list[Callable[..., Awaitable[Any]]]:
        """One fake for each real activity, of the same name and with the same types."""
        return [self._fake(each) for subject in registry.SUBJECTS for each in _definitions(subject)]

    def _fake(self, real: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        name = activity._Definition.must_from_callable(real).name
        assert name is not None
        hints = get_type_hints(real)
        (argument,) = [key for key in inspect.signature(real).parameters if key != "self"]

        async def fake(value: Any) -> Any:
            self.calls.append(name)
            self.inputs.setdefault(name, []).append(value)
            if self._failures.get(name):
                raise self._failures[name].pop(0)
            answer = self._answers[name]
            return answer(value) if callable(answer) else answer

        fake.__annotations__ = {"value": hints[argument], "return": hints["return"]}
        return activity.defn(name=name)(fake)


def _definitions(subject: type) -> list[Callable[..., Any]]:
    return [each for each in vars(subject).values() if hasattr(each, "__temporal_activity_definition")]


@pytest.fixture
def world() -> World:
    return World()


Start = Callable[[], Awaitable[WorkflowHandle[MigrationWorkflow, Any]]]


@pytest.fixture
async def start(env: WorkflowEnvironment, world: World) -> AsyncIterator[Start]:
    """Starts a migration in the fake world; the worker ends with the test."""
    async with _worker(env, world) as queue:

        async def begin(asked: MigrationRequest | None = None) -> WorkflowHandle[MigrationWorkflow, Any]:
            return await env.client.start_workflow(
                MigrationWorkflow.run, asked or request(), id=f"vcfm-test-{uuid.uuid4()}", task_queue=queue
            )

        yield begin


@asynccontextmanager
async def _worker(env: WorkflowEnvironment, world: World) -> AsyncIterator[str]:
    queue = f"test-{uuid.uuid4()}"
    async with Worker(
        env.client,
        task_queue=queue,
        workflows=[MigrationWorkflow],
        activities=world.activities(),
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH, "tests")
        ),
    ):
        yield queue
