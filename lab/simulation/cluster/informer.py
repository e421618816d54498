"""One list and watch per kind, shared by all parts, with a word to whoever asked for one when something changed.

The loop is our own because a watch ends in more ways than the client handles: by itself after minutes (resume), with
410 (list again and find what was deleted meanwhile), with the API server gone (try until it is back), for a kind whose
CRD is not there yet (ask again, and be empty till then).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator

from lab.simulation.cluster.client import Absent, Cluster, ClusterError, Document, Expired, Kind

log = logging.getLogger(__name__)
RETRY_SECONDS = 0.5  # an API server's own start takes a few seconds
UNSERVED_SECONDS = 1.0


class Trigger:
    """Set when there is something to look at; remembers one call however many there were, and begins set.

    It keeps the earliest of its timers only: whoever looks says anew when to look again, and timers that each breed
    another would make an idle process busier with every change that it ever saw.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._event.set()
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        self._event.set()

    def later(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None and loop.time() < self._timer.when() <= loop.time() + seconds:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


class Store:
    """All objects of one kind as the API server last told."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self.served = False  # whether the API server knows the kind
        self._objects: dict[tuple[str, str], Document] = {}
        self._triggers: list[Callable[[], None]] = []

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._objects.values()))

    def get(self, name: str, *, namespace: str = "") -> Document | None:
        return self._objects.get((namespace, name))

    def notify(self, trigger: Callable[[], None]) -> None:
        self._triggers.append(trigger)

    async def run(self, cluster: Cluster) -> None:
        """Keep this store true for ever."""
        while True:
            try:
                await self._list_and_watch(cluster)
            except Absent:
                self.served = False
                self._become([])
                await asyncio.sleep(UNSERVED_SECONDS)
            except ClusterError as error:
                log.info("%s: %s", self.kind.plural, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _list_and_watch(self, cluster: Cluster) -> None:
        documents, since = await cluster.all(self.kind)
        self.served = True
        self._become(documents)
        try:
            while True:
                async for event, document in cluster.watch(self.kind, since=since):
                    since = document["metadata"]["resourceVersion"]
                    if event != "BOOKMARK":
                        self._observe(event, document)
        except Expired:
            log.info("%s: the watch expired, listing again", self.kind.plural)

    def _become(self, documents: Iterable[Document]) -> None:
        self._objects = {_key(each): each for each in documents}
        self.synced.set()
        self._changed()

    def _observe(self, event: str, document: Document) -> None:
        if event == "DELETED":
            self._objects.pop(_key(document), None)
        else:
            self._objects[_key(document)] = document
        self._changed()

    def _changed(self) -> None:
        for trigger in self._triggers:
            trigger()


def _key(document: Document) -> tuple[str, str]:
    return document["metadata"].get("namespace", ""), document["metadata"]["name"]
