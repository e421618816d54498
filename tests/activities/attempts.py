"""Running activities as a worker does, but without Temporal: the real interceptor, context and journal around each."""

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.registry import everything
from activities.runtime.context import Context
from activities.runtime.interceptor import ActivityScope
from config.settings import Settings
from journal.store import Journal
from lab.commands import Lab
from migration.audit.call import Call, Scope
from migration.audit.journal_views import JournalEntry
from migration.frozen_model import KubeObject
from migration.plan import SecretAddress, VCenterReference
from migration.run.heartbeat import Heartbeat, Observation
from migration.spec.model import MigrationSpec
from workflows.timeouts import RETRY

MOST_CALLS = 10_000
MOST_ATTEMPTS = 20


class Witness(Journal):
    """A journal that also knows which calls were made in the event loop's own thread."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.in_loop: set[str] = set()
        self._loop = threading.get_ident()

    def record(self, call: Call, scope: Scope | None) -> None:
        """As the journal, and remember whose thread it was."""
        if threading.get_ident() == self._loop:
            self.in_loop.add(call.system)
        super().record(call, scope)


class Attempts:
    """Runs attempts of activities, and knows of each which calls it made.

    Attributes:
        reported: what the attempts reported with their heartbeats.
        noticed: set when something was reported.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.reported: list[Observation] = []
        self.noticed = asyncio.Event()
        self._bound = {name_of(each): each for each in everything(context)}
        self._count = 0

    @property
    def names(self) -> set[str]:
        """Every activity that a worker offers."""
        return set(self._bound)

    async def run(self, function: Callable[..., Awaitable[Any]], argument: Any) -> Any:
        """One attempt of an activity, given by its unbound method; raises what Temporal would be told."""
        with self.environment(function) as environment:
            return await self.start(environment, function, argument)

    async def persist(self, function: Callable[..., Awaitable[Any]], argument: Any) -> Any:
        """Attempts until one succeeds or says that another is in vain, as Temporal would; they count as one."""
        with self.environment(function) as environment:
            for _ in range(MOST_ATTEMPTS - 1):
                try:
                    return await self.start(environment, function, argument)
                except ApplicationError as error:
                    if error.non_retryable:
                        raise
                await asyncio.sleep(RETRY.initial_interval.total_seconds())
            return await self.start(environment, function, argument)

    @contextmanager
    def environment(self, function: Callable[..., Awaitable[Any]]) -> Iterator[ActivityEnvironment]:
        """Where one attempt runs; it can be cancelled there."""
        self._count += 1
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(
            environment.info,
            activity_id=name_of(function),
            activity_type=name_of(function),
            workflow_id=self._migration,
            scheduled_time=datetime.now(UTC),
        )
        environment.on_heartbeat = self._notice
        yield environment

    async def start(
        self, environment: ActivityEnvironment, function: Callable[..., Awaitable[Any]], argument: Any
    ) -> Any:
        """The attempt itself."""
        around = ActivityScope(self.context.journal).intercept_activity(Calling(None))  # type: ignore[arg-type]
        given = ExecuteActivityInput(fn=self._bound[name_of(function)], args=[argument], executor=None, headers={})
        return await environment.run(around.execute_activity, given)

    def calls(self) -> list[JournalEntry]:
        """What the last attempt asked of anybody."""
        return self.context.journal.read(self._migration, limit=MOST_CALLS)

    def changes(self) -> list[str]:
        """What the last attempt changed: `method target` of each mutating call that worked."""
        return [f"{each.method} {each.target}" for each in self.calls() if each.mutating and each.outcome == "ok"]

    def _notice(self, *details: Any) -> None:
        beats = [each for each in details if isinstance(each, Heartbeat)]
        self.reported += [each.observation for each in beats if each.observation]
        if self.reported:
            self.noticed.set()

    @property
    def _migration(self) -> str:
        return f"attempt-{self._count}"


class Calling(ActivityInboundInterceptor):
    """The innermost interceptor: simply calls the activity."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - its name
        return await input.fn(*input.args)


def name_of(function: Callable[..., Awaitable[Any]]) -> str:
    return str(activity._Definition.must_from_callable(function).name)


@asynccontextmanager
async def attempts(lab: Lab, directory: Path, **changes: Any) -> AsyncIterator[Attempts]:
    """Attempts on a lab, with the settings that it recommends (the shipped RBAC's account) and changes to them."""
    recommended = {
        name.removeprefix("VCFM_").lower(): value for name, value in dotenv_values(lab.state_dir / "env").items()
    }
    settings = Settings(**(recommended | {"state_directory": directory} | changes), _env_file=None)  # type: ignore[arg-type]
    journal = Witness(settings.journal_url)
    journal.open()
    try:
        async with Context(settings=settings, journal=journal) as context:
            yield Attempts(context)
            assert journal.in_loop <= {"kubernetes"}, "pyVmomi blocks: it must be called in threads"
    finally:
        journal.close()


def spec_of(lab: Lab, **changes: Any) -> MigrationSpec:
    """The lab's ready migration, with changes."""
    return MigrationSpec.model_validate(lab.description["migration"]["spec"] | changes)


def vcenter_of(lab: Lab, role: str) -> KubeObject:
    """What the lab says of one of its vCenters."""
    return next(each for each in lab.description["vcenters"] if each["role"] == role)


def reference_to(lab: Lab, role: str) -> VCenterReference:
    """One of the lab's vCenters, with the credentials that the cluster (or the migration) has for it."""
    there = vcenter_of(lab, role)
    secrets = {
        "source": SecretAddress(namespace="kube-system", name="vsphere-creds"),
        "target": SecretAddress(**lab.description["credentials_secret"]),
    }
    return VCenterReference(cluster="", server=there["server"], port=there["port"], credentials=secrets[role])
