"""The journal on every database: nothing lost, nothing blocked, nothing silent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from journal.store import Journal
from journal.writer import JournalUnavailable
from tests.journal.conftest import NewUrl
from tests.journal.records import AT, call, decide, decision, scope


def test_a_call_is_read_back_as_it_was(journal: Journal) -> None:
    journal.record(call(request={"spec": 1}, response={"password": "pw"}), scope(attempt=3))
    journal.flush()
    (entry,) = journal.read("vcfm-a")
    assert (entry.at, entry.seconds, entry.outcome) == (AT, 0.25, "ok")
    assert (entry.system, entry.server, entry.method) == ("kubernetes", "api.example:6443", "PATCH")
    assert (entry.phase, entry.activity, entry.attempt) == ("create_tags", "ensure_tags", 3)
    assert (entry.request, entry.response) == ('{"spec":1}', '{"password":"(removed)"}')
    assert entry.mutating


def test_the_target_tells_a_secret(journal: Journal) -> None:
    target = "/api/v1/namespaces/kube-system/secrets/vsphere-creds"
    journal.record(call(target=target, request={"data": {"any": "Y2FuYXJ5"}}), scope())
    journal.flush()
    (entry,) = journal.read("vcfm-a")
    assert entry.target == target
    assert "Y2FuYXJ5" not in repr(entry)


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


def test_a_decision_is_committed_when_it_is_said(journal: Journal, url: str) -> None:
    decide(journal)
    engine = create_engine(url)
    with engine.connect() as other:
        said = other.execute(text("select verb, by, reason from decisions")).all()
    engine.dispose()
    assert said == [("approve", "ann", "window")]
    assert [each.model_dump() for each in journal.decisions("vcfm-a")] == [
        decision().model_dump() | {"id": 1, "run": "run-1"}
    ]
    assert journal.decisions("vcfm-b") == []


def test_a_decision_brought_twice_is_written_once(journal: Journal) -> None:
    for _ in range(3):
        decide(journal)
    decide(journal, run="run-2")
    assert [each.run for each in journal.decisions("vcfm-a")] == ["run-1", "run-2"]
    assert [each.run for each in journal.decisions("vcfm-a", limit=1)] == ["run-1"]
    assert [each.run for each in journal.decisions("vcfm-a", after_id=1)] == ["run-2"]


def test_two_attempts_that_bring_it_at_once_write_it_once(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(decide, [journal] * 40))
    assert len(journal.decisions("vcfm-a")) == 1


def test_a_decision_holds_no_secret_and_fits(journal: Journal) -> None:
    decide(
        journal,
        decision(
            by="https://ann:hunter2@host " + "x" * 300,
            reason="password: hunter2",
            verb="x" * 100,
        ),
    )
    (kept,) = journal.decisions("vcfm-a")
    assert "hunter2" not in repr(kept)
    assert (len(kept.by), len(kept.verb)) == (255, 32)


@pytest.mark.parametrize(("said", "kept"), [("a\0b", "a␀b"), ("a\ud800b", "a?b")])
def test_text_that_no_database_takes_is_kept_as_near_as_it_can_be(journal: Journal, said: str, kept: str) -> None:
    decide(journal, decision(reason=said))
    journal.record(call(target=said), scope())
    journal.flush()
    assert [each.reason for each in journal.decisions("vcfm-a")] == [kept]
    assert [each.target for each in journal.read("vcfm-a")] == [kept]


def test_what_is_longer_than_its_column_holds_up_nobody(journal: Journal) -> None:
    decide(journal, decision(channel="x" * 1000))
    journal.record(call(method="x" * 1000), scope(activity="x" * 1000))
    journal.record(call(), scope())
    journal.flush()
    assert [len(each.channel) for each in journal.decisions("vcfm-a")] == [32]
    assert [len(each.method) for each in journal.read("vcfm-a")] == [64, 5]


def test_a_journal_of_an_earlier_shape_says_what_to_do(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as earlier:
        earlier.execute(text("create table decisions (id integer primary key, at timestamp, migration text)"))
    engine.dispose()
    with pytest.raises(JournalUnavailable, match=r"lacks decisions\.key, .*VCFM_JOURNAL"):
        Journal(url).open()


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


def test_what_was_recorded_outlives_the_process(url: str) -> None:
    for _ in range(2):
        journal = Journal(url)
        journal.open()
        journal.record(call(), scope())
        journal.close()
    journal = Journal(url)
    journal.open()
    assert [each.id for each in journal.read("vcfm-a")] == [1, 2]
    journal.close()


def test_two_processes_open_and_write_one_database(journal: Journal, url: str) -> None:
    other = Journal(url)
    other.open()
    for each in (journal, other) * 20:
        each.record(call(), scope())
    other.flush()
    journal.flush()
    assert len(journal.read("vcfm-a")) == 40
    other.close()


def test_many_open_a_new_journal_at_the_same_moment(new_url: NewUrl) -> None:
    together = Barrier(8)

    def open_one(url: str) -> None:
        journal = Journal(url)
        together.wait()
        journal.open()
        journal.close()

    with ThreadPoolExecutor(together.parties) as threads:
        for url in [new_url() for _ in range(10)]:
            list(threads.map(open_one, [url] * together.parties))


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/journal.db", "postgresql+psycopg://vcfm@/vcfm?host=/nowhere"]
)
def test_a_journal_that_cannot_be_opened_says_what_to_check(url: str) -> None:
    with pytest.raises(JournalUnavailable, match="VCFM_JOURNAL"):
        Journal(url).open()


def test_a_journal_is_opened_before_it_is_used(url: str) -> None:
    with pytest.raises(RuntimeError, match="call open"):
        Journal(url).record(call(), None)


def test_the_writer_ends_with_the_journal(url: str) -> None:
    others = set(threading.enumerate())
    journal = Journal(url)
    journal.open()
    (writer,) = set(threading.enumerate()) - others
    journal.close()
    assert writer.name == "journal"
    assert not writer.is_alive()
