"""Two resources, two bridges, none for a while, deaths at the worst moments: one migration, and every word heard once."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.main import bridging
from bridge.publishing import Publisher
from bridge.resource.report import claimed
from client.errors import AlreadyRunning
from client.migrations import Migrations
from migration.phase import PhaseName
from migration.run.adoption import Adoption, Direction
from migration.run.status import PhaseState, State
from openshift.api.resources import MIGRATION
from tests.bridge.bridged import Bridged, truths
from tests.bridge.resources import ELSEWHERE, SPACE, domain, ours
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request
from tests.workflows.control.test_control import PERMANENT, calling


async def runs(bridged: Bridged) -> int:
    """How many migrations were ever started for the cluster."""
    return bridged.service.world.calls.count("preflight")


async def test_the_second_resource_of_a_cluster_is_refused_and_names_the_first(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_workers_ready")
    first = await bridge.create(ours(state="Running"), name="first")
    await calling(world, "wait_workers_ready")
    second = await bridge.create(ours(state="Running"), name="second")
    refused = await bridge.until(second, lambda each: truths(each).get("Accepted") == "False")
    assert refused.status.message == (
        f"{bridge.service.migration} is running, started for {SPACE}/first: there is at most one migration per cluster"
    )
    assert (refused.status.start_time, refused.guarded) == (None, False)
    world.go_on("wait_workers_ready")
    await bridge.state(first, State.COMPLETED)
    await bridge.until(first, lambda each: not each.guarded)
    assert (await bridge.read(second)).status == refused.status, "it does not start by itself when the first has ended"
    await bridge.change(second, state="Pending")
    await bridge.until(second, lambda each: truths(each).get("PreflightPassed") == "True")
    await bridge.change(second, state="Running")
    await bridge.state(second, State.COMPLETED)


async def test_of_two_resources_at_the_same_moment_one_runs(bridged: Bridged) -> None:
    names = [await bridged.create(ours(state="Running")) for _ in range(2)]
    bridged.service.world.stall("wait_workers_ready")
    async with bridged.bridge():
        await calling(bridged.service.world, "wait_workers_ready")
        await asyncio.gather(*(bridged.until(each, lambda seen: truths(seen).get("Accepted")) for each in names))
        async with asyncio.timeout(EVENT_SECONDS):
            while sorted([truths(await bridged.read(each)).get("Accepted", "") for each in names]) != ["False", "True"]:
                await asyncio.sleep(0.05)
        bridged.service.world.go_on("wait_workers_ready")
        (winner,) = [each for each in names if truths(await bridged.read(each))["Accepted"] == "True"]
        await bridged.state(winner, State.COMPLETED)
    assert await runs(bridged) == 1


async def test_what_rest_started_is_nobodys(bridge: Bridged) -> None:
    bridge.service.world.stall("wait_workers_ready")
    await bridge.service.migrations.start(cluster="", spec=request().spec)
    name = await bridge.create(ours(state="Running"))
    refused = await bridge.until(name, lambda each: truths(each).get("Accepted") == "False")
    assert "started by REST or at a terminal" in refused.status.message
    assert [reason for reason, _ in await bridge.events(name)] == ["ClusterBusy"]
    bridge.service.world.go_on("wait_workers_ready")


async def test_two_bridges_at_once_do_no_harm(bridged: Bridged) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(bridged.bridge())
        name = await bridged.create(ours(state="Running", gates=["create_workers", "cleanup"]))
        for each in (PhaseName.CREATE_WORKERS, PhaseName.CLEANUP):
            await bridged.state(name, State.AWAITING_APPROVAL, each)
            await bridged.answer(name, each)
        done = await bridged.state(name, State.COMPLETED)
        await bridged.until(name, lambda each: not each.guarded)
    assert truths(done)["Synced"] == "True"
    assert done.status.refusals == []
    assert await runs(bridged) == 1
    seen = await bridged.outcome()
    assert [each.verb for each in seen.decisions] == ["approve", "approve"]
    events = await bridged.events(name)
    assert len(events) == len(set(events)), "an Event that two bridges saw is one"


async def test_bridges_of_two_namespaces_leave_each_other_alone(bridged: Bridged) -> None:
    """Somebody starts a service with another VCFM_NAMESPACE on the same cluster: no status is lost, none is fought for."""
    bridged.service.world.stall("wait_workers_ready")
    name = await bridged.create(ours(state="Running"))
    async with bridged.bridge():
        await bridged.state(name, State.RUNNING, PhaseName.CREATE_WORKERS)
    before = await bridged.read(name)
    another = bridged.settings.model_copy(update={"namespace": ELSEWHERE})
    async with bridging(bridged.service.client, another):
        nobodys = await bridged.create(ours(), namespace="default")
        await bridged.until(nobodys, lambda each: each.status.conditions, namespace="default")
        assert (await bridged.read(name)).version == before.version
        async with bridged.bridge():
            bridged.service.world.go_on("wait_workers_ready")
            done = await bridged.state(name, State.COMPLETED)
            told = await bridged.read(nobodys, "default")
            await asyncio.sleep(1)
            assert (await bridged.read(nobodys, "default")).version == told.version
    assert done.status.run == before.status.run


async def test_another_bridge_starts_it_a_moment_before(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Migrations.start

    async def late(self: Migrations, **asked: Any) -> str:
        raise AlreadyRunning(await start(self, **asked))

    monkeypatch.setattr(Migrations, "start", late)
    name = await bridged.create(ours(state="Running"))
    async with bridged.bridge():
        done = await bridged.state(name, State.COMPLETED)
    assert truths(done)["Accepted"] == "True"
    assert await runs(bridged) == 1


async def test_a_bridge_that_was_away_catches_up(bridged: Bridged) -> None:
    world = bridged.service.world
    world.stall("wait_workers_ready")
    name = await bridged.create(ours(state="Running", gates=["create_workers"]))
    async with bridged.bridge():
        await bridged.state(name, State.AWAITING_APPROVAL)
    await bridged.answer(name, PhaseName.CREATE_WORKERS)
    await bridged.change(name, state="Rollback")
    async with bridged.bridge():
        world.go_on("wait_workers_ready")
        back = await bridged.state(name, State.ROLLED_BACK)
    assert back.status.observed_approvals == 1


async def test_a_bridge_that_was_away_for_the_whole_run_tells_how_it_ended(bridged: Bridged) -> None:
    world = bridged.service.world
    world.stall("take_backups")
    name = await bridged.create(ours(state="Running"))
    async with bridged.bridge():
        await bridged.until(name, lambda each: each.live)
    world.go_on("take_backups")
    await bridged.service.client.get_workflow_handle(bridged.service.migration).result()
    async with bridged.bridge():
        done = await bridged.state(name, State.COMPLETED)
    assert {each.status for each in done.status.phase_history} == {PhaseState.COMPLETED}


async def test_it_dies_between_claim_and_start(bridged: Bridged) -> None:
    name = await bridged.create(ours(state="Running"))
    found = await bridged.read(name)
    said = claimed(found, migration=bridged.service.migration, now=datetime.now(UTC))
    await Publisher(bridged.cluster, namespace=SPACE).publish(found, said)
    async with bridged.bridge():
        done = await bridged.state(name, State.COMPLETED)
    assert done.status.start_time == said.start_time


async def test_it_dies_between_start_and_saying_so(bridged: Bridged) -> None:
    """The run has even ended when the next bridge comes: it is recognised, and not started a second time."""
    name = await bridged.create(ours(state="Running"))
    found = await bridged.read(name)
    said = claimed(found, migration=bridged.service.migration, now=datetime.now(UTC))
    await Publisher(bridged.cluster, namespace=SPACE).publish(found, said)
    started = await bridged.read(name)
    await bridged.service.migrations.start(cluster="", spec=started.submission(), owner=started.owner)
    await bridged.service.client.get_workflow_handle(bridged.service.migration).result()
    await bridged.answer(name, PhaseName.CLEANUP)  # another generation, the same claim
    async with bridged.bridge():
        await bridged.state(name, State.COMPLETED)
    assert await runs(bridged) == 1


async def test_a_spec_that_was_claimed_cannot_change_before_it_is_used(bridged: Bridged) -> None:
    name = await bridged.create(ours(state="Running"))
    stale = await bridged.read(name)
    await bridged.change(name, failureDomains=[domain("another")])
    async with bridged.bridge():
        await bridged.state(name, State.COMPLETED)
    assert bridged.service.world.inputs["preflight"][0].spec.failure_domains[0].name == "another"
    assert stale.version != (await bridged.read(name)).version


async def test_without_a_worker_what_was_said_stands_and_is_said_to_be_old(bridge: Bridged) -> None:
    bridge.service.world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    before = await bridge.state(name, State.RUNNING, PhaseName.CREATE_WORKERS)
    bridge.service.world.go_on("wait_workers_ready")
    await bridge.service.worker.aclose()
    alone = await bridge.until(name, lambda each: truths(each)["Synced"] == "False")
    synced = alone.status.condition("Synced")
    assert synced
    assert synced.reason == "NoWorker"
    assert len(alone.status.phase_history) >= len(before.status.phase_history)
    assert alone.status.backup_manifests


async def test_a_run_that_was_ended_from_outside_is_told_and_not_started_again(bridge: Bridged) -> None:
    bridge.service.world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await bridge.state(name, State.RUNNING, PhaseName.CREATE_WORKERS)
    await bridge.service.client.get_workflow_handle(bridge.service.migration).terminate("by mistake")
    failed = await bridge.state(name, State.FAILED)
    assert PhaseName.CREATE_WORKERS in failed.status.message
    assert not failed.status.restored
    bridge.service.world.go_on("wait_workers_ready")
    assert await runs(bridge) == 1


async def test_a_run_that_was_taken_over_is_followed(bridge: Bridged) -> None:
    bridge.service.world.fail("ensure_folder", PERMANENT)
    name = await bridge.create(ours(state="Running", rollbackOnFailure=False))
    parked = await bridge.state(name, State.NEEDS_ATTENTION)
    await bridge.service.client.get_workflow_handle(bridge.service.migration).terminate("by mistake")
    await bridge.state(name, State.FAILED)
    await bridge.until(name, lambda each: not each.guarded)
    await bridge.service.migrations.adopt(
        cluster="", adoption=Adoption(by="lou")
    )  # the wrong way: ended before it began
    await bridge.until(name, lambda each: "taking over" in each.status.message)
    await bridge.service.client.get_workflow_handle(bridge.service.migration).terminate("by mistake")
    again = await bridge.state(name, State.FAILED)
    assert (again.status.phase, again.status.restored) == (PhaseName.CREATE_FOLDER, False)
    await bridge.service.migrations.adopt(cluster="", adoption=Adoption(direction=Direction.ROLLBACK, by="lou"))
    back = await bridge.state(name, State.ROLLED_BACK)
    assert back.status.run != parked.status.run
    assert truths(back)["Synced"] == "True"
    assert [reason for reason, _ in await bridge.events(name)].count("MigrationStarted") == 3


async def test_conditions_of_others_are_kept_and_ours_are_put_back(bridge: Bridged) -> None:
    bridge.service.world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await bridge.state(name, State.RUNNING, PhaseName.CREATE_WORKERS)
    theirs = {
        "type": "Audited",
        "status": "True",
        "reason": "Signed",
        "message": "",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }
    document = await bridge.cluster.get(MIGRATION, name, namespace=SPACE)
    conditions = [each | {"status": "Unknown"} for each in document["status"]["conditions"]]
    await bridge.cluster.patch_merge(
        MIGRATION, name, {"status": {"conditions": [*conditions, theirs]}}, namespace=SPACE, subresource="status"
    )
    await bridge.until(name, lambda each: truths(each)["Progressing"] == "True")
    document = await bridge.cluster.get(MIGRATION, name, namespace=SPACE)
    assert (
        theirs.items() <= next(each for each in document["status"]["conditions"] if each["type"] == "Audited").items()
    )
    bridge.service.world.go_on("wait_workers_ready")
    await bridge.state(name, State.COMPLETED)
