"""Deleting the resource: a safe stop is asked for and waited for, and whoever cannot wait says so."""

from datetime import UTC, datetime

from bridge.publishing import Publisher
from bridge.resource.model import FINALIZER
from bridge.resource.report import claimed
from migration.commands import LONGEST_NAME
from migration.phase import PhaseName
from migration.run.status import State
from openshift.api.resources import MIGRATION
from openshift.errors import NotFound
from tests.bridge.bridged import Bridged, truths
from tests.bridge.resources import SPACE, ours
from tests.workflows.control.test_control import calling


async def deleted(bridged: Bridged, name: str) -> None:
    await bridged.cluster.delete(MIGRATION, name, namespace=SPACE)


async def test_deleting_what_never_started(bridge: Bridged) -> None:
    name = await bridge.create(ours())
    await bridge.until(name, lambda each: each.status.conditions)
    await deleted(bridge, name)
    await bridge.gone(name)


async def test_deleting_mid_run_rolls_back_first(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_workers_ready")
    world.stall("remove_folder")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "wait_workers_ready")
    assert (await bridge.read(name)).finalizers == (FINALIZER,)
    await deleted(bridge, name)
    waiting = await bridge.until(name, lambda each: truths(each).get("DeletionBlocked") == "True")
    blocked = waiting.status.condition("DeletionBlocked")
    assert blocked
    assert f"waits until {bridge.service.migration} has ended" in blocked.message
    assert "force-delete=true" in blocked.message
    world.go_on("wait_workers_ready")
    await bridge.state(name, State.ROLLING_BACK)
    world.go_on("remove_folder")
    await bridge.gone(name)
    seen = await bridge.outcome()
    assert seen.state is State.ROLLED_BACK
    assert [(each.verb, each.channel, each.reason) for each in seen.decisions] == [
        ("cancel", "cr", "the resource was deleted")
    ]
    reasons = [reason for reason, _ in await bridge.events(name)]
    assert {"DeletionWaits", "RolledBack"} <= set(reasons)


async def test_after_the_point_of_no_return_it_waits_for_a_person(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("remove_vcenter")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "remove_vcenter")
    await deleted(bridge, name)
    await bridge.until(name, lambda each: truths(each).get("DeletionBlocked") == "True")
    world.go_on("remove_vcenter")
    await bridge.state(name, State.NEEDS_ATTENTION, PhaseName.CLEANUP)
    await bridge.answer(name, PhaseName.CLEANUP, decision="Retry")
    await bridge.gone(name)
    assert (await bridge.outcome()).state is State.COMPLETED


async def test_whoever_cannot_wait_is_told_what_is_left_behind(bridge: Bridged) -> None:
    world = bridge.service.world
    world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await calling(world, "wait_workers_ready")
    await deleted(bridge, name)
    await bridge.until(name, lambda each: truths(each).get("DeletionBlocked") == "True")
    annotation = {"migration.openshift.io/force-delete": "true"}
    await bridge.cluster.patch_merge(MIGRATION, name, {"metadata": {"annotations": annotation}}, namespace=SPACE)
    await bridge.gone(name)
    left = next(note for reason, note in await bridge.events(name) if reason == "Abandoned")
    assert f"vcfm status {bridge.service.migration}" in left
    assert not (await bridge.service.migrations.status(bridge.service.migration)).state.final
    world.go_on("wait_workers_ready")
    await bridge.service.client.get_workflow_handle(bridge.service.migration).result()


async def finalizers(bridged: Bridged, name: str, *wanted: str) -> None:
    await bridged.cluster.patch_merge(MIGRATION, name, {"metadata": {"finalizers": list(wanted)}}, namespace=SPACE)


async def test_a_finalizer_that_was_taken_off_is_put_back(bridge: Bridged) -> None:
    """As `oc replace` does with a file that lacks it."""
    bridge.service.world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"))
    await bridge.until(name, lambda each: each.live)
    await finalizers(bridge, name)
    await bridge.until(name, lambda each: each.guarded)
    bridge.service.world.go_on("wait_workers_ready")
    await bridge.state(name, State.COMPLETED)
    await bridge.until(name, lambda each: not each.guarded)


async def test_a_deletion_that_only_others_hold_up_is_a_safe_stop_all_the_same(bridged: Bridged) -> None:
    bridged.service.world.stall("wait_workers_ready")
    name = await bridged.create(ours(state="Running"))
    async with bridged.bridge():
        await bridged.until(name, lambda each: each.live)
    await finalizers(bridged, name, "example.com/theirs")
    await deleted(bridged, name)
    async with bridged.bridge():
        await bridged.until(name, lambda each: truths(each).get("DeletionBlocked") == "True")
        bridged.service.world.go_on("wait_workers_ready")
        await bridged.state(name, State.ROLLED_BACK)
    await finalizers(bridged, name)
    await bridged.gone(name)


async def test_the_longest_name_steers_and_leaves_like_any_other(bridge: Bridged) -> None:
    """The API server takes longer names than a person may have in an instruction."""
    world = bridge.service.world
    world.stall("wait_workers_ready")
    name = await bridge.create(ours(state="Running"), name="m" * 253)
    await calling(world, "wait_workers_ready")
    await bridge.change(name, state="Paused")
    await bridge.state(name, State.PAUSED)
    await deleted(bridge, name)
    await bridge.gone(name)
    decisions = (await bridge.outcome()).decisions
    assert [(each.verb, each.by) for each in decisions] == [
        (verb, f"{SPACE}/{name}"[:LONGEST_NAME]) for verb in ("pause", "cancel")
    ]


async def test_what_was_started_a_moment_ago_is_not_left_behind_in_silence(bridged: Bridged) -> None:
    """No status names the run yet when the resource is let go by force."""
    world = bridged.service.world
    world.stall("take_backups")
    annotation = {"migration.openshift.io/force-delete": "true"}
    name = await bridged.create(ours(state="Running"), finalizers=[FINALIZER], annotations=annotation)
    found = await bridged.read(name)
    said = claimed(found, migration=bridged.service.migration, now=datetime.now(UTC))
    await Publisher(bridged.cluster, namespace=SPACE).publish(found, said)
    started = await bridged.read(name)
    await bridged.service.migrations.start(cluster="", spec=started.submission(), owner=started.owner)
    await deleted(bridged, name)
    async with bridged.bridge():
        await bridged.gone(name)
    left = next(note for reason, note in await bridged.events(name) if reason == "Abandoned")
    assert "was about to start: it was asked to stop and roll back" in left
    world.go_on("take_backups")
    assert (await bridged.outcome()).state is State.ROLLED_BACK


async def test_a_deletion_while_no_bridge_runs_is_caught_up_with(bridged: Bridged) -> None:
    world = bridged.service.world
    world.stall("wait_workers_ready")
    name = await bridged.create(ours(state="Running"))
    async with bridged.bridge():
        await calling(world, "wait_workers_ready")
        await bridged.until(name, lambda each: each.live)
    await deleted(bridged, name)
    world.go_on("wait_workers_ready")
    async with bridged.bridge():
        await bridged.gone(name)


async def test_what_was_deleted_while_it_was_claimed_is_not_started(bridged: Bridged) -> None:
    name = await bridged.create(ours(state="Running"), finalizers=[FINALIZER])
    await deleted(bridged, name)
    async with bridged.bridge():
        await bridged.gone(name)
    assert await bridged.service.migrations.latest(bridged.service.migration) is None
    try:
        await bridged.read(name)
    except NotFound:
        return
    raise AssertionError("nothing of ours makes a deleted resource again")
