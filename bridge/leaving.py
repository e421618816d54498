"""A resource that is deleted while its migration goes on: a safe stop is asked for, and the resource waits for it.

Deleting the wish is Temporal's Cancel: stop at the next safe point and roll back, or after the point of no return park
and ask. The finalizer keeps the resource, and with it the place where all this is told, until the migration has ended.
Whoever cannot wait says so by an annotation; then the resource goes at once, and an Event says what is left behind.
"""

import contextlib
from collections.abc import Awaitable, Callable

from temporalio.service import RPCError

from bridge.publishing import Publisher
from bridge.starting import Starter
from migration.resource import Resource
from migration.resource_conditions import DELETION_BLOCKED
from migration.resource_notices import Notice
from migration.status import MigrationStatus, State
from migration.steering import Instruction
from workflows.doors import Migrations
from workflows.refusals import DoorError, Refused


class Leaver:
    """Lets deleted resources go when their migration has ended."""

    def __init__(self, doors: Migrations, publisher: Publisher, starter: Starter) -> None:
        self._doors = doors
        self._publisher = publisher
        self._starter = starter

    async def may_go(self, resource: Resource) -> bool:
        """Whether it has been let go: nothing goes on for it, or it must not wait."""
        if resource.let_go:
            await self._abandon(resource)
        elif resource.live or (not resource.status.ended and await self._starter.run_of(resource)):
            return False
        await self._publisher.release(resource)
        return True

    async def stop(self, resource: Resource, seen: MigrationStatus) -> None:
        """Ask for the safe stop, unless that was done, or is what happens anyway."""
        asked = resource.status.condition(DELETION_BLOCKED) is not None
        if asked or seen.state.final or seen.state is State.ROLLING_BACK:
            return
        with contextlib.suppress(Refused):  # it has ended meanwhile
            await self._cancel(resource)

    async def _cancel(self, resource: Resource) -> None:
        said = Instruction(by=resource.speaker, reason="the resource was deleted", door="cr")
        await self._doors.cancel(resource.status.migration, said, run=resource.status.run)

    async def _abandon(self, resource: Resource) -> None:
        """Ask for the stop all the same, wait for nothing, and say what is left behind."""
        status = resource.status
        if not resource.live:
            return
        asked = await _done(lambda: self._cancel(resource))
        left = "it was asked to stop and roll back" if asked else "it could not be asked to stop"
        message = (
            f"let go by force while {status.migration} was {status.state} in {status.phase}: {left}. It goes on "
            f"without this resource (`vcfm status {status.migration}`), and its before-images stay in their Secrets"
        )
        key = f"{status.run}/abandoned"
        await self._publisher.notify(
            resource, Notice(key=key, reason="Abandoned", action="Delete", message=message, warning=True)
        )


async def _done(ask: Callable[[], Awaitable[None]]) -> bool:
    try:
        await ask()
    except (DoorError, RPCError):
        return False
    return True
