"""Preflight for a resource that has not been asked to run: what stands in the way is known before anything starts.

It takes a minute on a large site, so it runs beside everything else; the verdict is looked at again at a slow interval,
because what it found may be mended without anybody touching the resource.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError
from temporalio.service import RPCError

from bridge.resource.model import Resource
from bridge.resource.parts import PreflightSummary
from bridge.resource.report import verdict
from client.errors import ClientError
from client.migrations import Migrations
from migration.run.request import PreflightResult

AGAIN = timedelta(seconds=30)
"""Between two attempts when nobody could look."""


class PreflightRunner:
    """Looks for one resource, in the background, one look at a time."""

    def __init__(
        self, migrations: Migrations, *, cluster: str, interval: timedelta, finished: Callable[[], None]
    ) -> None:
        """`finished` is called when there is something new to read."""
        self._doors = migrations
        self._cluster = cluster
        self._interval = interval
        self._finished = finished
        self._task: asyncio.Task[PreflightResult] | None = None
        self._generation = -1
        self._next: datetime | None = None
        self.trouble = ""

    def look(self, resource: Resource, *, now: datetime) -> PreflightSummary | None:
        """The verdict on this generation as far as it is known; starts another look when one is due."""
        known = resource.status.preflight
        if known and known.observed_generation != resource.generation:
            known = None
        if self._generation != resource.generation:
            self.stop()
            self._generation = resource.generation
            self._next = known.time + self._interval if known else now
        if self._task and self._task.done():
            known = self._read(self._task, resource, now=now) or known
            self._task = None
        elif self._task is None and self._next and self._next <= now:
            self._begin(resource)
        return known

    def stop(self) -> None:
        """Whatever is being looked at is of no interest any more."""
        if self._task:
            self._task.cancel()
        self._task, self.trouble = None, ""

    def pause(self, *, now: datetime) -> float:
        """Seconds until the next look is due."""
        return max(0.0, (self._next - now).total_seconds()) if self._next and not self._task else 60.0

    def _begin(self, resource: Resource) -> None:
        once = f"{resource.uid}-{resource.generation}"  # two bridges share the look
        looking = self._doors.preflight(cluster=self._cluster, spec=resource.submission(), once=once)
        self._task = asyncio.create_task(looking, name=f"preflight of {resource}")
        self._task.add_done_callback(lambda _: self._finished())

    def _read(
        self, task: asyncio.Task[PreflightResult], resource: Resource, *, now: datetime
    ) -> PreflightSummary | None:
        self._next = now + AGAIN
        try:
            found = task.result()
        except ClientError as error:
            self.trouble = f"{error}: {error.remedy}"
            return None
        except (RPCError, ValidationError) as error:
            self.trouble = f"preflight could not be asked: {type(error).__name__}"
            return None
        self._next, self.trouble = now + self._interval, ""
        return verdict(found.concerns, generation=resource.generation, at=now)
