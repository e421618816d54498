"""Preflight for a resource whose state is Pending, so that blocking concerns are known before the migration starts.

It takes a minute on a large site, so it runs in the background; it is repeated at a slow interval, because concerns may
be fixed without a change of the resource.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError
from temporalio.service import RPCError

from bridge.resource.model import Resource
from bridge.resource.parts import PreflightSummary
from bridge.resource.report import preflight_summary
from client.errors import ClientError
from client.migrations import Migrations
from migration.run.request import PreflightResult

AGAIN = timedelta(seconds=30)
"""Pause after a preflight that could not run."""


class PreflightRunner:
    """Runs preflight for one resource in the background, one run at a time."""

    def __init__(
        self, migrations: Migrations, *, cluster: str, interval: timedelta, finished: Callable[[], None]
    ) -> None:
        """`finished` is called when a result is available."""
        self._migrations = migrations
        self._cluster = cluster
        self._interval = interval
        self._finished = finished
        self._task: asyncio.Task[PreflightResult] | None = None
        self._generation = -1
        self._next: datetime | None = None
        self.trouble = ""

    def look(self, resource: Resource, *, now: datetime) -> PreflightSummary | None:
        """The latest result for this generation, None if there is none; starts another run when one is due."""
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
        """Stop a run in progress."""
        if self._task:
            self._task.cancel()
        self._task, self.trouble = None, ""

    def pause(self, *, now: datetime) -> float:
        """Seconds until the next run is due."""
        return max(0.0, (self._next - now).total_seconds()) if self._next and not self._task else 60.0

    def _begin(self, resource: Resource) -> None:
        once = f"{resource.uid}-{resource.generation}"  # two bridges share one run
        looking = self._migrations.preflight(cluster=self._cluster, spec=resource.submission(), once=once)
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
            self.trouble = f"preflight could not run: {type(error).__name__}"
            return None
        self._next, self.trouble = now + self._interval, ""
        return preflight_summary(found.concerns, generation=resource.generation, at=now)
