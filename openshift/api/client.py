"""A cluster as documents: the few verbs of the Kubernetes API that the product uses, each bounded and recorded.

Documents stay raw `dict`s: typed models would drop fields they do not know, and we edit objects that belong to others.
So shared objects are patched by field and never written whole; there is no `replace` here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from migration.audit.call import Recorder
from migration.frozen_model import KubeObject
from openshift.api.calling import ApiClient
from openshift.api.recording import discard
from openshift.api.resources import Resource
from openshift.api.transport import TimeOuts, Transport
from openshift.errors import Gone, NotFound

FIELD_MANAGER = "vcf-migration"

PAGE = 500  # as kubectl does: a page stays below a few megabytes even for Machines

Documents = list[KubeObject]


class Collection:
    """A consistent list: every page is of the same resource version, from which a watch can go on."""

    def __init__(self, *, items: Documents, resource_version: str) -> None:
        self.items = items
        self.resource_version = resource_version


class Cluster:
    """One OpenShift cluster. `async with Cluster.connect(...) as cluster:`.

    Every method raises `openshift.errors`; `dry_run=True` has the API server validate a write without doing it.
    """

    def __init__(self, caller: ApiClient) -> None:
        self._api = caller

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
            yield cls(ApiClient(transport, recorder=recorder))

    @property
    def server(self) -> str:
        """Host and port of the API server."""
        return self._api.server

    async def get(self, resource: Resource, name: str, *, namespace: str | None = None) -> KubeObject:
        """One object; raises `NotFound`."""
        return await self._api.call("GET", resource, name=name, namespace=namespace)

    async def find(self, resource: Resource, name: str, *, namespace: str | None = None) -> KubeObject | None:
        """One object, or None where it (or its kind) does not exist."""
        try:
            return await self.get(resource, name, namespace=namespace)
        except NotFound:
            return None

    async def create(self, resource: Resource, document: KubeObject, *, dry_run: bool = False) -> KubeObject:
        """Create it as given; raises `AlreadyExists`, also when an earlier try worked although it failed."""
        namespace = document["metadata"].get("namespace")
        return await self._api.call(
            "POST", resource, namespace=namespace, body=document, query=_writing(dry_run=dry_run)
        )

    async def apply(
        self,
        resource: Resource,
        document: KubeObject,
        *,
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
        force: bool = False,
        dry_run: bool = False,
    ) -> KubeObject:
        """Server-side apply: own exactly the fields given; raises `Conflict` where another manager owns one.

        `force` takes the fields over. With a `resourceVersion` in it, `Conflict` is raised for an object that moved.
        """
        metadata = document["metadata"]
        return await self._api.call(
            "PATCH",
            resource,
            name=metadata["name"],
            namespace=metadata.get("namespace"),
            subresource=subresource,
            query=_writing(dry_run=dry_run, manager=manager) | ({"force": "true"} if force else {}),
            body={"apiVersion": resource.api_version, "kind": resource.kind} | document,
            content_type="application/apply-patch+yaml",
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
    ) -> KubeObject:
        """RFC 6902 operations, all or none; raises `Conflict` when a `test` fails or a path is not there."""
        return await self._api.call(
            "PATCH",
            resource,
            name=name,
            namespace=namespace,
            subresource=subresource,
            body=operations,
            content_type="application/json-patch+json",
            query=_writing(dry_run=dry_run),
        )

    async def patch_merge(
        self,
        resource: Resource,
        name: str,
        fields: KubeObject,
        *,
        namespace: str | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> KubeObject:
        """RFC 7386: set exactly these fields, None removes one; lists are replaced whole."""
        return await self._api.call(
            "PATCH",
            resource,
            name=name,
            namespace=namespace,
            subresource=subresource,
            body=fields,
            content_type="application/merge-patch+json",
            query=_writing(dry_run=dry_run),
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
        await self._api.call(
            "DELETE",
            resource,
            name=name,
            namespace=namespace,
            body={"preconditions": {key: value for key, value in conditions.items() if value}},
            query={"dryRun": "All"} if dry_run else {},
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
            page = await self._api.call(
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
    ) -> AsyncIterator[AsyncIterator[KubeObject]]:
        """The raw events of a watch, for at most `seconds`, bookmarks included; made sense of in `openshift.api.cache`.

        Raises `Unreachable` after `silence` seconds without an event. Recorded twice: when opened, when closed.
        """
        query = _selectors(label_selector=label_selector, field_selector=field_selector) | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        async with self._api.stream(resource, namespace=namespace, query=query, silence=silence) as events:
            yield events


def _selectors(*, label_selector: str, field_selector: str) -> dict[str, str]:
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {key: value for key, value in selectors.items() if value}


def _writing(*, dry_run: bool, manager: str = FIELD_MANAGER) -> dict[str, str]:
    return {"fieldManager": manager} | ({"dryRun": "All"} if dry_run else {})
