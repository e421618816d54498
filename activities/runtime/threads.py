"""Calling vSphere, whose client blocks, without blocking the worker."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

_POOL = ThreadPoolExecutor(max_workers=200, thread_name_prefix="vsphere")
"""One for each activity that a worker may run (`Settings.max_activities`). The loop's own pool has six on two cores:
as many calls to one vCenter that hangs would hold up every other, and the journal with them."""

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread, to its end even when the activity is cancelled meanwhile.

    A cancelled activity may be undone next; its undo must not meet a call that is still on its way.
    """
    call = partial(copy_context().run, function, *args, **kwargs)
    running = asyncio.get_running_loop().run_in_executor(_POOL, call)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):  # asked twice, it is still on its way
                await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # seen here, since nobody else will
        raise
