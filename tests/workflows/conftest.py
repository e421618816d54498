"""A Temporal that skips time, and a world of fake activities that a test can bend."""

import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

import temporal
from migration.run.adoption import Adoption, Direction
from migration.run.request import MigrationRequest
from tests.workflows.answers import request
from tests.workflows.world import World
from workflows.migration import MigrationWorkflow

TEMPORAL = Path(sys.executable).parent / "temporal"


@asynccontextmanager
async def skipping(config: TimeSkippingConfig) -> AsyncIterator[WorkflowEnvironment]:
    """The real server, able to skip time."""
    settings = {
        "history.transferProcessorMaxPollRPS": "5000",
        "history.timerProcessorMaxPollRPS": "5000",
        "history.timerProcessorMaxTimeShift": '"1ms"',
        "frontend.WorkflowTimeSkippingEnabled": "true",
    }
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=config,
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=[
            arg for key, value in settings.items() for arg in ("--dynamic-config-value", f"{key}={value}")
        ],
    ) as started:
        await temporal.ensure_search_attributes(started.client)
        yield started


@pytest.fixture(scope="package")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """Time is skipped whenever nothing happens: an hour's retry takes a second."""
    async with skipping(TimeSkippingConfig()) as started:
        yield started


@pytest.fixture
async def calendar() -> AsyncIterator[WorkflowEnvironment]:
    """Time is skipped when a test says so: days of a gate that waits."""
    async with skipping(TimeSkippingConfig(enabled=False)) as started:
        yield started


@pytest.fixture(scope="package")
async def steady() -> AsyncIterator[WorkflowEnvironment]:
    """The same server with a clock like everybody's: a gate that waits for days is not asked every second."""
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter, dev_server_existing_path=str(TEMPORAL)
    ) as started:
        await temporal.ensure_search_attributes(started.client)
        yield started


@pytest.fixture
def world() -> World:
    return World()


Start = Callable[..., Awaitable[WorkflowHandle[MigrationWorkflow, Any]]]


@pytest.fixture
async def start(env: WorkflowEnvironment, world: World) -> AsyncIterator[Start]:
    """Starts a migration in the fake world; the worker ends with the test."""
    async with world.working(env.client) as queue:

        async def begin(
            asked: MigrationRequest | None = None, *, again: str = ""
        ) -> WorkflowHandle[MigrationWorkflow, Any]:
            return await env.client.start_workflow(
                MigrationWorkflow.run, asked or request(), id=again or f"vcfm-test-{uuid.uuid4()}", task_queue=queue
            )

        yield begin


Steer = Callable[..., Awaitable[WorkflowHandle[MigrationWorkflow, Any]]]


Adopt = Callable[..., Awaitable[WorkflowHandle[MigrationWorkflow, Any]]]


@pytest.fixture
async def queue(steady: WorkflowEnvironment, world: World) -> AsyncIterator[str]:
    """Where a worker of the fake world works."""
    async with world.working(steady.client) as queue:
        yield queue


@pytest.fixture
def steered(steady: WorkflowEnvironment, queue: str) -> Steer:
    """Starts a migration whose spec is given, with an honest clock."""

    async def begin(**spec: Any) -> WorkflowHandle[MigrationWorkflow, Any]:
        return await steady.client.start_workflow(
            MigrationWorkflow.run, request(**spec), id=f"vcfm-test-{uuid.uuid4()}", task_queue=queue
        )

    return begin


@pytest.fixture
def adopted(steady: WorkflowEnvironment, queue: str) -> Adopt:
    """Starts a run that takes over what the run of a handle was ended in, which is long ago unless it is said."""

    async def begin(
        ended: WorkflowHandle[MigrationWorkflow, Any], direction: Direction = Direction.CONTINUE, **spec: Any
    ) -> WorkflowHandle[MigrationWorkflow, Any]:
        adoption = Adoption(direction=direction, by="kim", ended=datetime(2026, 1, 1, tzinfo=UTC))
        asked = request(**spec).model_copy(update={"adopts": adoption})
        return await steady.client.start_workflow(MigrationWorkflow.run, asked, id=ended.id, task_queue=queue)

    return begin
