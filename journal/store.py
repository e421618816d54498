"""The journal as the rest of the service uses it: record, decide, read.

SQLite in WAL mode by default, so that the API reads while the worker writes; PostgreSQL by URL where several workers
share one. Synchronous on purpose: `record` is called from adapters' threads and from the event loop alike, and only
hands over.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from prometheus_client import Counter as Metric
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from journal import decisions
from journal.models import CallRow, Table
from journal.writer import JournalUnavailable, Writer, first_line
from migration.audit import redact
from migration.audit.call import Call, Scope
from migration.audit.journal_views import DecisionEntry, JournalEntry
from migration.run.status import Decision

BUSY_SECONDS = 30
"""How long one process waits for another's transaction on SQLite; ours take milliseconds."""
BUSY_PAUSE_SECONDS = 0.02
FLUSH_SECONDS = 30.0
_LOCK = {"sqlite": "begin immediate", "postgresql": "select pg_advisory_xact_lock(8236)"}
"""What lets one process at a time create tables, until its transaction ends; the number is any that is ours alone."""
_CALLS = Metric("vcfm_calls", "Calls to clusters and vCenters, as recorded.", ["system", "server", "outcome"])

Row = dict[str, Any]


_READ = [CallRow.__table__.c[name] for name in JournalEntry.model_fields]


class Journal:
    """An append-only record. Make one per process; safe for several threads."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. `url` as SQLAlchemy's, `sqlite:///file` or `postgresql+psycopg://…`."""
        self._engine = _engine(url)
        self._writer: Writer[Row] | None = None

    def open(self) -> None:
        """Creates what tables are missing and starts writing. Raises JournalUnavailable."""
        with ExitStack() as otherwise:
            otherwise.callback(self._engine.dispose)
            try:
                self._create()
                missing = self._missing()
            except SQLAlchemyError as error:
                why = redact.line(first_line(error))
                raise JournalUnavailable(f"The journal cannot be opened: {why}. Check VCFM_JOURNAL.") from error
            if missing:
                raise JournalUnavailable(
                    f"The journal was made by an earlier version: it lacks {', '.join(missing)}. Keep it elsewhere and "
                    "set VCFM_JOURNAL to a new one."
                )
            otherwise.pop_all()
        self._writer = Writer(self._write)

    def record(self, call: Call, scope: Scope | None) -> None:
        """Takes a finished call, redacted and bounded here and now; never waits for the database, never raises.

        Calls without a scope (those of a client or a test) are recorded with an empty migration.
        """
        outcome = redact.line(call.outcome)[:128]
        _CALLS.labels(call.system, call.server, outcome).inc()
        where = scope or Scope(migration="", run="", phase="", activity="", attempt=0)
        self._open_writer.add(
            {
                "at": call.started,
                "seconds": call.seconds,
                "migration": where.migration,
                "run": where.run,
                "phase": where.phase,
                "activity": where.activity,
                "attempt": where.attempt,
                "system": call.system,
                "server": call.server,
                "method": call.method,
                "target": redact.line(call.target),
                "mutating": call.mutating,
                "outcome": outcome,
                "request": redact.body(call.request, target=call.target),
                "response": redact.body(call.response, target=call.target),
            }
        )

    def decide(self, decision: Decision, *, migration: str, run: str, key: str) -> None:
        """Records what a person said, once per key, redacted; it is committed when this returns.

        Raises JournalUnavailable.
        """
        try:
            decisions.write(self._engine, decision, migration=migration, run=run, key=key)
        except SQLAlchemyError as error:
            raise JournalUnavailable(
                f"The decision {decision.verb!r} of {decision.by!r} could not be recorded: check VCFM_JOURNAL and the "
                "database behind it; it is tried again."
            ) from error

    def flush(self, timeout: float = FLUSH_SECONDS) -> None:
        """Waits until everything recorded so far is committed. Raises JournalUnavailable when it cannot be."""
        self._open_writer.flush(timeout)

    def close(self, timeout: float = FLUSH_SECONDS) -> None:
        """Writes what is left and lets go of the database. Raises JournalUnavailable when something is left over."""
        try:
            if self._writer is not None:
                self._writer.close(timeout)
        finally:
            self._writer = None
            self._engine.dispose()

    def read(
        self,
        migration: str,
        *,
        run: str | None = None,
        phase: str | None = None,
        mutating: bool | None = None,
        after_id: int | None = None,
        limit: int = 200,
    ) -> list[JournalEntry]:
        """Committed calls in the order they were recorded; page on with the last entry's id.

        Raises JournalUnavailable.
        """
        query = select(*_READ).where(CallRow.migration == migration).order_by(CallRow.id).limit(limit)
        for column, wanted in ((CallRow.run, run), (CallRow.phase, phase), (CallRow.mutating, mutating)):
            if wanted is not None:
                query = query.where(column == wanted)
        if after_id is not None:
            query = query.where(CallRow.id > after_id)
        with self._asked() as connection:
            return [JournalEntry(**row) for row in connection.execute(query).mappings()]

    def decisions(self, migration: str, *, after_id: int = 0, limit: int = 200) -> list[DecisionEntry]:
        """What was said to a migration, in all its runs, as it was recorded; page on with the last one's id.

        Raises JournalUnavailable.
        """
        with self._asked() as connection:
            return decisions.read(connection, migration, after_id=after_id, limit=limit)

    def count(self, migration: str, *, run: str | None = None) -> Counter[str]:
        """How many calls a migration made, by system (`kubernetes`, `vsphere-soap`, `vsphere-rest`).

        Raises JournalUnavailable.
        """
        query = (
            select(CallRow.system, func.count().label("calls"))
            .where(CallRow.migration == migration)
            .group_by(CallRow.system)
        )
        if run is not None:
            query = query.where(CallRow.run == run)
        with self._asked() as connection:
            return Counter({row.system: row.calls for row in connection.execute(query)})

    @property
    def _open_writer(self) -> Writer[Row]:
        if self._writer is None:
            raise RuntimeError("The journal is not open: call open() first.")
        return self._writer

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        """A connection to read from. Raises JournalUnavailable."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise JournalUnavailable(f"The journal cannot be read: {redact.line(first_line(error))}") from error

    def _create(self) -> None:
        """Under a lock from the look to the last table: API and worker open a new journal at the same moment."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(_LOCK[self._engine.dialect.name])
            Table.metadata.create_all(connection)

    def _missing(self) -> list[str]:
        """Columns that this version writes and the database does not have."""
        there = inspect(self._engine)
        return [
            f"{table.name}.{column.name}"
            for table in Table.metadata.sorted_tables
            for column in table.columns
            if column.name not in {each["name"] for each in there.get_columns(table.name)}
        ]

    def _write(self, rows: Sequence[Row]) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(CallRow), list(rows))


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: Any, _: Any) -> None:
    """So that readers and the writer do not wait for each other.

    The change of mode alone does not wait for others by itself, as everything else on SQLite does.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE_SECONDS)
        else:
            return
