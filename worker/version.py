"""A worker's own version: pinned migrations, and new ones to the newest worker without anybody's help.

A worker that starts makes its version the current one, so that a small install needs no command after an upgrade. But
only a version that never was current before: the worker that stays behind for the migrations it began may be restarted
at any time, and must not take the new ones back. Whoever wants an older version again says so by the command that the
log names.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig

from config.logs import log
from config.settings import Settings
from temporal import versions

_PATIENCE = timedelta(minutes=2)
"""Temporal knows of a version a second or two after its first poll; workers of several versions may start at once."""
_LOOK = 1.0
"""Seconds; Temporal answers only a few questions a second about one deployment, whoever asks."""
_HOPELESS = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.UNIMPLEMENTED}


def deployment_config(settings: Settings) -> WorkerDeploymentConfig | None:
    """Pinned to the configured build; None, as for development, where there is none."""
    if settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(versions.deployment_name(settings.task_queue), settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


@asynccontextmanager
async def becoming_current(client: Client, settings: Settings) -> AsyncIterator[None]:
    """Beside a worker that polls: its version becomes the current one, if it has a version and that is a new one."""
    if settings.build_id is None:
        yield
        return
    becoming = asyncio.create_task(become_current(client, settings.task_queue, settings.build_id))
    try:
        yield
    finally:
        becoming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await becoming


async def become_current(client: Client, task_queue: str, build_id: str) -> None:
    """Have new migrations come to this version, if it is a new one; says in the log what came of it.

    Never raises because of Temporal: a worker that may not do this still works for the migrations it has.
    """
    reason = "Temporal has not heard of it yet"
    end = time.monotonic() + _PATIENCE.total_seconds()
    while time.monotonic() < end:
        try:
            if await _settled(client, task_queue, build_id):
                return
        except RPCError as error:
            reason = error.message
            if error.status in _HOPELESS:
                break
        await asyncio.sleep(_LOOK)
    log.warning(
        "this version is not current, so new migrations do not come to it",
        build_id=build_id,
        reason=reason,
        remedy=versions.by_hand(versions.deployment_name(task_queue), build_id),
    )


async def _settled(client: Client, task_queue: str, build_id: str) -> bool:
    """Look, and make it current if that is what is missing; False to look again. Raises RPCError."""
    deployment = await versions.describe(client, task_queue)
    if deployment is None or build_id not in deployment.versions:
        return False
    if deployment.current == build_id:
        log.info("new migrations come to this version", build_id=build_id)
        return True
    mine = deployment.versions[build_id]
    if mine.HasField("last_current_time") or mine.HasField("last_deactivation_time"):
        log.warning(
            "this version was current before, so it keeps its migrations and new ones go elsewhere",
            build_id=build_id,
            current=deployment.current or "workers without a version",
            since=mine.last_deactivation_time.ToDatetime(tzinfo=UTC).isoformat(),
            remedy=f"to go back to it: {versions.by_hand(deployment.name, build_id)}",
        )
        return True
    await versions.set_current(client, deployment, build_id)
    return False
