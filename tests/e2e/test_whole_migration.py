"""A whole migration on the lab, and what it left behind."""

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from journal.store import Journal
from migration.phase import PhaseName
from migration.run.status import PhaseState, State
from tests.e2e import claims
from tests.e2e.conftest import Migrated
from worker.main import workflow_runner
from workflows.migration import MigrationWorkflow


def test_it_completes_with_a_report_in_which_every_claim_holds(migrated: Migrated) -> None:
    status = migrated.status
    assert status.state is State.COMPLETED, status.message
    assert {each.state for each in status.phases} == {PhaseState.COMPLETED}
    assert len(status.report) >= 15
    assert [each.claim for each in status.report if not each.holds] == []


def test_the_world_says_so_too(migrated: Migrated) -> None:
    claims.migrated(migrated.running.lab)


def test_every_call_is_in_the_journal_by_phase(migrated: Migrated) -> None:
    journal = Journal(migrated.running.journal_url)
    journal.open()
    entries = journal.read(migrated.status.id, limit=10_000)
    journal.close()
    assert {each.phase for each in entries} == set(PhaseName)
    assert {each.system for each in entries} == {"kubernetes", "vsphere-soap", "vsphere-rest"}
    made = {(each.method, each.phase) for each in entries if each.mutating and each.outcome == "ok"}
    assert {("CreateFolder", "create_folder"), ("PATCH", "update_infrastructure"), ("POST", "create_workers")} <= made
    page = migrated.running.service.journal(migrated.status.id, phase="create_folder", mutating=True)
    assert [each["method"] for each in page if each["method"] == "CreateFolder"] == ["CreateFolder"]


def test_waiting_was_watching(migrated: Migrated) -> None:
    """No request is repeated in a rhythm: in a phase of minutes, nothing is read by GET more than a few times."""
    journal = Journal(migrated.running.journal_url)
    journal.open()
    entries = [each for each in journal.read(migrated.status.id, limit=10_000) if each.system == "kubernetes"]
    journal.close()
    reads = [(each.phase, each.activity, each.attempt, each.target) for each in entries if each.method == "GET"]
    assert max(reads.count(each) for each in set(reads)) <= 8


def test_its_history_is_small(migrated: Migrated) -> None:
    assert len(migrated.history.events) < 400


async def test_its_history_replays(migrated: Migrated) -> None:
    await replay(migrated)


async def replay(migrated: Migrated) -> None:
    replayer = Replayer(
        workflows=[MigrationWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=workflow_runner(),
    )
    await replayer.replay_workflow(migrated.history)
