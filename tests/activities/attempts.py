"""Running activities as a worker does, but without Temporal: the real interceptor, context and journal around each."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.context import Context
from activities.interceptor import ActivityScope
from activities.registry import everything
from journal.store import Entry, Journal
from lab.commands import Lab
from migration.observation import Observation
from migration.plan import SecretAddress, VCenterReference
from migration.spec import MigrationSpec
from migration.value import Document
from settings import Settings

MOST_CALLS = 10_000


class Attempts:
    """Runs attempts of activities, and knows of each which calls it made.

    Attributes:
        reported: what the attempts reported with their heartbeats.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.reported: list[Observation] = []
        self._bound = {_name(each): each for each in everything(context)}
        self._count = 0

    @property
    def names(self) -> set[str]:
        """Every activity that a worker offers."""
        return set(self._bound)

    async def run(self, function: Callable[..., Awaitable[Any]], argument: Any) -> Any:
        """One attempt of an activity, given by its unbound method; raises what Temporal would be told."""
        with self.environment(function) as environment:
            return await self.start(environment, function, argument)

    @contextmanager
    def environment(self, function: Callable[..., Awaitable[Any]]) -> Iterator[ActivityEnvironment]:
        """Where one attempt runs; it can be cancelled there."""
        self._count += 1
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(
            environment.info,
            activity_id=_name(function),
            activity_type=_name(function),
            workflow_id=self._migration,
            scheduled_time=datetime.now(UTC),
        )
        environment.on_heartbeat = lambda *details: self.reported.extend(
            d for d in details if isinstance(d, Observation)
        )
        yield environment

    async def start(
        self, environment: ActivityEnvironment, function: Callable[..., Awaitable[Any]], argument: Any
    ) -> Any:
        """The attempt itself."""
        around = ActivityScope(self.context.journal).intercept_activity(_Calling(None))  # type: ignore[arg-type]
        given = ExecuteActivityInput(fn=self._bound[_name(function)], args=[argument], executor=None, headers={})
        return await environment.run(around.execute_activity, given)

    def calls(self) -> list[Entry]:
        """What the last attempt asked of anybody."""
        return self.context.journal.read(self._migration, limit=MOST_CALLS)

    def changes(self) -> list[str]:
        """What the last attempt changed: `method target` of each mutating call that worked."""
        return [f"{each.method} {each.target}" for each in self.calls() if each.mutating and each.outcome == "ok"]

    @property
    def _migration(self) -> str:
        return f"attempt-{self._count}"


class _Calling(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - its name
        return await input.fn(*input.args)


def _name(function: Callable[..., Awaitable[Any]]) -> str:
    return str(activity._Definition.must_from_callable(function).name)


@asynccontextmanager
async def attempts(lab: Lab, directory: Path, **changes: Any) -> AsyncIterator[Attempts]:
    """Attempts on a lab, with the settings that it recommends (the shipped RBAC's account) and changes to them."""
    recommended = {
        name.removeprefix("VCFM_").lower(): value for name, value in dotenv_values(lab.state_dir / "env").items()
    }
    settings = Settings(**(recommended | {"state_directory": directory} | changes), _env_file=None)  # type: ignore[arg-type]
    journal = Journal(settings.journal_url)
    journal.open()
    try:
        async with Context(settings=settings, journal=journal) as context:
            yield Attempts(context)
    finally:
        journal.close()


def spec_of(lab: Lab, **changes: Any) -> MigrationSpec:
    """The lab's ready migration, with changes."""
    return MigrationSpec.model_validate(lab.description["migration"]["spec"] | changes)


def vcenter_of(lab: Lab, role: str) -> Document:
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
