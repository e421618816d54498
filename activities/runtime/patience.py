"""The running activity's patience: how long it has waited, and how long nothing but failure was heard.

Counted on this worker's monotonic clock and carried from attempt to attempt in heartbeats (`migration.run.heartbeat`).
The SDK sends the last heartbeat of an attempt that fails, however short it was. An outage mostly passes between
attempts, since each fails within milliseconds: each failed attempt therefore counts with the pause that its retry
policy makes after it, and with no more, however long it takes until a worker makes the next.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.common import RetryPolicy

from migration.run.heartbeat import Elapsed

LATE = timedelta(seconds=10)
"""The last heartbeat of an attempt that Temporal ended is so old at most: a beat, and what the SDK holds one back."""

_DOUBLINGS = 40
"""After so many retries every policy's pause is its longest; the power itself would overflow."""


class Patience:
    """One attempt's share in its activity's sums.

    Args:
        before: what the attempt before it carried.
        info: of the attempt.
        clock: seconds that never run backwards.
    """

    def __init__(self, before: Elapsed, info: activity.Info, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = pause_after(info.attempt, info.retry_policy)
        self._clock = clock
        limit = info.start_to_close_timeout - LATE if info.start_to_close_timeout else None
        self._sums = before.carried(attempt=limit, now=datetime.now(UTC))
        self._mark = clock()

    @property
    def elapsed(self) -> Elapsed:
        """The sums, as a heartbeat carries them."""
        return self._sums.model_copy(update={"running": timedelta(seconds=self._clock() - self._mark)})

    @property
    def too_long(self) -> bool:
        """Whether it is time to ask a person: nothing but failure was heard for longer than an outage may last."""
        return self._sums.too_long

    def answered(self) -> None:
        """The world was seen just now."""
        self._sums = self._sums.answered(self._spent())

    def unanswered(self) -> None:
        """The world could not be seen since the last time that this, or `answered`, was called."""
        self._sums = self._sums.unanswered(self._spent(), now=datetime.now(UTC))

    def fails(self, *, outage: bool) -> None:
        """The attempt ends with an error that another attempt may not meet; `outage` if it came from the world."""
        if outage:
            self._sums = self._sums.unanswered(self._spent() + self._pause, now=datetime.now(UTC))
        else:
            self._sums = self._sums.failed(now=datetime.now(UTC))

    def _spent(self) -> timedelta:
        before, self._mark = self._mark, self._clock()
        return timedelta(seconds=self._mark - before)


def pause_after(attempt: int, policy: RetryPolicy | None) -> timedelta:
    """How long Temporal pauses after a failed attempt (the first is 1)."""
    if policy is None:
        return timedelta()
    longest = policy.maximum_interval or policy.initial_interval * 100
    return min(longest, policy.initial_interval * policy.backoff_coefficient ** min(attempt - 1, _DOUBLINGS))
