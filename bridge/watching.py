"""The custom resources of one cluster: each is followed for as long as it is there.

Outages, silent connections and stale resource versions are the live view's business (`openshift.api.cache`). A cluster
that lacks the definition is said to lack it, once, and looked at again later: installing it needs no restart of ours.
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from bridge.reconciler import Reconciler
from client.migrations import Migrations
from config.logs import log
from config.settings import Settings
from migration.frozen_model import KubeObject
from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster
from openshift.api.kubeconfigs import kubeconfig_of
from openshift.api.resources import MIGRATION
from openshift.errors import Forbidden, NotServed, OpenShiftError

NOT_INSTALLED, TROUBLE = 30.0, 5.0
"""Seconds until a cluster is looked at again."""

DEAF = 30.0
"""Seconds after which a watch that cannot be had is trouble: API servers restart all the time."""

_WATCHED = WatchTarget(resource=MIGRATION)


class Watcher:
    """Follows every custom resource of one configured cluster."""

    def __init__(self, name: str, *, migrations: Migrations, settings: Settings) -> None:
        """`name` is the cluster's in the service's configuration, empty for the only one."""
        self._name = name
        self._doors = migrations
        self._settings = settings
        self._told = "it is not connected yet"
        self._deaf_at: float | None = None
        self._followers: dict[str, tuple[Reconciler, asyncio.Task[None]]] = {}

    @property
    def trouble(self) -> str:
        """Why the cluster's custom resources are not followed; empty while they are."""
        return self._told

    async def watch(self) -> NoReturn:
        """Follow them, for ever."""
        while True:
            pause = TROUBLE
            try:
                kubeconfig = kubeconfig_of(self._name, settings=self._settings)
                async with Cluster.connect(kubeconfig=kubeconfig) as cluster:
                    await self._follow_all(cluster)
            except NotServed:
                self._tell("the custom resource is not installed: `oc apply -k deploy/crd` installs it")
                pause = NOT_INSTALLED
            except Forbidden as error:
                self._tell(
                    f"{error.args[0]}: `oc apply -k deploy/crd` brings the definition and the rights to follow it"
                )
            except OpenShiftError as error:
                self._tell(str(error))
            except Exception:  # noqa: BLE001 - one cluster that we stumble over must not hold up the others
                log.exception("a bug of the bridge", cluster=self._name)
            await asyncio.sleep(pause)

    async def _follow_all(self, cluster: Cluster) -> NoReturn:
        async with Cache(cluster, [_WATCHED]) as cache:
            self._follows(cluster)
            try:
                while True:
                    self._attend(cache, cluster)
                    self._listen(cache, cluster)
                    await cache.changed(DEAF / 3)
            finally:
                await self._dismiss()

    def _attend(self, cache: Cache, cluster: Cluster) -> None:
        """A follower for each resource, and all of them awake: something has changed."""
        documents = cache[_WATCHED]
        for uid, (reconciler, task) in list(self._followers.items()):
            if task.done():
                del self._followers[uid]
            else:
                reconciler.woken.set()
        for key, document in documents.items():
            uid = document["metadata"]["uid"]
            if uid not in self._followers:
                reconciler = Reconciler(
                    read=_reader(cache, key, uid),
                    cluster=cluster,
                    name=self._name,
                    migrations=self._doors,
                    settings=self._settings,
                )
                task = asyncio.create_task(reconciler.follow(), name=f"follow {key}")
                self._followers[uid] = reconciler, task

    def _follows(self, cluster: Cluster) -> None:
        self._told = ""
        log.info("custom resources are followed", cluster=self._name, server=cluster.server)

    def _listen(self, cache: Cache, cluster: Cluster) -> None:
        """Say when nothing can be heard for long: what is written into a resource meanwhile would not be either."""
        now = asyncio.get_running_loop().time()
        if cache.stale is None:
            self._deaf_at = None
            if self._told:
                self._follows(cluster)
            return
        if self._deaf_at is None:  # not the last word, which on a quiet cluster is a minute old
            self._deaf_at = now
        if now - self._deaf_at >= DEAF:
            self._tell(f"nothing can be heard of them: {cache.stale.reason}")

    async def _dismiss(self) -> None:
        tasks = [task for _, task in self._followers.values()]
        self._followers.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, why: str) -> None:
        """In the log, once for as long as it is so."""
        if why != self._told:
            self._told = why
            log.warning("custom resources are not followed", cluster=self._name, why=why)


def _reader(cache: Cache, key: str, uid: str) -> Callable[[], tuple[KubeObject | None, list[KubeObject]]]:
    def read() -> tuple[KubeObject | None, list[KubeObject]]:
        documents = cache[_WATCHED]
        found = documents.get(key)
        ours = found if found and found["metadata"]["uid"] == uid else None
        return ours, list(documents.values())

    return read
