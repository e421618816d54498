"""How long things may take, and the reason beside each number. Time-outs and retry policies live nowhere else.

Every activity heartbeats (worker death is noticed in `HEARTBEAT`), retries without limit of attempts inside its
budget, and gives up early only on an error that its adapter calls permanent.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.common import RetryPolicy

HEARTBEAT = timedelta(seconds=10)
"""Activities beat every 2 s at least; five missed beats mean that the worker is gone."""

RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2.0,
    # Short enough that work resumes within seconds of an outage's end.
    maximum_interval=timedelta(seconds=10),
)

_OUTAGE = timedelta(minutes=15)
"""An API server or a vCenter may be away for so long (invariant: design.md §3, failure policy)."""


@dataclass(frozen=True)
class Budget:
    """Bounds of one activity.

    Attributes:
        attempt: one attempt, from start to close.
        total: all attempts, from scheduling to close.
    """

    attempt: timedelta
    total: timedelta


def acting() -> Budget:
    """A handful of calls, each with a time-out of its own, and an outage to ride out."""
    return Budget(attempt=timedelta(minutes=2), total=_OUTAGE + timedelta(minutes=5))


def waiting(at_most: timedelta) -> Budget:
    """A wait says itself when it is over, an outage not counted; Temporal's bound only catches one that hangs."""
    longest = at_most + _OUTAGE + timedelta(minutes=1)
    return Budget(attempt=longest, total=longest)


ABANDONED = timedelta(seconds=20)
"""After so long nothing of a run that was terminated acts any more: its activity hears of the end with its next beat,
2 s away, and stops between two calls to the cluster, or after the handful that it makes to a vCenter in one go."""

COPIES = timedelta(minutes=10)
"""Operators copy credentials and config within a resync of minutes, if at all."""

PODS = timedelta(minutes=20)
"""Image pulls and leader election of a dozen small workloads, some on nodes under pressure."""

STABLE = timedelta(minutes=60)
"""Operators settle in minutes; an hour of instability is a finding, not a wait."""

WORKERS = timedelta(hours=2)
"""Clone, ignition, CSR and join take 10 minutes each at worst, but large pools clone in waves."""

CONTROL_PLANE = timedelta(hours=6)
"""30 to 60 minutes on a healthy cluster, three times as much with slow storage or an API that comes and goes."""

DRAIN = timedelta(hours=12)
"""PodDisruptionBudgets may hold a drain until its owner acts: long, but bounded, and said all the while."""

JOURNAL = timedelta(hours=24)
"""Nothing waits for it but the end of the run, and then it begins anew; its retries cost no history."""

JOURNAL_ATTEMPT = timedelta(minutes=2)
"""SQLite waits half a minute for another's transaction."""
