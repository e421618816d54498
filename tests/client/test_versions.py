"""Workers of several versions on a real Temporal: migrations stay where they began, new ones go to the newest."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from client.errors import NoWorker
from client.migrations import Migrations
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.run.request import ClusterIdentity
from migration.run.status import State
from temporal import versions
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request
from tests.workflows.conftest import TEMPORAL
from tests.workflows.control.test_control import calling
from tests.workflows.world import World
from worker import version


class Site:
    """One task queue, and the workers of several builds on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.queue = f"vcf-migration.{uuid.uuid4().hex[:8]}"
        self.migrations = Migrations(client, task_queue=self.queue)

    @asynccontextmanager
    async def worker(self, build: str | None, world: World) -> AsyncIterator[None]:
        """A worker of that build in a world of its own."""
        world.answer("read_identity", self._identity)
        settings = Settings(task_queue=self.queue, build_id=build)
        # A connection of its own, as every process has: one connection takes no two workers of one build.
        address = self.client.service_client.config.target_host
        client = await Client.connect(address, data_converter=pydantic_data_converter)
        async with world.working(client, settings=settings):
            yield

    async def current(self, build: str) -> None:
        """Until new migrations go to that build."""
        async with asyncio.timeout(EVENT_SECONDS):
            while (found := await self.deployment()) is None or found.current != build:
                pass

    async def deployment(self) -> versions.Deployment | None:
        """What Temporal says of it, asked patiently: it answers only a few questions a second."""
        while True:
            await asyncio.sleep(0.5)
            try:
                return await versions.describe(self.client, self.queue)
            except RPCError as error:
                if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED:
                    raise

    async def start(self, cluster: str) -> str:
        """A migration of that cluster."""
        return await self.migrations.start(cluster=cluster, spec=request().spec)

    def _identity(self, name: Any) -> ClusterIdentity:
        return ClusterIdentity(
            infrastructure_name=f"{name.cluster}-{self.queue[-8:]}", version="4.21.0", api_server="https://api:6443"
        )


@pytest.fixture
def site(temporal_client: Client) -> Site:
    return Site(temporal_client)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """What workers say of their versions."""
    capture = LogCapture()
    monkeypatch.setattr(version, "log", structlog.wrap_logger(None, processors=[capture]))
    return capture


async def stranded(site: Site, world: World) -> str:
    """A migration that stopped in the middle: version 1.0 began it, and has no worker any more."""
    world.stall("wait_workers_ready")
    async with site.worker("1.0", world):
        await site.current("1.0")
        began = await site.start("a")
        await calling(world, "wait_workers_ready")
    return began


async def test_a_migration_stays_with_its_version_and_new_ones_go_to_the_newest(site: Site) -> None:
    old, new = World(), World()
    old.stall("wait_workers_ready")
    async with site.worker("1.0", old):
        await site.current("1.0")
        began = await site.start("a")
        await calling(old, "wait_workers_ready")
        async with site.worker("1.1", new):
            await site.current("1.1")
            other = await site.start("b")
            assert (await site.client.get_workflow_handle(other).result())["state"] == "Completed"
            assert "verify_cluster" in new.calls
            old.go_on("wait_workers_ready")
            assert (await site.client.get_workflow_handle(began).result())["state"] == "Completed"
            assert {"verify_cluster", "verify_vcenters"} <= set(old.calls)
            assert (old.calls.count("preflight"), new.calls.count("preflight")) == (1, 1)
            async with site.worker("1.1", new):  # a second replica
                await site.current("1.1")


async def test_a_version_that_was_replaced_does_not_come_back_by_being_restarted(site: Site, said: LogCapture) -> None:
    async with site.worker("1.0", World()):
        await site.current("1.0")
    async with site.worker("1.1", World()):
        await site.current("1.1")
        async with site.worker("1.0", World()):
            await _said(said, "was current before, so it keeps its migrations", "set-current-version", "--build-id 1.0")
            await site.current("1.1")


async def test_a_migration_whose_version_has_no_worker_says_so_and_goes_on_when_it_has(site: Site) -> None:
    old, new = World(), World()
    began = await stranded(site, old)
    async with site.worker("1.1", new):
        await site.current("1.1")
        status = await site.migrations.status(began)
        assert "VCFM_BUILD_ID=1.0" in status.message
        assert f"temporal workflow update-options --workflow-id {began}" in status.message
        with pytest.raises(NoWorker, match=r"no worker of its version '1\.0' answers") as nobody:
            await site.migrations.steer(began, Verb.RETRY, Instruction())
        assert "VCFM_BUILD_ID=1.0" in nobody.value.remedy
        assert "preflight" not in new.calls
    with pytest.raises(NoWorker, match=r"no worker of the current version '1\.1'") as nobody:
        await site.start("b")
    assert "--unversioned" in nobody.value.remedy
    async with site.worker("1.0", old):
        old.go_on("wait_workers_ready")
        result = await site.client.get_workflow_handle(began).result()
    assert result["state"] == State.COMPLETED


async def test_the_command_that_is_named_moves_a_migration(site: Site) -> None:
    old, new = World(), World()
    began = await stranded(site, old)
    async with site.worker("1.1", new):
        await site.current("1.1")
        said = (await site.migrations.status(began)).message
        command = said[said.index("temporal workflow update-options") :].replace("BUILD_ID", "1.1").split()
        address = site.client.service_client.config.target_host
        moving = await asyncio.create_subprocess_exec(TEMPORAL, *command[1:], "--address", address)
        assert await moving.wait() == 0
        result = await site.client.get_workflow_handle(began).result()
    assert result["state"] == State.COMPLETED
    assert new.calls[0] == "wait_workers_ready"


async def test_versions_of_several_that_start_at_once_leave_one_current(site: Site) -> None:
    builds = ["1.0", "1.0", "1.1", "1.2"]
    async with AsyncExitStack() as stack:
        for each in builds:
            await stack.enter_async_context(site.worker(each, World()))
        async with asyncio.timeout(EVENT_SECONDS):
            while not await _calm(site, builds):
                pass
        assert await site.start("a")


async def _calm(site: Site, builds: list[str]) -> bool:
    """Every version has been current, so none will try again, and one is."""
    found = await site.deployment()
    return found is not None and all(
        each in found.versions and found.versions[each].HasField("last_current_time") for each in builds
    )


async def test_workers_without_a_version_are_as_they_were(site: Site) -> None:
    async with site.worker(None, World()):
        began = await site.start("a")
        assert (await site.client.get_workflow_handle(began).result())["state"] == "Completed"
    assert await versions.describe(site.client, site.queue) is None


async def test_a_worker_that_may_not_says_how_and_works(
    site: Site, said: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "set_current", _denied)
    async with site.worker("1.0", World()):
        await _said(said, "is not current, so new migrations do not come to it", "not allowed", "set-current-version")


async def _denied(*_: object) -> None:
    raise RPCError("not allowed", RPCStatusCode.PERMISSION_DENIED, b"")


async def _said(log: LogCapture, *texts: str) -> None:
    async with asyncio.timeout(EVENT_SECONDS):
        while not any(all(text in str(each) for text in texts) for each in log.entries):
            await asyncio.sleep(0.1)
