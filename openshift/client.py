"""A cluster as documents: the few verbs of the Kubernetes API that the product uses, each bounded and recorded.

Documents stay raw `dict`s: typed models would drop fields they do not know, and we edit objects that belong to others.
So shared objects are patched by field and never written whole; there is no `replace` here.

What is retried here is short and safe: a read whose connection broke (once, on a fresh connection), a call that was
throttled (429 means: not done) for a few seconds, and one that met stale credentials (401 means the same). Everything
longer is the activity's business, where people see it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from migration.call import Recorder
from migration.value import Document
from openshift.errors import Gone, NotFound, OpenShiftError, Throttled, Unauthorized, Unreachable, refusal
from openshift.recording import Stopwatch, discard, recordable
from openshift.resources import Resource
from openshift.transport import Answer, Request, TimeOuts, Transport, parse

FIELD_MANAGER = "vcf-migration"

PAGE = 500  # as kubectl does: a page stays below a few megabytes even for Machines
THROTTLE_PATIENCE = 10.0  # seconds of Retry-After in all; longer is reported, so that people see it

Documents = list[Document]


class Collection:
    """A consistent list: every page is of the same resource version, from which a watch can go on."""

    def __init__(self, *, items: Documents, resource_version: str) -> None:
        self.items = items
        self.resource_version = resource_version


class Cluster:
    """One OpenShift cluster. `async with Cluster.connect(...) as cluster:`.

    Every method raises `openshift.errors`; `dry_run=True` has the API server judge a write without doing it.
    """

    def __init__(self, transport: Transport, *, recorder: Recorder) -> None:
        self._transport = transport
        self._recorder = recorder

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        recorder: Recorder = discard,
        time_outs: TimeOuts | None = None,
    ) -> AsyncIterator["Cluster"]:
        """A client for the cluster of a kubeconfig's context, the current one by default, else of the pod it runs in.

        Nothing is sent yet. Raises `Misconfigured` when nothing leads to a cluster.
        """
        async with Transport(kubeconfig=kubeconfig, context=context, time_outs=time_outs or TimeOuts()) as transport:
            yield cls(transport, recorder=recorder)

    @property
    def server(self) -> str:
        """Host and port of the API server."""
        return self._transport.server

    async def get(self, resource: Resource, name: str, *, namespace: str | None = None) -> Document:
        """One object; raises `NotFound`."""
        return await self._call("GET", resource, name=name, namespace=namespace)

    async def find(self, resource: Resource, name: str, *, namespace: str | None = None) -> Document | None:
        """One object, or None where it (or its kind) does not exist."""
        try:
            return await self.get(resource, name, namespace=namespace)
        except NotFound:
            return None

    async def create(self, resource: Resource, document: Document, *, dry_run: bool = False) -> Document:
        """Create it as given; raises `AlreadyExists`, also when an earlier try worked although it failed."""
        namespace = document["metadata"].get("namespace")
        return await self._call("POST", resource, namespace=namespace, body=document, dry_run=dry_run)

    async def apply(
        self, resource: Resource, document: Document, *, force: bool = False, dry_run: bool = False
    ) -> Document:
        """Server-side apply: own exactly the fields given; raises `Conflict` where another manager owns one.

        `force` takes the fields over.
        """
        metadata = document["metadata"]
        return await self._call(
            "PATCH",
            resource,
            name=metadata["name"],
            namespace=metadata.get("namespace"),
            query={"force": "true"} if force else {},
            body={"apiVersion": resource.api_version, "kind": resource.kind} | document,
            content_type="application/apply-patch+yaml",
            dry_run=dry_run,
        )

    async def patch_json(
        self,
        resource: Resource,
        name: str,
        operations: Documents,
        *,
        namespace: str | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Document:
        """RFC 6902 operations, all or none; raises `Conflict` when a `test` fails or a path is not there."""
        return await self._call(
            "PATCH",
            resource,
            name=name,
            namespace=namespace,
            subresource=subresource,
            body=operations,
            content_type="application/json-patch+json",
            dry_run=dry_run,
        )

    async def patch_merge(
        self,
        resource: Resource,
        name: str,
        fields: Document,
        *,
        namespace: str | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Document:
        """RFC 7386: set exactly these fields, None removes one; lists are replaced whole."""
        return await self._call(
            "PATCH",
            resource,
            name=name,
            namespace=namespace,
            subresource=subresource,
            body=fields,
            content_type="application/merge-patch+json",
            dry_run=dry_run,
        )

    async def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> None:
        """Ask for its deletion; finalizers may take their time. Raises `NotFound`.

        With `uid` only that very object, with `resource_version` only as it was observed; else raises `Conflict`.
        """
        conditions = {"uid": uid, "resourceVersion": resource_version}
        await self._call(
            "DELETE",
            resource,
            name=name,
            namespace=namespace,
            body={"preconditions": {key: value for key, value in conditions.items() if value}},
            dry_run=dry_run,
        )

    async def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Documents:
        """All objects, of all namespaces unless one is given; raises `NotServed` for a kind the cluster lacks."""
        found = await self.collect(
            resource, namespace=namespace, label_selector=label_selector, field_selector=field_selector
        )
        return found.items

    async def collect(
        self, resource: Resource, *, namespace: str | None, label_selector: str, field_selector: str
    ) -> Collection:
        """All objects page by page, and their common resource version; begins anew once when a page is too old."""
        query = _selectors(label_selector=label_selector, field_selector=field_selector)
        try:
            return await self._pages(resource, namespace=namespace, query=query | {"limit": str(PAGE)})
        except Gone:
            # The list outlived etcd's compaction: in one piece it cannot.
            return await self._pages(resource, namespace=namespace, query=query)

    async def _pages(self, resource: Resource, *, namespace: str | None, query: dict[str, str]) -> Collection:
        items: Documents = []
        token = ""
        while True:
            page = await self._call(
                "GET", resource, namespace=namespace, query=query | ({"continue": token} if token else {})
            )
            # Items of a typed list do not say what they are.
            items += [
                {"apiVersion": resource.api_version, "kind": resource.kind} | each for each in page["items"] or []
            ]
            token = page["metadata"].get("continue", "")
            if not token:
                return Collection(items=items, resource_version=page["metadata"]["resourceVersion"])

    @asynccontextmanager
    async def stream(
        self,
        resource: Resource,
        *,
        namespace: str | None,
        label_selector: str,
        field_selector: str,
        resource_version: str,
        seconds: int,
        silence: float,
    ) -> AsyncIterator[AsyncIterator[Document]]:
        """The raw events of a watch, for at most `seconds`, bookmarks included; made sense of in `openshift.watching`.

        Raises `Unreachable` after `silence` seconds without an event. Recorded twice: when opened, when closed.
        """
        path = resource.path(namespace=namespace)
        query = _selectors(label_selector=label_selector, field_selector=field_selector) | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        opening = self._stopwatch("WATCH", path, mutating=False)
        lifetime = self._stopwatch("WATCH CLOSED", path, mutating=False)
        outcome, opened = "left", False
        try:
            async with self._transport.stream(Request(method="GET", path=path, query=query), silence=silence) as (
                answer,
                lines,
            ):
                opened = True
                opening.stop(outcome=_outcome(answer), request=query)
                if answer.status >= 400:
                    subject = f"watch {resource.describe(namespace=namespace)}"
                    raise _refusal(answer, subject=subject, resource=resource)
                yield _events(lines)
                outcome = "ended"
        except OpenShiftError as error:
            outcome = type(error).__name__
            raise
        finally:
            (lifetime if opened else opening).stop(outcome=outcome)

    async def _call(
        self,
        method: str,
        resource: Resource,
        *,
        name: str | None = None,
        namespace: str | None = None,
        subresource: str | None = None,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        dry_run: bool = False,
    ) -> Document:
        written = {"dryRun": "All"} if dry_run else {}
        owned = {"fieldManager": FIELD_MANAGER} if method in {"POST", "PATCH"} else {}
        request = Request(
            method=method,
            path=resource.path(name=name, namespace=namespace, subresource=subresource),
            query=(query or {}) | written | owned,
            body=body,
            content_type=content_type,
        )
        called = name or (body["metadata"].get("name") if method == "POST" else None)
        subject = f"{_VERBS[method]} {resource.describe(name=called, namespace=namespace)}"
        return await self._persist(
            request, resource=resource, subject=subject, mutating=method != "GET" and not dry_run
        )

    async def _persist(self, request: Request, *, resource: Resource, subject: str, mutating: bool) -> Document:
        """Send until there is a verdict; see the module's docstring for what is sent twice."""
        reconnected = reauthenticated = False
        patience = THROTTLE_PATIENCE
        while True:
            try:
                return await self._send(request, resource=resource, subject=subject, mutating=mutating)
            except Unreachable as error:
                broken = error.__cause__ is not None  # as opposed to an answer of 5xx
                if request.method != "GET" or reconnected or not broken:
                    raise
                reconnected = True
            except Unauthorized:
                if reauthenticated:
                    raise
                await self._transport.authenticate()
                reauthenticated = True
            except Throttled as error:
                wait = max(error.retry_after, 0.1)
                patience -= wait
                if patience < 0:
                    raise
                await asyncio.sleep(wait)

    async def _send(self, request: Request, *, resource: Resource, subject: str, mutating: bool) -> Document:
        stopwatch = self._stopwatch(request.method, request.path, mutating=mutating)
        asked = recordable(resource, request.body)
        try:
            answer = await self._transport.send(request)
        except OpenShiftError as error:
            stopwatch.stop(outcome=type(error).__name__, request=asked)
            raise
        if answer.status >= 400:
            refused = _refusal(answer, subject=subject, resource=resource)
            stopwatch.stop(outcome=_outcome(answer), request=asked, response=str(refused))
            raise refused
        document = parse(answer.text)
        stopwatch.stop(outcome=_outcome(answer), request=asked, response=recordable(resource, document))
        return document

    def _stopwatch(self, method: str, target: str, *, mutating: bool) -> Stopwatch:
        return Stopwatch(recorder=self._recorder, server=self.server, method=method, target=target, mutating=mutating)


_VERBS = {"GET": "read", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


def _refusal(answer: Answer, *, subject: str, resource: Resource) -> OpenShiftError:
    return refusal(
        status=answer.status,
        body=answer.text,
        headers=answer.headers,
        subject=subject,
        confidential=resource.confidential,
    )


def _outcome(answer: Answer) -> str:
    return "ok" if answer.status < 400 else str(answer.status)


def _selectors(*, label_selector: str, field_selector: str) -> dict[str, str]:
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {key: value for key, value in selectors.items() if value}


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[Document]:
    async for line in lines:
        yield parse(line)
