"""An observer outside the product: what the cluster showed, and when, as the API server's own watches told it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lab.simulation.cluster.client import Cluster, ClusterError, Kind
from lab.simulation.cluster.kinds import CLUSTER_OPERATOR, CONFIG_MAP, MACHINE, NODE, POD, SECRET

KINDS = (NODE, POD, SECRET, CONFIG_MAP, MACHINE, CLUSTER_OPERATOR)
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One event: when it was heard (seconds since the epoch), of which kind, and the object after it."""

    at: float
    kind: Kind
    event: str
    document: Document

    @property
    def name(self) -> str:
        """`namespace/name`."""
        metadata = self.document["metadata"]
        return f"{metadata.get('namespace', '')}/{metadata['name']}"


class Observer:
    """Everything that was seen, in order."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []

    def of(self, kind: Kind, *, name: str = "", after: float = 0.0, before: float = float("inf")) -> Iterator[Seen]:
        """Events of a kind (and an object) within a span."""
        return (
            each for each in self._seen if each.kind is kind and after <= each.at <= before and name in {"", each.name}
        )

    async def follow(self, cluster: Cluster, kind: Kind) -> None:
        """Hear every change of a kind, for ever."""
        documents, since = await cluster.all(kind)
        for document in documents:
            self._seen.append(Seen(at=time.time(), kind=kind, event="ADDED", document=document))
        while True:
            with suppress(ClusterError):
                async for event, document in cluster.watch(kind, since=since):
                    since = document["metadata"]["resourceVersion"]
                    if event != "BOOKMARK":
                        self._seen.append(Seen(at=time.time(), kind=kind, event=event, document=document))


@asynccontextmanager
async def observing(kubeconfig: str) -> AsyncIterator[Observer]:
    """Watch a lab's cluster for as long as the block lasts."""
    cluster = await Cluster.connect(kubeconfig=kubeconfig)
    observer = Observer()
    tasks = [asyncio.create_task(observer.follow(cluster, kind)) for kind in KINDS]
    try:
        yield observer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await cluster.aclose()
