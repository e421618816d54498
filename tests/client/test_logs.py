"""What a line of log looks like, from everywhere that logs, and what is never in one."""

import json
import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from config import logs


@activity.defn
async def say() -> None:
    activity.logger.info("the folder is there")


@workflow.defn
class Speaking:
    @workflow.run
    async def run(self) -> None:
        workflow.logger.info("about to look")
        await workflow.execute_activity(say, activity_id="06-create_folder.say.1", start_to_close_timeout=timedelta(10))


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's, and other tests have their own."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, workflow.logger.workflow_info_on_message, activity.logger.activity_info_on_message = (
        handlers,
        True,
        True,
    )
    root.setLevel(level)
    structlog.reset_defaults()


async def speak(client: Client) -> str:
    """Runs a workflow that logs, replaying its history at every step; returns its id."""
    name = f"vcfm-{uuid.uuid4()}"
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("tests", "logs"))
    async with Worker(
        client, task_queue=name, workflows=[Speaking], activities=[say], max_cached_workflows=0, workflow_runner=runner
    ):
        await client.execute_workflow(Speaking.run, id=name, task_queue=name)
    return name


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in captured.splitlines()]


async def test_json_lines_name_the_migration_and_are_silent_in_replay(
    temporal_client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(json=True)
    name = await speak(temporal_client)
    said = {each["event"]: each for each in lines(capsys.readouterr().err)}
    assert said["about to look"]["migration"] == name
    looked = said["the folder is there"]
    assert (looked["migration"], looked["activity"], looked["attempt"]) == (name, "06-create_folder.say.1", 1)
    assert {"level", "logger", "timestamp"} <= set(looked)


async def test_a_line_is_said_once_although_its_workflow_is_replayed(
    temporal_client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(json=True)
    await speak(temporal_client)
    assert [each["event"] for each in lines(capsys.readouterr().err)].count("about to look") == 1


async def test_lines_for_people(temporal_client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=False)
    name = await speak(temporal_client)
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "the folder is there" in each]
    assert f"migration={name}" in line
    assert "temporal_activity" not in line


@pytest.mark.parametrize("as_json", [True, False])
def test_everybody_logs_in_one_form(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    logs.configure(json=as_json)
    logs.log.info("worker polls", task_queue="q")
    logging.getLogger("uvicorn.error").warning("port %d", 8080)
    logging.getLogger("httpx").info("GET /")
    first, second = capsys.readouterr().err.splitlines()
    for line, parts in ((first, ["worker polls", "task_queue", "info", "vcfm"]), (second, ["port 8080", "warning"])):
        assert all(part in line for part in parts)


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("source", [logs.log, logging.getLogger("somebody.else")])
def test_a_stack_trace_shows_no_values(
    capsys: pytest.CaptureFixture[str], source: logging.Logger, *, as_json: bool
) -> None:
    logs.configure(json=as_json)
    password = "hunter2-secret"
    try:
        int(password[:0])
    except ValueError:
        source.exception("it failed")
    said = capsys.readouterr().err
    assert "it failed" in said
    assert "ValueError" in said
    assert "test_a_stack_trace_shows_no_values" in said
    assert password not in said
