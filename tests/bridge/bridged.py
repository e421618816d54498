"""The bridge over a world of fake activities and a real API server, and people's hands on the custom resource."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.main import bridging
from bridge.resource.model import Resource
from config.settings import Settings
from migration.frozen_model import KubeObject
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State
from openshift.api.client import Cluster
from openshift.api.resources import EVENT, MIGRATION
from openshift.errors import NotFound
from tests.bridge.resources import SPACE, resource
from tests.support.serving import Serving
from tests.support.timeouts import EVENT_SECONDS
from workflows.migration import MigrationWorkflow


@dataclass
class Bridged:
    """A service with its bridge, and one namespace to write resources into.

    Attributes:
        cluster: the API server as people reach it, with every right.
        account: kubeconfig of the bridge's own account.
        more: settings besides what every bridge here has.
    """

    service: Serving
    cluster: Cluster
    account: Path
    directory: Path
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(
            kubeconfig=self.account,
            namespace=SPACE,
            state_directory=self.directory,
            task_queue=self.service.migrations._queue,
            **self.more,
        )

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[None]:
        """One bridge; there may be several at once."""
        async with bridging(self.service.client, self.settings):
            yield

    async def create(self, spec: KubeObject, **metadata: Any) -> str:
        """A resource of that spec; returns its name."""
        made = await self.cluster.create(MIGRATION, resource(spec, **metadata))
        return str(made["metadata"]["name"])

    async def change(self, name: str, **spec: Any) -> None:
        """Somebody edits the spec."""
        await self.cluster.patch_merge(MIGRATION, name, {"spec": spec}, namespace=SPACE)

    async def answer(self, name: str, phase: PhaseName, **more: Any) -> None:
        """Somebody adds an answer."""
        given = (await self.read(name)).spec.get("approvals") or []
        await self.change(name, approvals=[*given, {"phase": phase.value, "by": "kim"} | more])

    async def read(self, name: str, namespace: str = SPACE) -> Resource:
        """The resource as it is now."""
        return Resource.read(await self.cluster.get(MIGRATION, name, namespace=namespace))

    async def until(self, name: str, holds: Callable[[Resource], object], *, namespace: str = SPACE) -> Resource:
        """The resource once that holds."""
        found: Resource | None = None
        try:
            async with asyncio.timeout(EVENT_SECONDS):
                while not holds(found := await self.read(name, namespace)):
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise AssertionError(f"waited in vain; it says: {found and found.status}") from error
        return found

    async def state(self, name: str, state: State, phase: PhaseName | None = None) -> Resource:
        """The resource once its migration is in that state (and phase)."""
        return await self.until(name, lambda each: each.status.state is state and phase in {None, each.status.phase})

    async def outcome(self) -> MigrationStatus:
        """What the migration returned, from its history: a busy worker that misses a query is no matter."""
        handle = self.service.client.get_workflow_handle_for(MigrationWorkflow.run, self.service.migration)
        return await handle.result()

    async def gone(self, name: str) -> None:
        """Once the resource is no more."""
        async with asyncio.timeout(EVENT_SECONDS):
            while True:
                try:
                    await self.read(name)
                except NotFound:
                    return
                await asyncio.sleep(0.05)

    async def events(self, name: str) -> list[tuple[str, str]]:
        """(reason, note) of every Event about a resource, the earliest first."""
        found = [each for each in await self.cluster.list(EVENT, namespace=SPACE) if each["regarding"]["name"] == name]
        return [(each["reason"], each["note"]) for each in sorted(found, key=lambda each: each["eventTime"])]


def truths(found: Resource) -> dict[str, str]:
    """The status of each condition, by its type."""
    return {each.type: each.status for each in found.status.conditions}
