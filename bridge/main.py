"""The bridge: one process that follows the custom resources of every configured cluster.

It keeps nothing of its own. Two of them do no harm: starts and words are heard once, writes are conditional; so there
is no leader to be elected, and a rolling update may overlap.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client

import temporal
from bridge.watching import Watcher
from monitoring.endpoint import Lacks, answering
from openshift.errors import Misconfigured
from openshift.kubeconfigs import clusters
from settings import Settings
from workflows.doors import Migrations


class NothingToFollow(Exception):
    """No cluster is configured in a way that could be used; the message says what to do."""


async def run(settings: Settings) -> None:
    """Follow custom resources until SIGTERM or SIGINT.

    Raises:
        temporal.TemporalUnavailable: Temporal cannot be used as configured.
        NothingToFollow: the directory of kubeconfigs cannot be read.
        workflows.signing.ApprovalKeyError: the configured approval key is none.
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
        workflows.signing.ApprovalKeyError: the configured approval key is none.
    """
    try:
        names = clusters(settings)
    except Misconfigured as error:
        raise NothingToFollow(str(error)) from error
    doors = Migrations.configured(client, settings)
    watchers = [Watcher(name, doors=doors, settings=settings) for name in names]
    tasks = [asyncio.create_task(each.watch(), name="the bridge of a cluster") for each in watchers]
    try:
        yield lambda: _lacking(watchers)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _lacking(watchers: list[Watcher]) -> str:
    troubles = [each.trouble for each in watchers]
    why = "; ".join(troubles) or "no kubeconfig is configured"
    return f"no cluster's custom resources are followed: {why}" if all(troubles) else ""
