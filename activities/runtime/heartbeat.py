"""An activity's heartbeat: what it last reported, repeated while it runs.

The beat makes the death of a worker noticeable in seconds even during a long call, and the report in it is how people
see a wait within the second it is noticed. A call that hangs is no business of the beat: calls have time-outs.
"""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from temporalio import activity

from migration.run.observation import Observation

SECONDS = 2.0
"""A fifth of the heartbeat time-out in `workflows.timeouts`."""


class Heartbeat:
    """One activity's; begins with what the attempt before it reported last."""

    def __init__(self, last: Sequence[Any]) -> None:
        self._last = tuple(last)

    def report(self, observation: Observation) -> None:
        """Report this now, and with every beat from now on."""
        self._last = (observation,)
        activity.heartbeat(observation)

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            activity.heartbeat(*self._last)
            await asyncio.sleep(SECONDS)


current: ContextVar[Heartbeat] = ContextVar("pulse")


def report(observation: Observation) -> None:
    """Report what the running activity waits for."""
    current.get().report(observation)
