"""Journals on every database that one may be on: what holds on SQLite is to hold on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from journal.store import Journal
from tests.journal.postgresql import PostgreSQL, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with running() as server:
        yield server


NewUrl = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Makes URLs of new, empty databases."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / uuid4().hex}.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database


@pytest.fixture
def url(new_url: NewUrl) -> str:
    return new_url()


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    journal = Journal(url)
    journal.open()
    yield journal
    journal.close()
