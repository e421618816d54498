"""Watches the custom resources of one cluster, with a reconciler for each.

The cache (`openshift.api.cache`) handles outages, silent connections and expired resource versions. A cluster without
the CustomResourceDefinition is logged once and tried again later, so that installing it needs no restart.
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
"""Seconds until a cluster is tried again."""

STALE = 30.0
"""Seconds after which a failing watch is reported: API servers restart all the time."""

_WATCHED = WatchTarget(resource=MIGRATION)


class Watcher:
    """Watches every custom resource of one configured cluster."""

    def __init__(self, name: str, *, migrations: Migrations, settings: Settings) -> None:
        """`name` is the cluster's name in the service's configuration, empty for the only one."""
        self._name = name
        self._migrations = migrations
        self._settings = settings
        self._trouble = "it is not connected yet"
        self._stale_at: float | None = None
        self._followers: dict[str, tuple[Reconciler, asyncio.Task[None]]] = {}

    @property
    def trouble(self) -> str:
        """Why the cluster's custom resources are not watched; empty while they are."""
        return self._trouble

    async def watch(self) -> NoReturn:
        """Watch them until cancelled."""
        while True:
            pause = TROUBLE
            try:
                kubeconfig = kubeconfig_of(self._name, settings=self._settings)
                async with Cluster.connect(kubeconfig=kubeconfig) as cluster:
                    await self._follow_all(cluster)
            except NotServed:
                self._report("the custom resource is not installed: `oc apply -k deploy/crd` installs it")
                pause = NOT_INSTALLED
            except Forbidden as error:
                self._report(
                    f"{error.args[0]}: `oc apply -k deploy/crd` installs the definition and the rights to watch it"
                )
            except OpenShiftError as error:
                self._report(str(error))
            except Exception:  # noqa: BLE001 - a bug with one cluster must not stop the others
                log.exception("a bug of the bridge", cluster=self._name)
            await asyncio.sleep(pause)

    async def _follow_all(self, cluster: Cluster) -> NoReturn:
        async with Cache(cluster, [_WATCHED]) as cache:
            self._follows(cluster)
            try:
                while True:
                    self._attend(cache, cluster)
                    self._check_stale(cache, cluster)
                    await cache.changed(STALE / 3)
            finally:
                await self._dismiss()

    def _attend(self, cache: Cache, cluster: Cluster) -> None:
        """Start a reconciler for each new resource, and wake all of them: something has changed."""
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
                    migrations=self._migrations,
                    settings=self._settings,
                )
                task = asyncio.create_task(reconciler.follow(), name=f"follow {key}")
                self._followers[uid] = reconciler, task

    def _follows(self, cluster: Cluster) -> None:
        self._trouble = ""
        log.info("watching custom resources", cluster=self._name, server=cluster.server)

    def _check_stale(self, cache: Cache, cluster: Cluster) -> None:
        """Report a watch that fails for long: changes of resources are not seen meanwhile."""
        now = asyncio.get_running_loop().time()
        if cache.stale is None:
            self._stale_at = None
            if self._trouble:
                self._follows(cluster)
            return
        if self._stale_at is None:  # not the time of the last event, which on a quiet cluster is a minute ago
            self._stale_at = now
        if now - self._stale_at >= STALE:
            self._report(f"the watch fails: {cache.stale.reason}")

    async def _dismiss(self) -> None:
        tasks = [task for _, task in self._followers.values()]
        self._followers.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _report(self, why: str) -> None:
        """Log the reason once, when it changes."""
        if why != self._trouble:
            self._trouble = why
            log.warning("custom resources are not watched", cluster=self._name, why=why)


def _reader(cache: Cache, key: str, uid: str) -> Callable[[], tuple[KubeObject | None, list[KubeObject]]]:
    def read() -> tuple[KubeObject | None, list[KubeObject]]:
        documents = cache[_WATCHED]
        found = documents.get(key)
        ours = found if found and found["metadata"]["uid"] == uid else None
        return ours, list(documents.values())

    return read
