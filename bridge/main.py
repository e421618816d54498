"""The bridge: one process that follows the custom resources of every configured cluster.

It keeps nothing of its own. Two of them do no harm: starts and words are heard once, writes are conditional; so there
is no leader to be elected, and a rolling update may overlap.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from temporalio.client import Client

import temporal
from bridge.watching import Watcher
from client.migrations import Migrations
from config.logs import log
from config.settings import Settings
from monitoring.endpoint import Lacks, answering
from openshift.api.kubeconfigs import clusters
from openshift.errors import Misconfigured

LOOK_AGAIN = 30.0
"""Seconds between two looks at which clusters are configured."""


class NothingToFollow(Exception):
    """No cluster is configured in a way that could be used; the message says what to do."""


async def run(settings: Settings) -> None:
    """Follow custom resources until SIGTERM or SIGINT.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
        NothingToFollow: the directory of kubeconfigs cannot be read.
        client.signing.ApprovalKeyError: the configured approval key is none.
    """
    client = await temporal.connect()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bridging(client, settings) as lacks, answering(settings, client=client, lacks=lacks):
        await stop.wait()


@asynccontextmanager
async def bridging(client: Client, settings: Settings) -> AsyncIterator[Lacks]:
    """The bridge, for as long as the block lasts; yields what it lacks while it can follow no cluster at all.

    Raises:
        NothingToFollow: the directory of kubeconfigs cannot be read.
        client.signing.ApprovalKeyError: the configured approval key is none.
    """
    try:
        names = clusters(settings)
    except Misconfigured as error:
        raise NothingToFollow(str(error)) from error
    following = _Following(Migrations.configured(client, settings), settings)
    following.match(names)
    keeping = asyncio.create_task(following.keep(), name="the bridge's clusters")
    try:
        yield following.lacks
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await following.end()


class _Following:
    """A watcher for each configured cluster: a kubeconfig that comes or goes needs no restart of ours."""

    def __init__(self, migrations: Migrations, settings: Settings) -> None:
        self._doors = migrations
        self._settings = settings
        self._watchers: dict[str, tuple[Watcher, asyncio.Task[NoReturn]]] = {}
        self._ending: set[asyncio.Task[NoReturn]] = set()

    def match(self, names: list[str]) -> None:
        """Follow these clusters and no others."""
        for name in names:
            if name not in self._watchers:
                watcher = Watcher(name, migrations=self._doors, settings=self._settings)
                self._watchers[name] = watcher, asyncio.create_task(watcher.watch(), name="the bridge of a cluster")
        for name in set(self._watchers) - set(names):
            _, task = self._watchers.pop(name)
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def keep(self) -> NoReturn:
        """Look again and again which clusters there are."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                self.match(clusters(self._settings))
            except Misconfigured as error:
                log.warning("the clusters that were configured are followed as before", why=str(error))

    async def end(self) -> None:
        """Follow nothing any more."""
        self.match([])
        await asyncio.gather(*self._ending, return_exceptions=True)

    def lacks(self) -> str:
        """Why no cluster at all is followed; empty while one is."""
        troubles = [watcher.trouble for watcher, _ in self._watchers.values()]
        why = "; ".join(troubles) or "no kubeconfig is configured"
        return f"no cluster's custom resources are followed: {why}" if all(troubles) else ""
