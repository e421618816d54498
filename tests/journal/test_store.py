"""The journal on a real SQLite file: nothing lost, nothing blocked, nothing silent."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from journal import store, writer
from journal.decisions import Decision
from journal.models import Table
from journal.store import Journal
from journal.writer import JournalUnavailable
from migration.call import Call, Scope

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def call(**changes: Any) -> Call:
    given: dict[str, Any] = {
        "system": "kubernetes",
        "server": "api.example:6443",
        "method": "PATCH",
        "target": "/apis/config.openshift.io/v1/infrastructures/cluster",
        "mutating": True,
        "started": AT,
        "seconds": 0.25,
        "outcome": "ok",
    }
    return Call(**(given | changes))


def scope(**changes: Any) -> Scope:
    given: dict[str, Any] = {"migration": "vcfm-a", "run": "run-1", "phase": "create_tags", "activity": "ensure_tags"}
    return Scope(**(given | changes))


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


def test_a_call_is_read_back_as_it_was(journal: Journal) -> None:
    journal.record(call(request={"spec": 1}, response={"password": "pw"}), scope(attempt=3))
    journal.flush()
    (entry,) = journal.read("vcfm-a")
    assert (entry.at, entry.seconds, entry.outcome) == (AT, 0.25, "ok")
    assert (entry.system, entry.server, entry.method) == ("kubernetes", "api.example:6443", "PATCH")
    assert (entry.run, entry.phase, entry.activity, entry.attempt) == ("run-1", "create_tags", "ensure_tags", 3)
    assert (entry.request, entry.response) == ('{"spec":1}', '{"password":"(removed)"}')
    assert entry.mutating


def test_the_target_tells_a_secret(journal: Journal, file: Path) -> None:
    target = "/api/v1/namespaces/kube-system/secrets/vsphere-creds"
    journal.record(call(target=target, request={"data": {"any": "Y2FuYXJ5"}}), scope())
    journal.flush()
    assert journal.read("vcfm-a")[0].target == target
    journal.close()
    assert b"Y2FuYXJ5" not in file.read_bytes()


@pytest.mark.parametrize(
    ("filters", "methods"),
    [
        ({}, ["GET", "PATCH", "GET", "POST"]),
        ({"phase": "create_tags"}, ["GET", "PATCH"]),
        ({"mutating": True}, ["PATCH", "POST"]),
        ({"mutating": False, "phase": "backup"}, ["GET"]),
        ({"run": "run-2"}, ["POST"]),
        ({"limit": 2}, ["GET", "PATCH"]),
        ({"after_id": 2, "limit": 1}, ["GET"]),
    ],
)
def test_reading_is_filtered(journal: Journal, filters: dict[str, Any], methods: list[str]) -> None:
    journal.record(call(method="GET", mutating=False), scope())
    journal.record(call(method="PATCH"), scope())
    journal.record(call(method="GET", mutating=False), scope(phase="backup"))
    journal.record(call(method="POST"), scope(phase="backup", run="run-2"))
    journal.record(call(method="DELETE"), scope(migration="vcfm-b"))
    journal.flush()
    assert [each.method for each in journal.read("vcfm-a", **filters)] == methods


def test_calls_are_counted_by_system(journal: Journal) -> None:
    for system in ("kubernetes", "vsphere-soap", "kubernetes"):
        journal.record(call(system=system), scope())
    journal.record(call(), scope(run="run-2"))
    journal.flush()
    assert journal.count("vcfm-a") == {"kubernetes": 3, "vsphere-soap": 1}
    assert journal.count("vcfm-a", run="run-2") == {"kubernetes": 1}
    assert journal.count("vcfm-b") == {}


def test_a_call_of_nobody_is_kept(journal: Journal) -> None:
    journal.record(call(), None)
    journal.flush()
    assert [each.phase for each in journal.read("")] == [""]


def test_times_are_utc_whatever_they_were(journal: Journal) -> None:
    journal.record(call(started=AT.astimezone(timezone(timedelta(hours=5)))), scope())
    journal.flush()
    at = journal.read("vcfm-a")[0].at
    assert at == AT
    assert at.utcoffset() == timedelta(0)


def decision(**changes: Any) -> Decision:
    given: dict[str, Any] = {
        "key": "run-1:1",
        "at": AT,
        "migration": "vcfm-a",
        "run": "run-1",
        "phase": "cleanup",
        "verb": "approve",
        "by": "ann",
        "reason": "window",
        "door": "rest",
        "outcome": "granted",
    }
    return Decision(**(given | changes))


def test_a_decision_is_committed_when_it_is_said(journal: Journal, file: Path) -> None:
    journal.decide(decision())
    with sqlite3.connect(file) as other:
        assert other.execute("select verb, by, reason from decisions").fetchall() == [("approve", "ann", "window")]
    other.close()
    assert journal.decisions("vcfm-a") == [decision(id=1)]
    assert journal.decisions("vcfm-b") == []


def test_a_decision_brought_twice_is_written_once(journal: Journal) -> None:
    for _ in range(3):
        journal.decide(decision())
    journal.decide(decision(key="run-2:1", run="run-2"))
    assert [each.run for each in journal.decisions("vcfm-a")] == ["run-1", "run-2"]
    assert [each.run for each in journal.decisions("vcfm-a", limit=1)] == ["run-1"]
    assert [each.run for each in journal.decisions("vcfm-a", after_id=1)] == ["run-2"]


def test_two_attempts_that_bring_it_at_once_write_it_once(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(journal.decide, [decision()] * 40))
    assert len(journal.decisions("vcfm-a")) == 1


def test_a_decision_holds_no_secret_and_fits(journal: Journal) -> None:
    journal.decide(
        decision(
            by="https://ann:hunter2@host " + "x" * 300,
            reason="password: hunter2",
            verb="x" * 100,
        )
    )
    (kept,) = journal.decisions("vcfm-a")
    assert "hunter2" not in repr(kept)
    assert (len(kept.by), len(kept.verb)) == (255, 32)


def test_a_journal_of_an_earlier_shape_says_what_to_do(file: Path) -> None:
    with sqlite3.connect(file) as earlier:
        earlier.execute("create table decisions (id integer primary key, at timestamp, migration text)")
    earlier.close()
    with pytest.raises(JournalUnavailable, match=r"lacks decisions\.key, .*VCFM_JOURNAL"):
        Journal(f"sqlite:///{file}").open()


def test_many_threads_lose_nothing(journal: Journal) -> None:
    def write(thread: int) -> None:
        for number in range(200):
            journal.record(call(target=f"{thread}/{number}"), scope(run=f"run-{thread}"))
        journal.flush()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    for thread in range(8):
        targets = [each.target for each in journal.read("vcfm-a", run=f"run-{thread}", limit=1000)]
        assert targets == [f"{thread}/{number}" for number in range(200)]


def test_what_was_recorded_outlives_the_process(file: Path) -> None:
    for _ in range(2):
        journal = Journal(f"sqlite:///{file}")
        journal.open()
        journal.record(call(), scope())
        journal.close()
    journal = Journal(f"sqlite:///{file}")
    journal.open()
    assert [each.id for each in journal.read("vcfm-a")] == [1, 2]
    journal.close()


def test_two_processes_open_and_write_one_file(journal: Journal, file: Path) -> None:
    other = Journal(f"sqlite:///{file}")
    other.open()
    for each in (journal, other) * 20:
        each.record(call(), scope())
    other.flush()
    journal.flush()
    assert len(journal.read("vcfm-a")) == 40
    other.close()


def test_many_open_a_new_journal_at_the_same_moment(tmp_path: Path) -> None:
    together = Barrier(8)

    def open_one(file: Path) -> None:
        journal = Journal(f"sqlite:///{file}")
        together.wait()
        journal.open()
        journal.close()

    with ThreadPoolExecutor(together.parties) as threads:
        for number in range(10):
            list(threads.map(open_one, [tmp_path / f"{number}.db"] * together.parties))


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
        journal.decide(decision())
    blocker.rollback()
    blocker.close()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/journal.db"])
def test_a_journal_that_cannot_be_opened_says_what_to_check(url: str) -> None:
    with pytest.raises(JournalUnavailable, match="VCFM_JOURNAL"):
        Journal(url).open()


def test_a_journal_is_opened_before_it_is_used(file: Path) -> None:
    with pytest.raises(RuntimeError, match="call open"):
        Journal(f"sqlite:///{file}").record(call(), None)


def test_readers_do_not_wait_for_a_writer(journal: Journal, file: Path) -> None:
    journal.record(call(), scope())
    journal.flush()
    blocker = sqlite3.connect(file)
    blocker.execute("begin immediate")
    assert len(journal.read("vcfm-a")) == 1
    blocker.rollback()
    blocker.close()


def test_the_writer_ends_with_the_journal(file: Path) -> None:
    others = set(threading.enumerate())
    journal = Journal(f"sqlite:///{file}")
    journal.open()
    (writer,) = set(threading.enumerate()) - others
    journal.close()
    assert writer.name == "journal"
    assert not writer.is_alive()


@pytest.mark.parametrize("table", Table.metadata.sorted_tables, ids=str)
def test_the_schema_is_postgresqls_too(table: Any) -> None:
    statement = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert "id BIGSERIAL" in statement
    assert "at TIMESTAMP WITH TIME ZONE NOT NULL" in statement
