"""A worker that is told to end does, whatever Temporal's core does."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from structlog.testing import CapturingLogger
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from worker import shutdown
from worker.shutdown import BoundedShutdownWorker


@activity.defn
async def idle() -> None:
    """Nothing."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the room says, whichever way the tests before this one have set logging up."""
    logger = CapturingLogger()
    monkeypatch.setattr(shutdown, "log", logger)
    return logger


def made(client: Client) -> BoundedShutdownWorker:
    return BoundedShutdownWorker(client, task_queue=f"ending-{uuid.uuid4()}", activities=[idle])


async def test_one_that_ends_says_nothing(temporal_client: Client, heard: CapturingLogger) -> None:
    async with made(temporal_client) as worker:
        pass
    assert worker.is_shutdown
    assert heard.calls == []


async def test_one_that_does_not_is_left_behind(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, heard: CapturingLogger
) -> None:
    ends = asyncio.Event()

    async def never(self: Worker) -> None:
        await ends.wait()

    worker = made(temporal_client)
    monkeypatch.setattr(shutdown, "AT_MOST", timedelta(seconds=0.1))
    with monkeypatch.context() as stuck:
        stuck.setattr(Worker, "shutdown", never)
        with pytest.raises(LookupError):
            async with worker:
                raise LookupError("why it was to end")
    (said,) = heard.calls
    assert said.method_name == "warning"
    assert "left behind" in said.args[0]
    assert said.kwargs["task_queue"] == worker.task_queue
    await worker.shutdown()


async def test_what_made_it_fail_is_not_taken_for_that(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: Worker) -> None:
        raise TimeoutError("of its own")

    worker = made(temporal_client)
    with monkeypatch.context() as failing:
        failing.setattr(Worker, "shutdown", fails)
        with pytest.raises(TimeoutError, match="of its own"):
            async with worker:
                pass
    await worker.shutdown()
