"""The one thread that writes: callers hand over rows and go on, the database is asked a few times a second.

A call must not wait for the database, and a record must not be lost because the database was busy or away: what
cannot be written is kept, in order, and tried again until it can. Failure is said once in the log and to everybody
who asks by `flush`. Nothing limits the queue but that: an activity flushes before it ends, so that while the database
is away nothing goes on unrecorded, and little is added.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from prometheus_client import Gauge

Row = TypeVar("Row")

BATCH = 500
"""Rows per transaction."""
PAUSE_SECONDS = 1.0
"""Between attempts while the database is away."""
_log = logging.getLogger(__name__)
_UNWRITTEN = Gauge("vcfm_journal_unwritten", "Records that the journal's database has not taken yet.")


class JournalUnavailable(Exception):
    """The journal's database does not take what is to be recorded; retry when it is back."""


class Writer(Generic[Row]):
    """Writes rows in the order given, by `write`, which commits a batch or raises."""

    def __init__(self, write: Callable[[Sequence[Row]], None]) -> None:
        self._write = write
        self._waiting: deque[Row] = deque()
        self._changed = threading.Condition()
        self._taken = 0
        self._written = 0
        self._problem: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, row: Row) -> None:
        """Takes a row; never waits for the database, never raises because of it."""
        with self._changed:
            self._waiting.append(row)
            self._taken += 1
            _UNWRITTEN.inc()
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Waits until all rows taken so far are committed. Raises JournalUnavailable when they cannot be."""
        deadline = time.monotonic() + timeout
        with self._changed:
            upto = self._taken
            while self._written < upto:
                left = deadline - time.monotonic()
                if left <= 0:
                    why = first_line(self._problem) or "it is too slow"
                    raise JournalUnavailable(
                        f"{upto - self._written} records are not in the journal: {why}. Check "
                        "VCFM_JOURNAL and the database behind it; they are kept and written as soon as it answers."
                    ) from self._problem
                self._changed.wait(left)

    def close(self, timeout: float) -> None:
        """Writes what is left and ends the thread. Raises JournalUnavailable when rows are left over."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            if self._waiting:
                why = first_line(self._problem) or "time is up"
                raise JournalUnavailable(
                    f"{len(self._waiting)} records could not be written before closing: {why}."
                ) from self._problem

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._write(batch)
            except Exception as error:  # noqa: BLE001  whatever the driver raises, the record is kept and the thread lives
                if not self._failed(error):
                    return
            else:
                self._succeeded(len(batch))

    def _next(self) -> list[Row]:
        """The next batch, still counted as waiting; empty when there is nothing left and the writer is closing."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return list(islice(self._waiting, BATCH))

    def _succeeded(self, count: int) -> None:
        with self._changed:
            for _ in range(count):
                self._waiting.popleft()
            self._written += count
            _UNWRITTEN.dec(count)
            if self._problem is not None:
                _log.info("the journal's database takes records again")
                self._problem = None
            self._changed.notify_all()

    def _failed(self, error: Exception) -> bool:
        """Notes the failure and pauses; answers whether to go on."""
        with self._changed:
            if self._problem is None:
                _log.error("the journal's database does not take records: %s", first_line(error))
            self._problem = error
            if not self._closing:
                self._changed.wait_for(lambda: self._closing, PAUSE_SECONDS)
            return not self._closing


def first_line(error: Exception | None) -> str:
    """What the driver says, without the statement that SQLAlchemy appends."""
    return str(error).partition("\n")[0] if error else ""
