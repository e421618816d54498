"""A resource that is deleted while its migration goes on: a safe stop is asked for, and the resource waits for it.

Deleting the wish is Temporal's Cancel: stop at the next safe point and roll back, or after the point of no return park
and ask. The finalizer keeps the resource, and with it the place where all this is told, until the migration has ended.
Whoever cannot wait says so by an annotation; then the resource goes at once, and an Event says what is left behind.
"""

import contextlib

from temporalio.service import RPCError

from bridge.publishing import Publisher
from bridge.resource.conditions import DELETION_BLOCKED
from bridge.resource.events import Event
from bridge.resource.model import Resource
from bridge.starting import Starter
from client.errors import AlreadyCancelled, ClientError, CommandRefused
from client.migrations import Migrations
from migration.commands import Instruction
from migration.run.status import MigrationStatus, State


class DeletionHandler:
    """Lets deleted resources go when their migration has ended."""

    def __init__(self, migrations: Migrations, publisher: Publisher, starter: Starter) -> None:
        self._doors = migrations
        self._publisher = publisher
        self._starter = starter

    async def may_go(self, resource: Resource) -> bool:
        """Whether it has been let go: nothing goes on for it, or it must not wait."""
        if resource.force_delete:
            await self._abandon(resource)
        elif await self._going_on(resource):
            return False
        await self._publisher.release(resource)
        return True

    async def stop(self, resource: Resource, seen: MigrationStatus) -> None:
        """Ask for the safe stop, unless that was done, or is what happens anyway."""
        asked = resource.status.condition(DELETION_BLOCKED) is not None
        if asked or seen.state.final or seen.state is State.ROLLING_BACK:
            return
        with contextlib.suppress(CommandRefused):  # it has ended meanwhile
            await self._cancel(resource, resource.status.run)

    async def _cancel(self, resource: Resource, run: str) -> None:
        said = Instruction(by=resource.speaker, reason="the resource was deleted", channel="cr")
        with contextlib.suppress(AlreadyCancelled):
            await self._doors.cancel(resource.status.migration, said, run=run)

    async def _going_on(self, resource: Resource) -> str | None:
        """The run that goes on for it as far as is known, also one that it does not name yet."""
        return None if resource.status.ended else await self._starter.run_of(resource)

    async def _abandon(self, resource: Resource) -> None:
        """Ask for the stop all the same, wait for nothing, and say what is left behind."""
        status = resource.status
        try:
            run = await self._going_on(resource)
            if run is None:
                return
            await self._cancel(resource, run)
            left = "it was asked to stop and roll back"
        except (ClientError, RPCError):
            left = "it could not be asked to stop"
        stood = f"{status.state} in {status.phase}" if status.phase else "about to start"
        message = (
            f"let go by force while {status.migration} was {stood}: {left}. It goes on without this resource "
            f"(`vcfm status {status.migration}`), and its before-images stay in their Secrets"
        )
        key = f"{status.run}/abandoned"
        await self._publisher.notify(
            resource, Event(key=key, reason="Abandoned", action="Delete", message=message, warning=True)
        )
