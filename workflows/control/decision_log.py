"""Decisions, on their way into the journal: beside the phases, so that none of them waits for it or fails with it.

A task of its own empties a queue. Temporal's Cancel reaches the run's task alone, so this one goes on through it. A
journal that is away is asked again for as long as it takes, which costs no history; the end of the run waits for it
after everything else is done and said, because a decision that nobody recorded is worse than a run that lingers.
"""

import asyncio
import contextlib

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.decisions import Decisions, DecisionsMade
from migration.audit import redact
from migration.run.status import Decision
from workflows import timeouts
from workflows.run import shielded
from workflows.status.tracker import StatusTracker

AT_ONCE = 50
"""Decisions brought by one activity: a person who leans on a key must not fill the history with activities."""


class DecisionLog:
    """Everything people said to one run; shown at once, and recorded as soon as the journal takes it."""

    def __init__(self, tracker: StatusTracker) -> None:
        self._tracker = tracker
        self._waiting: list[Decision] = []
        self._recorded = 0
        self._over = False
        self._writing: asyncio.Task[None] | None = None

    def add(self, decision: Decision) -> None:
        """Somebody said something, and this came of it."""
        clean = {name: redact.line(getattr(decision, name)) for name in ("by", "reason")}
        shown = decision.model_copy(update=clean)
        self._tracker.decided(shown)
        self._waiting.append(shown)

    def open(self) -> None:
        """The run begins."""
        self._writing = asyncio.create_task(self._write(), name="the decision log")

    async def close(self) -> None:
        """The run is over: wait until the journal has everything, whatever else is asked meanwhile."""
        assert self._writing is not None, "opened when the run began"
        self._over = True
        await shielded(self._writing, lambda: None)

    async def _write(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._waiting) or self._over)
            if not self._waiting:
                return
            some = self._waiting[:AT_ONCE]
            with contextlib.suppress(ActivityError):  # it has tried for a day: they stay in the queue
                await self._record(some)
                self._recorded += len(some)
                del self._waiting[: len(some)]

    async def _record(self, some: list[Decision]) -> None:
        info = workflow.info()
        first = self._recorded + 1
        await workflow.execute_activity_method(
            Decisions.record,
            DecisionsMade(migration=info.workflow_id, run=info.run_id, first=first, decisions=some),
            activity_id=f"journal.record.{first}",
            summary=f"into the journal: {', '.join(each.verb for each in some)}"[:200],
            start_to_close_timeout=timeouts.JOURNAL_ATTEMPT,
            schedule_to_close_timeout=timeouts.JOURNAL,
            heartbeat_timeout=timeouts.HEARTBEAT,
            retry_policy=timeouts.RETRY,
        )
