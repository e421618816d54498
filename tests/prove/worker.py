"""The product's own worker, which may be stopped at any boundary of an activity: `python -m tests.prove.worker DIRECTORY`.

Nothing in the product knows of it. Temporal hands a client's interceptors to the workers that use it, outermost; so the
boundaries are those that Temporal sees. What happens *within* an activity is seen in the journal:
every call to the outside is recorded in the journal once it was answered.
"""

import asyncio
import os
import signal
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import temporal
import worker.main
from activities.runtime.definition import INTERRUPTIBLE
from config import logs
from config.settings import Settings
from journal.store import Journal
from migration.audit.call import Call, Scope
from tests.prove.fault_points import Action, FaultPoint, FaultPoints, Moment, phase_of

READERS = ("preflight", "observe_", "verify_", "compare_", "source_is_fit")
"""Names of activities that change nothing begin so: they are struck after a read, all others after a change."""
LONGEST_WAIT = 3.0
"""Seconds into a wait at which it is struck, at most."""


@dataclass
class Attempt:
    """One attempt of one activity, and how many of its calls were answered."""

    id: str
    type: str
    serial: int
    calls: int = 0
    waiting: list[asyncio.TimerHandle] = field(default_factory=list)


PIDS = "pids"
"""The file with the process id of each worker there was, the present one last."""

attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


class FaultInjector(ClientInterceptor, Interceptor):
    """What befalls this process."""

    def __init__(self, fault_points: FaultPoints) -> None:
        self._fault_points = fault_points
        self._begun: dict[tuple[str, str], list[str]] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Called by the worker once."""
        return _Around(next, self)

    def begins(self) -> Attempt:
        """An attempt has been handed to this worker."""
        info = activity.info()
        begun = self._begun.setdefault((info.workflow_run_id or "", phase_of(info.activity_id)), [])
        if info.activity_id not in begun:
            begun.append(info.activity_id)
        return Attempt(id=info.activity_id, type=info.activity_type, serial=len(begun))

    def due(self, mine: Attempt, moment: Moment) -> list[FaultPoint]:
        """The fault points that this attempt meets at this boundary, and none before it did."""
        hits = {(each.fault_point, each.activity) for each in self._fault_points.hits}
        return [
            each
            for each in self._fault_points.active
            if phase_of(mine.id)  # whoever identifies a cluster belongs to no migration yet
            and each.phase in {"", phase_of(mine.id)}
            and each.nth in {0, mine.serial}
            and each.moment_in(mine.id) is moment
            and (each.name, mine.id) not in hits
        ]

    async def meet(self, mine: Attempt, moment: Moment) -> None:
        """Go through a boundary, if this process may."""
        for each in self.due(mine, moment):
            self.strike(each, mine, moment)
            while not self._fault_points.released:
                await asyncio.sleep(0.02)

    def strike(self, fault_point: FaultPoint, mine: Attempt, moment: Moment) -> None:
        """Say it, and die at once where that is the action."""
        self._fault_points.record_hit(fault_point, mine.id, moment)
        if fault_point.action is Action.DIE:
            os.kill(os.getpid(), signal.SIGKILL)

    def wait_begins(self, mine: Attempt) -> None:
        """A wait is struck a while after it began."""
        for each in self.due(mine, Moment.DURING):
            seconds = each.draws(mine.id).uniform(0.1, LONGEST_WAIT)
            mine.waiting.append(asyncio.get_running_loop().call_later(seconds, self.strike, each, mine, Moment.DURING))

    def answered(self, call: Call) -> None:
        """A call to the outside was answered."""
        mine = attempt.get()
        if mine is None or mine.type in INTERRUPTIBLE or not (call.mutating or mine.type.startswith(READERS)):
            return
        mine.calls += 1
        for each in self.due(mine, Moment.DURING):
            if each.action is Action.DIE and mine.calls >= each.draws(mine.id).randint(1, 2):
                self.strike(each, mine, Moment.DURING)


class _Around(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, injector: FaultInjector) -> None:
        super().__init__(inner)
        self._injector = injector

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        mine = self._injector.begins()
        attempt.set(mine)
        await self._injector.meet(mine, Moment.BEFORE)
        if mine.type in INTERRUPTIBLE:
            self._injector.wait_begins(mine)
        try:
            result = await self.next.execute_activity(input)
        finally:
            for each in mine.waiting:
                each.cancel()
        await self._injector.meet(mine, Moment.DURING)  # fewer calls than were waited for
        await self._injector.meet(mine, Moment.AFTER)
        return result


def observed_journal(injector: FaultInjector) -> type[Journal]:
    """The product's journal, with somebody who listens."""

    class ObservedJournal(Journal):
        def record(self, call: Call, scope: Scope | None) -> None:
            super().record(call, scope)
            injector.answered(call)

    return ObservedJournal


async def work(directory: Path) -> None:
    """Work until SIGTERM, or until something happens."""
    injector = FaultInjector(FaultPoints(directory))
    worker.main.Journal = observed_journal(injector)  # type: ignore[attr-defined]
    connected = await temporal.connect()
    client = Client(**connected.config() | {"interceptors": [injector]})
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with worker.main.working(client, Settings()):
        await stop.wait()


def keep(directory: Path) -> None:
    """Have one worker at work for ever: each is forked from this process, which has read all the code already.

    Reading it takes a busy machine longer than Temporal needs to notice a death, and some proofs have hundreds of them.
    """
    living = [0]

    def end(*_: object) -> None:
        os.kill(living[0], signal.SIGTERM)
        os.waitpid(living[0], 0)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        living[0] = os.fork()
        if not living[0]:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            asyncio.run(work(directory))
            os._exit(0)
        with (directory / PIDS).open("a") as file:
            file.write(f"{living[0]}\n")
        os.waitpid(living[0], 0)


if __name__ == "__main__":
    logs.configure(json=False)
    keep(Path(sys.argv[1]))
