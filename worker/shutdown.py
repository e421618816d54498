"""A worker's end, within a time.

The last step of Temporal's core (`finalize_shutdown`) waits without a limit for what it believes to be under way. Seen
twice in some thousand ends, on a busy machine with temporalio 1.35: nothing was, every poller had ended, and it waited
on. A process that was told to stop would stay for ever.
"""

import asyncio
from datetime import timedelta
from types import TracebackType

from temporalio.worker import Worker

from config.logs import log

AT_MOST = timedelta(seconds=30)
"""Longer than activities get to stop in (`graceful_shutdown_timeout`), shorter than a pod gets in all."""


class BoundedShutdownWorker(Worker):
    """A worker that is left behind when it does not end; what it did not finish, Temporal gives to another."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Shut down. Raises what made the worker fail, if it failed."""
        limit = asyncio.timeout(AT_MOST.total_seconds())
        try:
            async with limit:
                await super().__aexit__(kind, error, traceback)
        except TimeoutError:
            if not limit.expired():
                raise
            log.warning(
                "the worker did not end and is left behind",
                task_queue=self.task_queue,
                waited=f"{AT_MOST.total_seconds():.0f} s",
                unfinished="Temporal gives it to another worker",
            )
