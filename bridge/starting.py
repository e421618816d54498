"""Starts the migration for a resource whose state is Running, exactly once.

First the finalizer, then the claim in the status, then the start: a bridge that is restarted in between reads the claim
and continues. The claim freezes the spec before it is used, and is the key under which the workflow is started at most
once (`client.migrations`). A cluster has one migration at a time; a second resource is refused with the name of the
first, and is not started later by itself: a migration that starts unattended, hours after the request, is a risk.
"""

from collections.abc import Iterable
from datetime import datetime

from bridge.publishing import Publisher
from bridge.resource import report
from bridge.resource.conditions import ACCEPTED
from bridge.resource.model import Resource
from client.errors import AlreadyRunning
from client.migrations import Migrations
from migration.frozen_model import KubeObject
from migration.run.request import Owner, workflow_id

BUSY = "ClusterBusy"
_AGAIN = "wait until that one has ended, then set spec.state to Pending and to Running again"


class Starter:
    """Starts migrations for the resources of one cluster."""

    def __init__(self, migrations: Migrations, publisher: Publisher, *, cluster: str) -> None:
        self._migrations = migrations
        self._publisher = publisher
        self._cluster = cluster

    async def start(self, resource: Resource, others: Iterable[Resource], *, now: datetime) -> KubeObject | None:
        """Take one step towards the start; returns the resource as written, None where there is no step to take.

        Raises:
            ClientError: it could not be started; it is safe to repeat.
        """
        if _refused(resource):
            await self._publisher.release(resource)
            return None
        if resource.status.start_time is None:
            return await self._claim(resource, others, now=now)
        run, busy = await self._run_of(resource), None
        if run is None:
            try:
                await self._migrations.start(
                    cluster=self._cluster,
                    spec=resource.submission(),
                    requested_by=resource.requested_by,
                    owner=resource.owner,
                )
            except AlreadyRunning as error:
                busy = error.id
            run = await self._run_of(resource)
        if run:  # also where another bridge has just started it for the same claim
            return await self._publisher.publish(resource, report.started(resource, run=run))
        if busy:
            latest = await self._migrations.latest(busy)
            return await self._refuse(resource, busy, latest[1] if latest else None, now=now)
        return None

    async def follow_on(self, resource: Resource, *, now: datetime) -> KubeObject | None:
        """Follow the run that took over a terminated one (`vcfm adopt`).

        Returns the resource as written, None where nothing was taken over.
        """
        run = await self._run_of(resource)
        if run in {None, resource.status.run}:
            return None
        guarded = await self._publisher.add_finalizer(resource)
        return guarded or await self._publisher.publish(resource, report.resumed(resource, run=str(run), now=now))

    async def run_of(self, resource: Resource) -> str | None:
        """The id of the run that any bridge started for this claim; None where there is none."""
        return resource.status.run or (await self._run_of(resource) if resource.status.start_time else None)

    async def _run_of(self, resource: Resource) -> str | None:
        latest = await self._migrations.latest(resource.status.migration)
        return latest[0] if latest and latest[1] == resource.owner else None

    async def _claim(self, resource: Resource, others: Iterable[Resource], *, now: datetime) -> KubeObject | None:
        first = next((each for each in others if each.status.start_time and not each.status.ended), None)
        if first:
            return await self._refuse(resource, first.status.migration, first.owner, now=now)
        guarded = await self._publisher.add_finalizer(resource)
        if guarded:
            return guarded
        identity = await self._migrations.identify(self._cluster)
        migration = workflow_id(identity.infrastructure_name)
        return await self._publisher.publish(resource, report.claimed(resource, migration=migration, now=now))

    async def _refuse(
        self, resource: Resource, migration: str, owner: Owner | None, *, now: datetime
    ) -> KubeObject | None:
        whose = f"for {owner.namespace}/{owner.name}" if owner else "by REST or at a terminal"
        why = f"{migration} is running, started {whose}: there is at most one migration per cluster"
        status = report.refused(resource, reason=BUSY, why=why, needs=_AGAIN, now=now)
        return await self._publisher.publish(resource, status)


def _refused(resource: Resource) -> bool:
    """Whether this generation was refused because the cluster was busy; it is not tried again by itself."""
    accepted = resource.status.condition(ACCEPTED)
    return accepted is not None and accepted.reason == BUSY and accepted.observed_generation == resource.generation
