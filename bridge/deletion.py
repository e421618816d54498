"""Deletion of a resource whose migration still runs: the migration is cancelled, and the resource waits for its end.

Deleting the resource sends Temporal's Cancel: stop at the next safe point and roll back, or park after the point of no
return. The finalizer keeps the resource and its status until the migration has ended. An annotation (force-delete)
removes the finalizer at once; then an Event says what is left behind.
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
    """Removes the finalizer of deleted resources when their migration has ended."""

    def __init__(self, migrations: Migrations, publisher: Publisher, starter: Starter) -> None:
        self._migrations = migrations
        self._publisher = publisher
        self._starter = starter

    async def may_go(self, resource: Resource) -> bool:
        """Remove the finalizer if no migration runs for the resource, or if it is force-deleted; returns whether."""
        if resource.force_delete:
            await self._abandon(resource)
        elif await self._going_on(resource):
            return False
        await self._publisher.release(resource)
        return True

    async def stop(self, resource: Resource, seen: MigrationStatus) -> None:
        """Cancel the migration, unless it was cancelled before, has ended or rolls back."""
        cancelled = resource.status.condition(DELETION_BLOCKED) is not None
        if cancelled or seen.state.final or seen.state is State.ROLLING_BACK:
            return
        with contextlib.suppress(CommandRefused):  # it has ended meanwhile
            await self._cancel(resource, resource.status.run)

    async def _cancel(self, resource: Resource, run: str) -> None:
        instruction = Instruction(by=resource.speaker, reason="the resource was deleted", channel="cr")
        with contextlib.suppress(AlreadyCancelled):
            await self._migrations.cancel(resource.status.migration, instruction, run=run)

    async def _going_on(self, resource: Resource) -> str | None:
        """The id of the run that has not ended for the resource, also one that its status does not name yet."""
        return None if resource.status.ended else await self._starter.run_of(resource)

    async def _abandon(self, resource: Resource) -> None:
        """Cancel the migration without waiting for it, and create an Event that says what is left behind."""
        status = resource.status
        try:
            run = await self._going_on(resource)
            if run is None:
                return
            await self._cancel(resource, run)
            left = "it was asked to stop and roll back"
        except (ClientError, RPCError):
            left = "it could not be cancelled"
        stood = f"{status.state} in {status.phase}" if status.phase else "about to start"
        message = (
            f"deleted by force while {status.migration} was {stood}: {left}. It continues without this resource "
            f"(`vcfm status {status.migration}`), and its before-images stay in their Secrets"
        )
        key = f"{status.run}/abandoned"
        await self._publisher.notify(
            resource, Event(key=key, reason="Abandoned", action="Delete", message=message, warning=True)
        )
