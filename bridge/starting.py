"""From a resource that asks to run to a migration that runs for it, once.

First the finalizer, then the claim in the status, then the start: whoever dies in between is followed by one who reads
the claim and goes on. The claim freezes the spec before it is used, and is the key under which the workflow is started
at most once (`client.migrations`). A cluster has one migration at a time; a resource that comes second is refused,
names the first, and is not started later by itself: a migration that begins hours after it was asked for, when nobody
thinks of it any more, is a danger and no service.
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
        self._doors = migrations
        self._publisher = publisher
        self._cluster = cluster

    async def start(self, resource: Resource, others: Iterable[Resource], *, now: datetime) -> KubeObject | None:
        """One step on the way; returns the resource as it is now, None where there is no step to take.

        Raises:
            DoorError: it could not be started; it is safe to repeat.
        """
        if _refused(resource):
            await self._publisher.release(resource)
            return None
        if resource.status.start_time is None:
            return await self._claim(resource, others, now=now)
        run, busy = await self._run_of(resource), None
        if run is None:
            try:
                await self._doors.start(
                    cluster=self._cluster,
                    spec=resource.submission(),
                    requested_by=resource.requested_by,
                    owner=resource.owner,
                )
            except AlreadyRunning as error:
                busy = error.id
            run = await self._run_of(resource)
        if run:  # perhaps another bridge started it for this very claim, a moment before us
            return await self._publisher.publish(resource, report.started(resource, run=run))
        if busy:
            latest = await self._doors.latest(busy)
            return await self._refuse(resource, busy, latest[1] if latest else None, now=now)
        return None

    async def follow_on(self, resource: Resource, *, now: datetime) -> KubeObject | None:
        """Where its run was ended from outside and taken over (`vcfm adopt`), follow the run that goes on with it.

        Returns the resource as it is now, None where nothing was taken over.
        """
        run = await self._run_of(resource)
        if run in {None, resource.status.run}:
            return None
        guarded = await self._publisher.add_finalizer(resource)
        return guarded or await self._publisher.publish(resource, report.resumed(resource, run=str(run), now=now))

    async def run_of(self, resource: Resource) -> str | None:
        """The run that was started for this claim, whoever started it; None where there is none."""
        return resource.status.run or (await self._run_of(resource) if resource.status.start_time else None)

    async def _run_of(self, resource: Resource) -> str | None:
        latest = await self._doors.latest(resource.status.migration)
        return latest[0] if latest and latest[1] == resource.owner else None

    async def _claim(self, resource: Resource, others: Iterable[Resource], *, now: datetime) -> KubeObject | None:
        first = next((each for each in others if each.status.start_time and not each.status.ended), None)
        if first:
            return await self._refuse(resource, first.status.migration, first.owner, now=now)
        guarded = await self._publisher.add_finalizer(resource)
        if guarded:
            return guarded
        identity = await self._doors.identify(self._cluster)
        migration = workflow_id(identity.infrastructure_name)
        return await self._publisher.publish(resource, report.claimed(resource, migration=migration, now=now))

    async def _refuse(
        self, resource: Resource, migration: str, owner: Owner | None, *, now: datetime
    ) -> KubeObject | None:
        whose = f"for {owner.namespace}/{owner.name}" if owner else "by REST or at a terminal"
        why = f"{migration} is running, started {whose}: there is at most one migration per cluster"
        said = report.refused(resource, reason=BUSY, why=why, needs=_AGAIN, now=now)
        return await self._publisher.publish(resource, said)


def _refused(resource: Resource) -> bool:
    """Whether this generation came second, and is not to be tried again by itself."""
    said = resource.status.condition(ACCEPTED)
    return said is not None and said.reason == BUSY and said.observed_generation == resource.generation
