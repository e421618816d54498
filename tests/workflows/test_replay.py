"""Histories recorded from real runs, replayed by the code of today: a migration that is under way must survive it."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from worker.main import workflow_runner
from workflows.migration import MigrationWorkflow

RECORDED = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_there_is_one() -> None:
    assert RECORDED


@pytest.mark.parametrize("file", RECORDED, ids=lambda each: each.stem)
async def test_it_replays(file: Path) -> None:
    replayer = Replayer(
        workflows=[MigrationWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=workflow_runner(),
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(f"vcfm-{file.stem}", file.read_text()))
