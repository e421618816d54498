"""What is PostgreSQL's own: it is elsewhere, and may go and come back."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from journal import writer
from journal.models import Table
from journal.store import Journal
from journal.writer import JournalUnavailable
from tests.journal.postgresql import PostgreSQL, running
from tests.journal.records import call, decide, scope


@pytest.fixture
def mortal() -> Iterator[PostgreSQL]:
    """A server that others do not rely on."""
    with running() as server:
        yield server


@pytest.mark.parametrize("table", Table.metadata.sorted_tables, ids=str)
def test_numbers_last_and_times_have_their_zone(mortal: PostgreSQL, table: Any) -> None:
    url = mortal.database()
    journal = Journal(url)
    journal.open()
    journal.close()
    engine = create_engine(url)
    columns = {each["name"]: each for each in inspect(engine).get_columns(table.name)}
    engine.dispose()
    assert str(columns["id"]["type"]) == "BIGINT"
    assert "nextval" in columns["id"]["default"]
    assert columns["at"]["type"].timezone
    assert not columns["at"]["nullable"]


def test_a_database_that_was_away_gets_everything(
    mortal: PostgreSQL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "PAUSE_SECONDS", 0.05)
    caplog.set_level(logging.INFO, logger="journal")
    journal = Journal(mortal.database())
    journal.open()
    journal.record(call(), scope())
    journal.flush()
    mortal.stop()
    for _ in range(10):
        journal.record(call(), scope())
    with pytest.raises(JournalUnavailable, match=r"10 records are not in the journal: .*Check VCFM_JOURNAL"):
        journal.flush(timeout=1)
    with pytest.raises(JournalUnavailable, match="The decision 'approve' of 'ann' could not be recorded"):
        decide(journal)
    with pytest.raises(JournalUnavailable, match="The journal cannot be read: "):
        journal.read("vcfm-a")
    mortal.start()
    journal.flush()
    decide(journal)
    assert len(journal.read("vcfm-a")) == 11
    assert len(journal.decisions("vcfm-a")) == 1
    journal.close()
    assert [each.levelname for each in caplog.records if each.name.startswith("journal")] == ["ERROR", "INFO"]
