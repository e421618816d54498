"""Waiting for the world: watch, judge, report, until there is nothing left to wait for.

A wait counts from when Temporal first scheduled its activity, so that neither a retry nor another worker makes it
longer. While the API server is away the wait goes on and says so, and that time does not count: nobody could see what
is waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.runtime.failures import WaitFailed
from activities.runtime.heartbeat import report
from migration.run.observation import Observation
from migration.run.status import MachineView, Waiting
from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster

LOOK = 5.0
"""Seconds after which a silent world is judged again: time itself may have ended the wait."""


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """What is still missing, as `judge` found it.

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


Judge = Callable[[Cache], Unmet | None]
"""Says what is still missing, or None when there is nothing; raises `WaitFailed` when waiting cannot help."""


def first_scheduled() -> datetime:
    """When the running activity's first attempt was scheduled."""
    return activity.info().scheduled_time


def waiting_for(missing: Unmet, *, at_most: timedelta, note: str = "") -> Observation:
    """What is missing, as a heartbeat."""
    return Observation(
        waiting=Waiting.on(
            missing.what,
            missing.objects,
            since=first_scheduled(),
            at_most=at_most,
            unblock=missing.unblock,
            done=missing.done,
            total=missing.total,
            note=note or missing.note,
        ),
        nodes=list(missing.nodes),
    )


def check_patience(missing: Unmet, *, at_most: timedelta) -> None:
    """Raises WaitFailed when the wait has lasted as long as it may."""
    if datetime.now(UTC) - first_scheduled() > at_most:
        listed = "; ".join(missing.objects[:10])
        raise WaitFailed(f"waited {at_most} for {missing.what}: {listed}", remedy=f"{missing.unblock}, then retry")


async def until(cluster: Cluster, watched: list[WatchTarget], judge: Judge, *, at_most: timedelta) -> None:
    """Watch some kinds until `judge` has nothing to ask for.

    Raises:
        WaitFailed: it took longer than `at_most`, or `judge` says that waiting cannot help.
        openshift.errors.OpenShiftError: the kinds cannot be watched.
    """
    limit = at_most
    async with Cache(cluster, watched) as cache:
        looked = datetime.now(UTC)
        while (missing := judge(cache)) is not None:
            before, looked = looked, datetime.now(UTC)
            away = ""
            if stale := cache.stale:
                limit += looked - before
                away = f"the API server has been away since {stale.since:%H:%M:%S}Z: {stale.reason}"
            else:
                check_patience(missing, at_most=limit)
            report(waiting_for(missing, at_most=limit, note=away))
            await cache.changed(missing.look_again)
