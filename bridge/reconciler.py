"""Reconciles one custom resource whenever it or its migration may have changed.

Level-triggered: each reconciliation reads the resource and queries Temporal, does what is missing, and writes the
status. Except for refusals that are not written yet, all state between two reconciliations can be read again; so it
does not matter which bridge reconciles, how often, or which events it missed.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from temporalio.service import RPCError

from bridge.commands import CommandSender
from bridge.deletion import DeletionHandler
from bridge.preflight import PreflightRunner
from bridge.publishing import Publisher
from bridge.resource import report
from bridge.resource.conditions import ACCEPTED
from bridge.resource.model import Resource
from bridge.resource.status import ResourceStatus
from bridge.starting import Starter
from client.errors import ClientError, NoSuchMigration, NoWorker
from client.migrations import Migrations
from config.logs import log
from config.settings import Settings
from migration.frozen_model import KubeObject
from migration.run.status import State
from migration.spec.model import DesiredState
from migration.spec.problem import Problem
from migration.spec.rules import problems
from openshift.api.client import Cluster
from openshift.errors import Conflict, NotFound, OpenShiftError

POLL = 0.5
"""Seconds between two queries of a running migration; each costs two calls to Temporal."""
SOON, LATER, OFTEN, RARELY = 0.1, 2.0, 5.0, 300.0
NOT_SERVED = "NamespaceNotServed"
_MISSES = 3
"""Queries of three seconds each that may time out on a busy worker before it counts as unavailable."""

Read = Callable[[], tuple[KubeObject | None, list[KubeObject]]]
"""The resource as cached (None when it is gone), and all resources of its cluster."""


class Reconciler:
    """Reconciles one resource until it is gone."""

    def __init__(self, *, read: Read, cluster: Cluster, name: str, migrations: Migrations, settings: Settings) -> None:
        """`name` is the cluster's name in the service's configuration."""
        self._read = read
        self._namespace = settings.namespace
        self._named = settings.separate_approver
        self._migrations = migrations
        self._publisher = Publisher(cluster, namespace=settings.namespace)
        self._starter = Starter(migrations, self._publisher, cluster=name)
        self._deletion = DeletionHandler(migrations, self._publisher, self._starter)
        self._commands = CommandSender(
            migrations, believed=not (settings.separate_approver and settings.api_user_header is not None)
        )
        self.woken = asyncio.Event()
        interval = timedelta(seconds=settings.preflight_interval)
        self._preflight = PreflightRunner(migrations, cluster=name, interval=interval, finished=self.woken.set)
        self._missed = 0
        self._version = ""
        self._written: KubeObject | None = None

    async def follow(self) -> None:
        """Reconcile, wait, and reconcile again, until the resource is gone."""
        try:
            while (document := self._latest()) is not None:
                await self._rest(await self._look_safely(document))
        finally:
            self._preflight.stop()

    async def _rest(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self.woken.wait()
        except TimeoutError:
            pass
        self.woken.clear()

    def _latest(self) -> KubeObject | None:
        """The document that we wrote last, until the watch delivers a newer version than it was computed from."""
        document, _ = self._read()
        if document is None:
            return None
        version = document["metadata"]["resourceVersion"]
        if version != self._version:
            self._version, self._written = version, None
        return self._written or document

    async def _look_safely(self, document: KubeObject) -> float:
        """Reconcile once and handle every error; returns the seconds until the next reconciliation."""
        try:
            return await self._look_or_say(Resource.read(document))
        except (Conflict, NotFound):
            return SOON  # it has changed since it was read; the watch delivers the change
        except OpenShiftError as error:
            log.warning("a resource could not be written", resource=document["metadata"]["name"], why=str(error))
            return LATER
        except Exception:  # noqa: BLE001 - a bug with one resource must not stop the others
            log.exception("a bug of the bridge", resource=document["metadata"]["name"])
            return RARELY

    async def _look_or_say(self, resource: Resource) -> float:
        """Reconcile once; if the migration cannot be queried, the status says so."""
        try:
            pause = await self._look(resource, now=datetime.now(UTC))
        except NoWorker:
            self._missed += 1
            if self._missed < _MISSES:
                return SOON
            why = "no worker answers: start one (`vcfm worker`); a running migration continues where it was"
            return await self._unheard(resource, "NoWorker", why)
        except NoSuchMigration:
            why = (
                "Temporal does not store this run, or no longer, and nothing is started again by itself: take it "
                "over (`vcfm adopt`, `vcfm adopt --rollback`), and the resource follows the new run"
            )
            return await self._unheard(resource, "RunUnknown", why)
        except ClientError as error:
            return await self._unheard(resource, type(error).__name__, f"{error}: {error.remedy}")
        except RPCError as error:
            log.warning("Temporal does not answer", resource=str(resource), why=error.message)
            return await self._unheard(
                resource, "TemporalUnavailable", "Temporal does not answer; the status is not current"
            )
        self._missed = 0
        return pause

    async def _look(self, resource: Resource, *, now: datetime) -> float:
        if resource.namespace != self._namespace:
            return await self._elsewhere(resource, now=now)
        if resource.deleted and await self._deletion.may_go(resource):
            return RARELY
        if resource.foreign:
            self._written = await self._publisher.clear_foreign_status(resource)
            return SOON
        if resource.live:
            return await self._live(resource, now=now)
        if resource.status.ended:
            return await self._ended(resource, now=now)
        return await self._waiting(resource, now=now)

    async def _live(self, resource: Resource, *, now: datetime) -> float:
        try:
            seen = await self._migrations.account(resource.status.migration, run=resource.status.run)
        except NoSuchMigration:
            if not await self._follow_on(resource, now=now):
                raise
            return SOON
        if resource.deleted:
            await self._deletion.stop(resource, seen)
        elif guarded := await self._publisher.add_finalizer(resource):  # the resource was replaced without it
            self._written = guarded
            return SOON
        told = await self._commands.send_commands(resource, state=seen.state, phase=seen.phase, now=now)
        await self._publish(resource, report.of_migration(told, seen, now=now))
        return POLL

    async def _ended(self, resource: Resource, *, now: datetime) -> float:
        status = resource.status
        if status.restored and resource.wanted is DesiredState.PENDING:
            await self._publish(resource, report.renewed(resource, now=now))
            return SOON
        cut_short = status.state is State.FAILED and not status.restored
        if cut_short and await self._follow_on(resource, now=now):
            return SOON
        told = await self._commands.send_commands(resource, state=status.state, phase=status.phase, now=now)
        if await self._publish(resource, report.after(told, now=now)):
            return SOON
        await self._publisher.release(resource)  # no running migration needs the finalizer
        return OFTEN if cut_short else RARELY

    async def _follow_on(self, resource: Resource, *, now: datetime) -> bool:
        """Whether the migration was taken over; the resource then follows the new run."""
        written = await self._starter.follow_on(resource, now=now)
        self._written = written or self._written
        return written is not None

    async def _waiting(self, resource: Resource, *, now: datetime) -> float:
        if found := self._problems(resource):
            why = "; ".join(map(str, found))
            status = report.refused(
                resource, reason="InvalidSpec", why=f"{len(found)} problem(s): {why}", needs="correct the spec", now=now
            )
            await self._publish(resource, status)
            return RARELY
        if resource.wanted is DesiredState.RUNNING or await self._starter.run_of(resource):
            self._preflight.stop()
            written = await self._starter.start(resource, self._others(resource), now=now)
            self._written = written or self._written
            return SOON if written else RARELY
        result = self._preflight.look(resource, now=now)
        await self._publish(resource, report.pending(resource, result=result, trouble=self._preflight.trouble, now=now))
        return self._preflight.pause(now=now)

    def _problems(self, resource: Resource) -> list[Problem]:
        found = problems(resource.spec)
        if self._named and not resource.requested_by.strip():
            rule = "is required here, since another person than the requester must approve (VCFM_SEPARATE_APPROVER)"
            found.append(Problem(field="spec.requestedBy", rule=rule, remedy="Set the name of the requester."))
        return found

    async def _elsewhere(self, resource: Resource, *, now: datetime) -> float:
        """Write that this namespace is not served, unless another controller handles the resource."""
        if _handled(resource):
            return RARELY
        why = (
            f"this service serves namespace {self._namespace} only, since everybody who may create a migration there "
            "can move the cluster"
        )
        needs = f"create it in {self._namespace}"
        await self._publish(resource, report.refused(resource, reason=NOT_SERVED, why=why, needs=needs, now=now))
        return RARELY

    async def _unheard(self, resource: Resource, reason: str, why: str) -> float:
        await self._publish(resource, report.unheard(resource, reason=reason, why=why, now=datetime.now(UTC)))
        return LATER

    async def _publish(self, resource: Resource, status: ResourceStatus) -> bool:
        """Write the status; returns whether it has changed."""
        written = await self._publisher.publish(resource, status)
        self._written = written or self._written
        return written is not None

    def _others(self, resource: Resource) -> Iterable[Resource]:
        _, others = self._read()
        found = [Resource.read(each) for each in others]
        return [each for each in found if each.namespace == self._namespace and each.uid != resource.uid]


def _handled(resource: Resource) -> bool:
    """Whether another bridge or controller handles this resource, or the status says already that nobody does."""
    accepted = resource.status.condition(ACCEPTED)
    written = accepted and (accepted.reason != NOT_SERVED or accepted.observed_generation == resource.generation)
    return bool(written or resource.status.migration or resource.guarded or resource.foreign)
