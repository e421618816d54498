"""The API server as plain documents: read, write, list and watch any kind, nothing decoded, nothing defaulted.

Why raw: the parts copy documents that they only half understand (Infrastructure, Machines, CRDs); typed models would
drop or refuse what is newer than the client. Why no informer of the client's: its asyncio flavour has none, and the
synchronous one cannot follow custom objects. Every call has a time-out; a watch ends by itself and is resumed.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_kube_config

type_of_patch = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
Document = dict[str, Any]
BROKEN = (aiohttp.ClientError, OSError, ValueError)  # of which a time-out and half a line of JSON are two
CALL_SECONDS = 15.0
WATCH_SECONDS = 240  # shorter than what load balancers and the server itself cut off


class ClusterError(Exception):
    """The API server did not do it: `Absent`, `Conflict`, `Refused` and `Unavailable` say why."""


class Absent(ClusterError):
    """404: the object, or its kind, does not exist."""


class Conflict(ClusterError):
    """409: somebody else wrote first, or it exists already. Read again."""


class Expired(ClusterError):
    """410: the resource version is too old to watch from. List again."""


class Refused(ClusterError):
    """Any other 4xx: admission or validation said no; the message is the server's own."""


class Unavailable(ClusterError):
    """No answer, an overloaded server or a 5xx. The call may have worked: observe before doing it again."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource: where it is served, and (for a kind of which we follow one object only) which one."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    only: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return "/".join(
            [root, *(["namespaces", namespace] if namespace else []), self.plural, *([name] if name else [])]
        )

    def document(self, *, name: str, namespace: str = "", **content: Any) -> Document:
        """A new object of this kind, `content` being its other top-level fields (and more `metadata`)."""
        metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **content.pop("metadata", {})}
        return {"apiVersion": self.api_version, "kind": self.name, "metadata": metadata, **content}


class Cluster:
    """One API server. Close it when done.

    Raises (every method): `Absent`, `Conflict`, `Refused`, `Unavailable`.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @classmethod
    async def connect(cls, *, kubeconfig: str) -> "Cluster":
        configuration = Configuration()
        await load_kube_config(config_file=kubeconfig, client_configuration=configuration, persist_config=False)
        return cls(ApiClient(configuration=configuration))

    async def aclose(self) -> None:
        await self._client.close()

    async def get(self, kind: Kind, name: str, *, namespace: str = "") -> Document:
        return await self._call("GET", kind.path(namespace=namespace, name=name))

    async def create(self, kind: Kind, document: Document) -> Document:
        namespace = document["metadata"].get("namespace", "")
        return await self._call("POST", kind.path(namespace=namespace), body=document)

    async def replace(self, kind: Kind, document: Document, *, subresource: str = "") -> Document:
        """Write it whole; its resourceVersion makes sure nobody wrote in between."""
        return await self._call("PUT", self._address(kind, document, subresource), body=document)

    async def patch(
        self,
        kind: Kind,
        document: Document,
        change: Document,
        *,
        subresource: str = "",
        how: Literal["merge", "strategic"] = "merge",
    ) -> Document:
        return await self._call(
            "PATCH", self._address(kind, document, subresource), body=change, content=type_of_patch[how]
        )

    async def delete(self, kind: Kind, document: Document, *, grace_seconds: int | None = None) -> Document:
        """Delete this very object (by uid), not a namesake made since."""
        body: Document = {"preconditions": {"uid": document["metadata"]["uid"]}}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        return await self._call("DELETE", self._address(kind, document, ""), body=body)

    async def all(self, kind: Kind) -> tuple[list[Document], str]:
        """Every object, and the resource version to watch from."""
        answer = await self._call("GET", kind.path(), query=self._selected(kind))
        return answer["items"], answer["metadata"]["resourceVersion"]

    async def watch(self, kind: Kind, *, since: str) -> AsyncIterator[tuple[str, Document]]:
        """(event type, object) until the server ends the stream; bookmarks included.

        Raises:
            Expired: list again.

        """
        query = {
            **self._selected(kind),
            "watch": "true",
            "resourceVersion": since,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        timeout = aiohttp.ClientTimeout(total=WATCH_SECONDS + 30, sock_connect=CALL_SECONDS)
        response = await self._send("GET", kind.path(), query=query, timeout=timeout)
        try:
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise failure(event["object"].get("code", 500), event["object"].get("message", ""))
                yield event["type"], event["object"]
        except BROKEN as error:
            raise Unavailable(f"the watch of {kind.plural} broke: {error!r}") from error
        finally:
            response.close()

    @staticmethod
    def _selected(kind: Kind) -> dict[str, str]:
        return {"fieldSelector": f"metadata.name={kind.only}"} if kind.only else {}

    @staticmethod
    def _address(kind: Kind, document: Document, subresource: str) -> str:
        metadata = document["metadata"]
        path = kind.path(namespace=metadata.get("namespace", ""), name=metadata["name"])
        return f"{path}/{subresource}" if subresource else path

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
        content: str = "application/json",
    ) -> Document:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        response = await self._send(method, path, query=query, body=body, content=content, timeout=timeout)
        try:
            answer: Document = json.loads(await response.read())
        except BROKEN as error:
            raise Unavailable(f"{method} {path}: the answer broke off: {error!r}") from error
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
        content: str = "application/json",
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        serialized = await self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content},
            auth_settings=["BearerToken"],
        )
        try:
            answer = await self._client.call_api(*serialized[:3], body=body, _request_timeout=timeout)
            response: aiohttp.ClientResponse = answer.response
            if response.status >= 400:
                raise failure(response.status, f"{method} {path}: {_said(await response.text())}")
        except BROKEN as error:
            raise Unavailable(f"{method} {path}: {error!r}") from error
        return response


def failure(status: int, message: str) -> ClusterError:
    """The error that an HTTP status means (Kubernetes API conventions, "Response status kind")."""
    if status == 429 or status >= 500:
        return Unavailable(message)
    return {404: Absent, 409: Conflict, 410: Expired}.get(status, Refused)(message)


def _said(text: str) -> str:
    """The server's own words: the message of a Status document, or whatever stood there instead of one."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]
