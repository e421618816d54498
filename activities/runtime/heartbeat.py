"""An activity's heartbeat: what it last reported and how long it has waited and failed, repeated while it runs.

The beat makes the death of a worker noticeable in seconds even during a long call, and the report in it is how people
see a wait within the second it is noticed. A call that hangs is no business of the beat: calls have time-outs.
"""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from pydantic import ValidationError
from temporalio import activity

from activities.runtime.patience import Patience
from migration.run.heartbeat import Heartbeat, Observation

SECONDS = 2.0
"""A fifth of the heartbeat time-out in `workflows.timeouts`."""


class AttemptHeartbeat:
    """One attempt's; begins with what the attempt before it reported last.

    Attributes:
        patience: the attempt's.
    """

    def __init__(self, info: activity.Info) -> None:
        last = _last(info.heartbeat_details)
        self._observation = last.observation
        self.patience = Patience(last.elapsed, info)

    def report(self, observation: Observation) -> None:
        """Report this now, and with every beat from now on."""
        self._observation = observation
        self.once()

    def once(self) -> None:
        """Beat now."""
        activity.heartbeat(Heartbeat(observation=self._observation, elapsed=self.patience.elapsed))

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            self.once()
            await asyncio.sleep(SECONDS)


def _last(details: Sequence[Any]) -> Heartbeat:
    """The heartbeat before this attempt, or an empty one: what cannot be read begins anew."""
    try:
        return Heartbeat.model_validate(details[0]) if details else Heartbeat()
    except ValidationError:
        return Heartbeat()


current: ContextVar[AttemptHeartbeat] = ContextVar("heartbeat")


def report(observation: Observation) -> None:
    """Report what the running activity waits for."""
    current.get().report(observation)


def patience() -> Patience:
    """The running attempt's."""
    return current.get().patience
