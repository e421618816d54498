"""Around every activity: the scope of its calls, a heartbeat while it runs, and errors people can act on."""

import asyncio
import contextlib
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from activities.runtime import heartbeat
from activities.runtime.definition import INTERRUPTIBLE
from activities.runtime.failures import EXPECTED, failure, is_outage, no_attempt_ends, outage_too_long
from activities.runtime.phase_header import PhaseHeader, phase_in
from journal.store import Journal
from migration.audit.call import Scope, scope


async def _to_its_end(attempt: asyncio.Future[Any], *, interruptible: bool) -> Any:
    """An attempt's outcome, cancelled or not.

    A cancelled wait ends at once. A change under way is finished, so that what comes next (its undo, perhaps) never
    meets a call that is still on its way; every call has a time-out, so it does end. Where nobody waits for the outcome
    any more, a change stops between two calls: whoever comes next looks first.
    """
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        if interruptible or _abandoned():
            attempt.cancel()
        return await attempt


def _abandoned() -> bool:
    """Whether Temporal no longer knows the attempt: its workflow was terminated, or another attempt took its place."""
    details = activity.cancellation_details() if activity.in_activity() else None
    return details is not None and details.not_found


class ActivityScope(Interceptor):
    """Gives every activity scope, heartbeat, patience and errors; its calls are in the journal when it ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - its name
        """Called by the worker once."""
        return _Around(next, self._journal)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002 - its name
    ) -> type[WorkflowInboundInterceptor]:
        """Called by the worker for each kind of workflow."""
        return PhaseHeader


class _Around(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, journal: Journal) -> None:
        super().__init__(inner)
        self._journal = journal

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - its name
        info = activity.info()
        scope.set(
            Scope(
                migration=info.workflow_id or "",
                run=info.workflow_run_id or "",
                phase=phase_in(input.headers),
                activity=info.activity_type,
                attempt=info.attempt,
            )
        )
        mine = heartbeat.AttemptHeartbeat(info)
        heartbeat.current.set(mine)
        if mine.patience.too_long:
            raise failure(no_attempt_ends(info.activity_id, mine.patience.elapsed))
        beating = asyncio.create_task(mine.beat(), name=f"heartbeat of {info.activity_id}")
        try:
            attempt = asyncio.ensure_future(self.next.execute_activity(input))
            return await _to_its_end(attempt, interruptible=info.activity_type in INTERRUPTIBLE)
        except EXPECTED as error:
            raise failure(_outage_or_error(error, mine)) from error
        except Exception:
            mine.patience.fails(outage=False)
            mine.once()
            raise
        finally:
            try:
                await asyncio.to_thread(self._journal.flush)  # as long as three missed beats
            finally:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beating


def _outage_or_error(error: Exception, mine: heartbeat.AttemptHeartbeat) -> Exception:
    """The error, unless it is an outage that has lasted too long; the next attempt hears of an outage by heartbeat."""
    if not is_outage(error):
        return error
    mine.patience.fails(outage=True)
    mine.once()
    return outage_too_long(mine.patience.elapsed, error) if mine.patience.too_long else error
