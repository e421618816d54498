"""How long things may take, and the reason beside each number. Time-outs and retry policies live nowhere else.

Every activity of a phase heartbeats (worker death is noticed in `HEARTBEAT`) and is retried without limit. Temporal's
clock ends an attempt, never the attempts: none has a schedule-to-close time-out, which would count time in which no
worker, slot or Temporal was there. What ends them is an error that is permanent, or one by which an attempt itself says
that patience has ended: an outage after `migration.run.heartbeat.OUTAGE` of failing attempts, a wait after its
`at_most`.
"""

from datetime import timedelta

from temporalio.common import RetryPolicy

from migration.run.heartbeat import OUTAGE

HEARTBEAT = timedelta(seconds=10)
"""Activities beat every 2 s at least; five missed beats mean that the worker is gone."""

RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2.0,
    # Short enough that work resumes within seconds of an outage's end.
    maximum_interval=timedelta(seconds=10),
)

ACTING = timedelta(minutes=2)
"""One attempt at a handful of calls, each with a time-out of its own."""


def waiting(at_most: timedelta) -> timedelta:
    """One attempt at a wait, which says itself when it is over; this only begins one anew that hangs."""
    return at_most + OUTAGE + timedelta(minutes=1)


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
