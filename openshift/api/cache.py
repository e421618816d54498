"""The live state of a few kinds, kept by list and watch: what waits are built on instead of polling.

`kubernetes.aio` has no informer, and its `Watch` retries a 410 with the same stale version and then gives up; so the
loop is ours. Its duty is to lose nothing and to be honest:

- A watch begins at the list's own resource version and resumes at the last one heard, bookmarks included, so that no
  event falls between. On 410 everything is listed again and compared, and what vanished meanwhile is removed.
- A connection that is silent is dead. An API server sends a bookmark every minute on an idle watch, so `silence` is a
  little more than that; the kernel's probes (`openshift.api.transport`) notice most dead peers sooner.
- An outage is ridden out for ever, with pauses of at most two seconds: the control-plane roll takes the API away
  several times, and the wait should go on the moment it is back. Meanwhile `stale` says since when we only remember.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self

from migration.frozen_model import KubeObject
from openshift.api.client import Cluster
from openshift.api.resources import Resource
from openshift.errors import Gone, OpenShiftError, Throttled, Unreachable, watch_refusal

SILENCE = 70.0
FIRST_LIST = 30.0
LONGEST_PAUSE = 2.0
# Every few minutes a watch ends as it was asked to; behind a proxy that ends each at once, this keeps us from racing.
ENDED = 0.2
# A resume point that fails this often in a row is given up: after a restore of etcd it may lie in the future.
RESUMES = 5


@dataclass(frozen=True, kw_only=True)
class WatchTarget:
    """What to watch: a kind, in all namespaces or one, narrowed by selectors as `oc get -l` and `--field-selector`."""

    resource: Resource
    namespace: str | None = None
    label_selector: str = ""
    field_selector: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.resource.plural, self.namespace, self.label_selector, self.field_selector)))


@dataclass(frozen=True, kw_only=True)
class Stale:
    """Since when a view is only remembered: the last moment it was heard of, and why it is not heard of now."""

    since: datetime
    reason: str


class Cache:
    """A live view of some kinds. `async with Cache(cluster, [...]) as cache:` begins once everything is listed.

    Raises `Unreachable` when that takes longer than `budget` seconds, and at once what no waiting can help.
    `cache[watched]` maps `namespace/name` (or `name`) to the document, without `managedFields`.
    """

    def __init__(
        self, cluster: Cluster, watched: list[WatchTarget], *, budget: float = FIRST_LIST, silence: float = SILENCE
    ) -> None:
        self._changed = asyncio.Event()
        self._budget = budget
        self._views = {each: _View(cluster, each, silence=silence, changed=self._changed) for each in watched}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._list_everything()
        self._tasks = [asyncio.create_task(view.follow(), name=f"watch {key}") for key, view in self._views.items()]
        return self

    async def __aexit__(self, *_: object) -> None:
        await _cancel(self._tasks)

    async def _list_everything(self) -> None:
        lists = [asyncio.create_task(view.list_at_last(), name=f"list {key}") for key, view in self._views.items()]
        try:
            async with asyncio.timeout(self._budget):
                await asyncio.gather(*lists)
        except TimeoutError as error:
            waiting = "; ".join(f"{key}: {view.stale.reason}" for key, view in self._views.items() if view.stale)
            raise Unreachable(f"Not everything could be listed within {self._budget:g} s ({waiting})") from error
        finally:
            await _cancel(lists)

    def __getitem__(self, watched: WatchTarget) -> Mapping[str, KubeObject]:
        return self._views[watched].documents

    @property
    def stale(self) -> Stale | None:
        """The oldest of what is not being heard of now; None while every watch is connected."""
        stale = [view.stale for view in self._views.values() if view.stale]
        return min(stale, key=lambda each: each.since, default=None)

    async def changed(self, timeout: float) -> bool:  # noqa: ASYNC109 - part of the question, not of its execution
        """Wait until a document or the staleness changed since the last call; False when `timeout` seconds passed.

        Changes are coalesced: after True, look at everything. The first list is a change. Raises what ended a
        watch, which is a bug of ours.
        """
        for task in self._tasks:
            if task.done():
                task.result()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        changed = self._changed.is_set()
        self._changed.clear()
        return changed


class _View:
    """One kind: the documents, the resource version to go on from, and when it was last heard of."""

    def __init__(self, cluster: Cluster, watched: WatchTarget, *, silence: float, changed: asyncio.Event) -> None:
        self.watched = watched
        self.stale: Stale | None = Stale(since=datetime.now(UTC), reason="not listed yet")
        self._cluster = cluster
        self._silence = silence
        self._changed = changed
        self._documents: dict[str, KubeObject] = {}
        self.documents = MappingProxyType(self._documents)
        self._resume_at: str | None = None
        self._heard_at = datetime.now(UTC)
        self._failures = 0

    async def list_at_last(self) -> None:
        """List, through outages; raises what is not an outage."""
        while self._resume_at is None:
            try:
                await self._list()
            except OpenShiftError as error:
                if not error.retryable:
                    raise
                await self._lost(error)

    async def follow(self) -> None:
        """Keep the documents live, for ever. Even a refusal is waited out: RBAC itself flickers when masters go."""
        while True:
            try:
                if self._resume_at is None:
                    await self._list()
                await self._watch(self._resume_at or "")
            except (Unreachable, Throttled) as error:
                if self._failures >= RESUMES:
                    self._resume_at = None
                await self._lost(error)
            except Gone:
                self._resume_at = None
                await asyncio.sleep(ENDED)
            except OpenShiftError as error:
                self._resume_at = None
                await self._lost(error)
            else:
                await asyncio.sleep(ENDED)

    async def _list(self) -> None:
        found = await self._cluster.collect(
            self.watched.resource,
            namespace=self.watched.namespace,
            label_selector=self.watched.label_selector,
            field_selector=self.watched.field_selector,
        )
        listed = {_key(each): _lean(each) for each in found.items}
        if _versions(listed) != _versions(self._documents):
            self._documents.clear()
            self._documents.update(listed)
            self._changed.set()
        self._resume_at = found.resource_version
        self._failures = 0
        self._heard()

    async def _watch(self, resource_version: str) -> None:
        async with self._cluster.stream(
            self.watched.resource,
            namespace=self.watched.namespace,
            label_selector=self.watched.label_selector,
            field_selector=self.watched.field_selector,
            resource_version=resource_version,
            seconds=random.randint(240, 300),  # noqa: S311 - spreads reconnections, guards nothing
            silence=self._silence,
        ) as events:
            self._heard()
            async for event in events:
                self._take(event)
                self._failures = 0  # only now: a watch that opens and then is silent has not worked
                self._heard()

    def _take(self, event: KubeObject) -> None:
        kind, document = event["type"], event["object"]
        if kind == "ERROR":
            raise watch_refusal(document, subject=f"watch {self.watched}")
        self._resume_at = document["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._documents.pop(_key(document), None)
        else:
            self._documents[_key(document)] = _lean(document)
        self._changed.set()

    def _heard(self) -> None:
        self._heard_at = datetime.now(UTC)
        if self.stale:
            self.stale = None
            self._changed.set()

    async def _lost(self, error: OpenShiftError) -> None:
        if not self.stale or self.stale.reason != str(error):
            self.stale = Stale(since=self._heard_at, reason=str(error))
            self._changed.set()
        self._failures += 1
        asked = error.retry_after if isinstance(error, Throttled) else 0.0
        pause = min(LONGEST_PAUSE, 0.1 * 2**self._failures) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        await asyncio.sleep(max(asked, pause))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _key(document: KubeObject) -> str:
    metadata = document["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _lean(document: KubeObject) -> KubeObject:
    """Without `managedFields`, which are often half of a document and never read here."""
    return document | {"metadata": {k: v for k, v in document["metadata"].items() if k != "managedFields"}}


def _versions(documents: Mapping[str, KubeObject]) -> dict[str, Any]:
    return {key: (each["metadata"]["uid"], each["metadata"]["resourceVersion"]) for key, each in documents.items()}
