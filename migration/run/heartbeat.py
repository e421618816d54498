"""What an activity reports with each heartbeat: what it waits for, and how long it has waited and failed so far.

Heartbeats reach the status within a second and cost no history. The sums go from attempt to attempt.

Only time in which an attempt really ran counts, measured on the clock of the worker that ran it; so neither an absent
worker, Temporal or activity slot nor a clock that is wrong makes either sum longer. A worker that is killed loses what
it counted since its last heartbeat: the sums are then a few seconds too small, which is harmless.
"""

from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime

from migration.frozen_model import FrozenModel
from migration.run.status import MachineView, Waiting

OUTAGE = timedelta(minutes=15)
"""An API server or a vCenter may be away for so long, as the attempts experience it, before a person is asked."""


class Elapsed(FrozenModel):
    """The sums of one activity.

    Attributes:
        waited: how long the world was seen and was not as it is waited for.
        outage: how long no attempt got an answer, without a good one in between.
        uncounted: all outages together: by so much longer a wait lasts.
        since: when the attempts began to fail, by the clock of the worker that ran the first: for people only.
        running: how long the attempt that reports this has run since its last answer.
    """

    waited: timedelta = timedelta()
    outage: timedelta = timedelta()
    uncounted: timedelta = timedelta()
    since: AwareDatetime | None = None
    running: timedelta = timedelta()

    @property
    def too_long(self) -> bool:
        """Whether the outage has lasted longer than it may."""
        return self.outage > OUTAGE

    def answered(self, spent: timedelta) -> Self:
        """The world was seen at the end of that time: an outage, if there was one, is over."""
        return self.model_copy(
            update={"waited": self.waited + spent, "outage": timedelta(), "since": None, "running": timedelta()}
        )

    def unanswered(self, spent: timedelta, *, now: datetime) -> Self:
        """Nothing but failure was heard in that time."""
        return self.failed(now=now).model_copy(
            update={"outage": self.outage + spent, "uncounted": self.uncounted + spent, "running": timedelta()}
        )

    def failed(self, *, now: datetime) -> Self:
        """An attempt failed, and nothing is said about for how long."""
        return self.model_copy(update={"since": self.since or now})

    def carried(self, *, attempt: timedelta | None, now: datetime) -> Self:
        """What the next attempt begins with.

        An attempt that heard nothing until nearly its own time-out was ended by that, with its worker alive: it counts
        as failed. Any other attempt that ended without a word lost its worker, and counts for nothing.

        Args:
            attempt: its time-out, less what a heartbeat may be late.
            now: by the worker's clock.
        """
        if attempt is not None and self.running >= attempt:
            return self.unanswered(self.running, now=now)
        return self.model_copy(update={"running": timedelta()})


class Observation(FrozenModel):
    """What is waited for, and the machines if the wait looks at them."""

    waiting: Waiting
    nodes: list[MachineView] = []


class Heartbeat(FrozenModel):
    """One heartbeat: what was observed last, by this attempt or one before it, and the sums of all attempts."""

    observation: Observation | None = None
    elapsed: Elapsed = Elapsed()
