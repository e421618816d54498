"""What is SQLite's own: one file, one writer at a time, and readers that do not wait for it."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal import store, writer
from journal.store import Journal
from journal.writer import JournalUnavailable
from tests.journal.records import call, decide, scope


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a minute to see that a database is locked."""
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(writer, "PAUSE_SECONDS", 0.05)


@pytest.fixture
def journal(file: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{file}")
    journal.open()
    yield journal
    journal.close()


def test_no_byte_of_the_file_is_a_secret(journal: Journal, file: Path) -> None:
    target = "/api/v1/namespaces/kube-system/secrets/vsphere-creds"
    journal.record(call(target=target, request={"data": {"any": "Y2FuYXJ5"}}), scope())
    journal.close()
    assert target.encode() in file.read_bytes()
    assert b"Y2FuYXJ5" not in file.read_bytes()


def test_a_locked_database_holds_up_nobody_and_is_not_silent(
    impatient: None, journal: Journal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="journal")
    blocker = sqlite3.connect(file)
    blocker.execute("begin immediate")
    for _ in range(10):
        journal.record(call(), scope())
    with pytest.raises(JournalUnavailable, match=r"10 records are not in the journal: .*database is locked"):
        journal.flush(timeout=1)
    assert journal.read("vcfm-a") == []
    blocker.rollback()
    blocker.close()
    journal.flush()
    assert len(journal.read("vcfm-a")) == 10
    assert [each.levelname for each in caplog.records if each.name.startswith("journal")] == ["ERROR", "INFO"]


def test_what_cannot_be_written_at_the_end_is_said(impatient: None, file: Path) -> None:
    journal = Journal(f"sqlite:///{file}")
    journal.open()
    blocker = sqlite3.connect(file)
    blocker.execute("begin immediate")
    journal.record(call(), scope())
    with pytest.raises(JournalUnavailable, match=r"1 records could not be written before closing: .*locked"):
        journal.close(timeout=10)
    blocker.close()


def test_a_decision_that_cannot_be_kept_is_refused(impatient: None, journal: Journal, file: Path) -> None:
    blocker = sqlite3.connect(file)
    blocker.execute("begin immediate")
    with pytest.raises(JournalUnavailable, match="The decision 'approve' of 'ann' could not be recorded"):
        decide(journal)
    blocker.rollback()
    blocker.close()


def test_readers_do_not_wait_for_a_writer(journal: Journal, file: Path) -> None:
    journal.record(call(), scope())
    journal.flush()
    blocker = sqlite3.connect(file)
    blocker.execute("begin immediate")
    assert len(journal.read("vcfm-a")) == 1
    blocker.rollback()
    blocker.close()
