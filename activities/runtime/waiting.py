"""Waiting for a state of the cluster: watch, evaluate, report, until nothing is missing.

A wait lasts for as long as somebody looked and saw what is missing, in all its attempts together
(`activities.runtime.patience`): time in which no worker was there does not count, and neither does an outage of the API
server, during which the wait goes on and says so. An outage has a limit of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from activities.runtime.failures import WaitTimedOut, outage_too_long
from activities.runtime.heartbeat import patience, report
from migration.run.heartbeat import Observation
from migration.run.status import MachineView, Waiting
from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster
from openshift.errors import Unreachable

LOOK = 5.0
"""Seconds after which an unchanged cache is evaluated again: the wait may have timed out."""


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """What is still missing, as `evaluate` found it.

    Attributes:
        objects: each with what it lacks, in words.
        done, total: progress, where it can be counted.
    """

    what: str
    objects: list[str]
    unblock: str
    done: int = 0
    total: int = 0
    note: str = ""
    nodes: tuple[MachineView, ...] = ()
    look_again: float = LOOK


Evaluate = Callable[[Cache], Unmet | None]
"""Says what is still missing, or None when there is nothing; raises `WaitFailed` when waiting cannot help."""


def waiting_for(missing: Unmet, *, at_most: timedelta, note: str = "") -> Observation:
    """What is missing, as a heartbeat; the time that does not count lengthens the wait."""
    return Observation(
        waiting=Waiting.on(
            missing.what,
            missing.objects,
            since=activity.info().scheduled_time,
            at_most=at_most + patience().elapsed.uncounted,
            unblock=missing.unblock,
            done=missing.done,
            total=missing.total,
            note=note or missing.note,
        ),
        nodes=list(missing.nodes),
    )


def check_patience(missing: Unmet, *, at_most: timedelta) -> None:
    """The world was seen just now, and this is missing still.

    Raises:
        WaitTimedOut: the wait has lasted as long as it may.
    """
    patience().answered()
    if patience().elapsed.waited > at_most:
        listed = "; ".join(missing.objects[:10])
        raise WaitTimedOut(f"waited {at_most} for {missing.what}: {listed}", remedy=f"{missing.unblock}, then retry")


async def until(cluster: Cluster, watched: list[WatchTarget], evaluate: Evaluate, *, at_most: timedelta) -> None:
    """Watch some kinds until `evaluate` has nothing to ask for.

    Raises:
        WaitTimedOut: it took longer than `at_most`.
        OutageTooLong: the API server was away for too long.
        WaitFailed: `evaluate` says that waiting cannot help.
        openshift.errors.OpenShiftError: the kinds cannot be watched.
    """
    async with Cache(cluster, watched) as cache:
        while (missing := evaluate(cache)) is not None:
            away = ""
            if stale := cache.stale:
                away = f"the API server has been away since {stale.since:%H:%M:%S}Z: {stale.reason}"
                patience().unanswered()
                if patience().too_long:
                    raise outage_too_long(patience().elapsed, Unreachable(away))
            else:
                check_patience(missing, at_most=at_most)
            report(waiting_for(missing, at_most=at_most, note=away))
            await cache.changed(missing.look_again)
