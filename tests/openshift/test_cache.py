"""The live view against a real API server that is killed, frozen and made to forget."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from migration.audit.call import Call
from migration.frozen_model import KubeObject
from openshift.api import cache
from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster
from openshift.api.resources import CONFIG_MAP, SECRET, Resource
from openshift.errors import Forbidden, Gone, NotServed, Unreachable
from tests.openshift.real_control_plane import GUEST, ControlPlane, Proxy
from tests.support.timeouts import EVENT_SECONDS

SPACE = "default"
NO_SUCH_KIND = Resource(group="nowhere.example", version="v1", plural="nothings", kind="Nothing")


def watched(label: str) -> WatchTarget:
    return WatchTarget(resource=CONFIG_MAP, namespace=SPACE, label_selector=f"test={label}")


async def put(cluster: Cluster, label: str, name: str, value: str) -> None:
    metadata = {"name": name, "namespace": SPACE, "labels": {"test": label}}
    await cluster.apply(CONFIG_MAP, {"metadata": metadata, "data": {"value": value}})


async def until(world: Cache, reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(EVENT_SECONDS):
        while not reached():
            await world.changed(1.0)


def values(world: Cache, label: str) -> dict[str, str]:
    return {key.partition("/")[2]: each["data"]["value"] for key, each in world[watched(label)].items()}


async def test_it_begins_complete_and_follows(cluster: Cluster) -> None:
    await put(cluster, "follow", "before", "1")
    async with Cache(cluster, [watched("follow")]) as world:
        assert values(world, "follow") == {"before": "1"}
        assert world.stale is None
        await put(cluster, "follow", "during", "1")
        await put(cluster, "follow", "before", "2")
        await until(world, lambda: values(world, "follow") == {"before": "2", "during": "1"})
        await cluster.delete(CONFIG_MAP, "before", namespace=SPACE)
        await until(world, lambda: values(world, "follow") == {"during": "1"})
        assert "managedFields" not in world[watched("follow")]["default/during"]["metadata"]


async def test_an_object_that_leaves_the_selector_leaves_the_view(cluster: Cluster) -> None:
    await put(cluster, "leave", "leaver", "1")
    async with Cache(cluster, [watched("leave")]) as world:
        await cluster.patch_merge(CONFIG_MAP, "leaver", {"metadata": {"labels": {"test": None}}}, namespace=SPACE)
        await until(world, lambda: not world[watched("leave")])


async def test_changes_are_coalesced_and_quiet_is_quiet(cluster: Cluster) -> None:
    async with Cache(cluster, [watched("quiet")]) as world:
        assert await world.changed(EVENT_SECONDS)  # what was listed is a change
        assert not await world.changed(0.2)
        await put(cluster, "quiet", "one", "1")
        assert await world.changed(EVENT_SECONDS)
        assert "one" in values(world, "quiet")
        assert not await world.changed(0.2)


async def test_nothing_is_lost_between_list_and_watch(cluster: Cluster) -> None:
    """A writer that never rests: every view that begins meanwhile ends with the same last value."""
    done = asyncio.Event()

    async def write() -> int:
        count = 0
        while not done.is_set():
            count += 1
            await put(cluster, "race", f"racer-{count % 7}", str(count))
        return count

    writer = asyncio.create_task(write())
    async with asyncio.timeout(EVENT_SECONDS):
        worlds = [await Cache(cluster, [watched("race")]).__aenter__() for _ in range(10)]
        await asyncio.sleep(0.3)
    done.set()
    last = await writer
    truth = {
        each["metadata"]["name"]: each["data"]["value"]
        for each in await cluster.list(CONFIG_MAP, namespace=SPACE, label_selector="test=race")
    }
    assert truth[f"racer-{last % 7}"] == str(last)
    for world in worlds:
        await until(world, lambda world=world: values(world, "race") == truth)
        await world.__aexit__()


async def test_it_survives_the_api_server_being_killed(
    control_plane: ControlPlane, cluster: Cluster, calls: list[Call]
) -> None:
    await put(cluster, "kill", "steady", "1")
    async with Cache(cluster, [watched("kill")]) as world:
        control_plane.signal_api(signal.SIGKILL)
        await until(world, lambda: world.stale is not None)
        assert world.stale is not None
        assert f"127.0.0.1:{control_plane.port}" in world.stale.reason
        assert values(world, "kill") == {"steady": "1"}
        await asyncio.to_thread(control_plane.start_api)
        await until(world, lambda: world.stale is None)
        await put(cluster, "kill", "steady", "2")
        await until(world, lambda: values(world, "kill") == {"steady": "2"})
    assert {"WATCH", "WATCH CLOSED"} <= {call.method for call in calls}


async def test_a_silent_connection_is_given_up(
    cluster: Cluster, impatient: Cluster, proxy: Proxy, control_plane: ControlPlane
) -> None:
    await put(cluster, "silent", "steady", "1")
    async with Cache(impatient, [watched("silent")], silence=1.0) as world:
        proxy.freeze()
        await put(cluster, "silent", "steady", "2")
        await until(world, lambda: world.stale is not None)
        assert values(world, "silent") == {"steady": "1"}
        proxy.thaw()
        await until(world, lambda: world.stale is None and values(world, "silent") == {"steady": "2"})


async def test_after_410_everything_is_listed_again_and_the_vanished_vanish(
    cluster: Cluster, impatient: Cluster, proxy: Proxy, control_plane: ControlPlane, calls: list[Call]
) -> None:
    for name in ("kept", "changed", "deleted"):
        await put(cluster, "gone", name, "1")
    async with Cache(impatient, [watched("gone")], silence=1.0) as world:
        proxy.freeze()
        await put(cluster, "gone", "changed", "2")
        await put(cluster, "gone", "added", "1")
        await cluster.delete(CONFIG_MAP, "deleted", namespace=SPACE)
        # A new API server has no memory of its own, and etcd is made to forget: the resume point is gone.
        control_plane.signal_api(signal.SIGKILL)
        control_plane.compact()
        await asyncio.to_thread(control_plane.start_api)
        calls.clear()
        proxy.thaw()
        await until(world, lambda: values(world, "gone") == {"kept": "1", "changed": "2", "added": "1"})
    assert any(call.outcome in {"410", "Gone"} for call in calls)


async def test_a_resume_point_that_lies_in_the_future_is_given_up(impatient: Cluster, calls: list[Call]) -> None:
    """As after a restore of etcd: the API server opens such a watch, and then says nothing for ever."""
    async with Cache(impatient, [watched("future")], silence=0.2) as world:
        await put(impatient, "future", "one", "1")
        await until(world, lambda: "one" in values(world, "future"))
        view = world._views[watched("future")]
        view._take({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "99999999"}}})
        await put(impatient, "future", "two", "1")
        await until(world, lambda: "two" in values(world, "future"))


@pytest.mark.parametrize("end", [None, Gone("too old")])
async def test_watches_that_end_at_once_are_not_raced(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, end: Exception | None
) -> None:
    opened = []

    @asynccontextmanager
    async def short(*_: object, **how: object) -> AsyncIterator[AsyncIterator[KubeObject]]:
        async def nothing() -> AsyncIterator[KubeObject]:
            if end:
                raise end
            return
            yield

        opened.append(how)
        yield nothing()

    monkeypatch.setattr(Cluster, "stream", short)
    monkeypatch.setattr(cache, "ENDED", 3600.0)
    async with Cache(cluster, [watched("short")]) as world:
        await world.changed(0.5)
        await world.changed(0.5)
    assert len(opened) == 1


async def test_a_first_list_that_nobody_answers_is_bounded_and_says_what_it_waited_for(
    impatient: Cluster, proxy: Proxy
) -> None:
    proxy.freeze()
    with pytest.raises(Unreachable, match=r"within 2 s \(configmaps default test=frozen"):
        async with Cache(impatient, [watched("frozen")], budget=2.0):
            pass


async def test_what_no_waiting_can_help_is_said_at_once(control_plane: ControlPlane, cluster: Cluster) -> None:
    with pytest.raises(NotServed):
        async with Cache(cluster, [watched("fine"), WatchTarget(resource=NO_SUCH_KIND)]):
            pass
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig(token=GUEST)) as guest:
        with pytest.raises(Forbidden):
            async with Cache(guest, [WatchTarget(resource=SECRET)]):
                pass
