"""The bridge: one process that reconciles the custom resources of every configured cluster.

It stores nothing itself. Two bridges do no harm, since starts and commands are idempotent and writes conditional: there
is no leader election, and a rolling update may overlap.
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
"""Seconds between two reads of the configured clusters."""


class NothingToFollow(Exception):
    """No usable cluster is configured; the message names the fix."""


async def run(settings: Settings) -> None:
    """Reconcile custom resources until SIGTERM or SIGINT.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
        NothingToFollow: the directory of kubeconfigs cannot be read.
        client.signing.ApprovalKeyError: the configured approval key is not usable.
    """
    client = await temporal.connect()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bridging(client, settings) as lacks, answering(settings, client=client, lacks=lacks):
        await stop.wait()


@asynccontextmanager
async def bridging(client: Client, settings: Settings) -> AsyncIterator[Lacks]:
    """Run the bridge for the duration of the block; yields its readiness check (why it can watch no cluster at all).

    Raises:
        NothingToFollow: the directory of kubeconfigs cannot be read.
        client.signing.ApprovalKeyError: the configured approval key is not usable.
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
    """A watcher for each configured cluster: kubeconfigs can be added and removed without a restart."""

    def __init__(self, migrations: Migrations, settings: Settings) -> None:
        self._migrations = migrations
        self._settings = settings
        self._watchers: dict[str, tuple[Watcher, asyncio.Task[NoReturn]]] = {}
        self._ending: set[asyncio.Task[NoReturn]] = set()

    def match(self, names: list[str]) -> None:
        """Watch these clusters and no others."""
        for name in names:
            if name not in self._watchers:
                watcher = Watcher(name, migrations=self._migrations, settings=self._settings)
                self._watchers[name] = watcher, asyncio.create_task(watcher.watch(), name="the bridge of a cluster")
        for name in set(self._watchers) - set(names):
            _, task = self._watchers.pop(name)
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def keep(self) -> NoReturn:
        """Read the configured clusters at an interval, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                self.match(clusters(self._settings))
            except Misconfigured as error:
                log.warning(
                    "the configured clusters cannot be read; the known ones are watched as before", why=str(error)
                )

    async def end(self) -> None:
        """Stop all watchers."""
        self.match([])
        await asyncio.gather(*self._ending, return_exceptions=True)

    def lacks(self) -> str:
        """Why no cluster at all is watched; empty while one is."""
        troubles = [watcher.trouble for watcher, _ in self._watchers.values()]
        why = "; ".join(troubles) or "no kubeconfig is configured"
        return f"no cluster's custom resources are watched: {why}" if all(troubles) else ""
