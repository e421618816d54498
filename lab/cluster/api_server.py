"""The lab's own way to the API server: documents in, documents out, over one HTTP connection.

Not the Kubernetes client: the lab writes whole documents of any kind and compares everything there is, for which that
client needs a discovery of every group first (two seconds that each `lab up` would pay).
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx

from lab.certificates import Pair
from lab.state import StateDir

Document = dict[str, Any]
MANAGER = "lab-installer"
TIMEOUT = 30.0


class ApiError(Exception):
    """The API server refused or did not answer; the message is its own."""


class ApiServer:
    """Server-side apply, reads and waits, as the cluster's administrator."""

    def __init__(self, *, url: str, state: StateDir, admin: Pair) -> None:
        context = ssl.create_default_context(cafile=str(state.authority))
        context.load_cert_chain(admin.certificate, admin.key)
        self._http = httpx.Client(base_url=url, verify=context, timeout=TIMEOUT, trust_env=False)
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_ready(self, *, timeout: float) -> None:
        """Wait until the API server says that it is ready."""

        def ready() -> bool:
            try:
                return self._http.get("/readyz").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        wait_for(ready, what="the API server to be ready", timeout=timeout)

    def request(self, method: str, path: str, *, body: Any = None, kind: str = "application/json") -> Document:
        """One request; asked again for a while when the server is busy, as it is with kinds that were just defined.

        Raises:
            ApiError: any other answer but 2xx.
        """
        content = None if body is None else json.dumps(body)
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                answer = self._http.request(method, path, content=content, headers={"Content-Type": kind})
            except httpx.TransportError as error:
                raise ApiError(f"{method} {path}: {error}") from error
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                break
            time.sleep(0.25)
        if answer.is_error:
            raise ApiError(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        document: Document = answer.json()
        return document

    def apply(self, document: Document) -> Document:
        """Write a document, and its `status` too when it has one and its kind keeps a status apart."""
        query = f"?fieldManager={MANAGER}&force=true"
        path, patch = self.path(document), "application/apply-patch+yaml"
        applied = self.request("PATCH", path + query, body=document, kind=patch)
        if "status" in document:
            try:
                applied = self.request("PATCH", f"{path}/status{query}", body=document, kind=patch)
            except ApiError as error:
                if " 404 " not in str(error):
                    raise
        return applied

    def path(self, document: Document) -> str:
        """The path of this very object."""
        metadata = document["metadata"]
        return (
            f"{self.collection(document['apiVersion'], document['kind'], metadata.get('namespace'))}/{metadata['name']}"
        )

    def collection(self, version: str, kind: str, namespace: str | None = None) -> str:
        """The path of a kind's objects; waits a moment for a kind that is just being defined."""
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._kinds:
            wait_for(lambda: self._discover(version, root, kind), what=f"{kind} ({version}) to be served", timeout=20)
        plural, namespaced = self._kinds[version, kind]
        return f"{root}/namespaces/{namespace}/{plural}" if namespaced and namespace else f"{root}/{plural}"

    def _discover(self, version: str, root: str, kind: str) -> bool:
        try:
            resources = self.request("GET", root)["resources"]
        except ApiError:
            return False
        for each in resources:
            if "/" not in each["name"]:
                self._kinds[version, each["kind"]] = (each["name"], each["namespaced"])
        return (version, kind) in self._kinds

    def objects(self, version: str, kind: str, namespace: str | None = None) -> list[Document]:
        """Every object of a kind."""
        items: list[Document] = self.request("GET", self.collection(version, kind, namespace))["items"]
        return items

    def everything(self) -> Iterator[tuple[str, str, list[Document]]]:
        """Every object of every kind that can be listed: each kind once, in the first version that its group names."""
        seen = set()
        groups = [["v1"], *([each["groupVersion"] for each in group["versions"]] for group in self._groups())]
        for number, versions in enumerate(groups):
            for version in versions:
                root = f"/apis/{version}" if "/" in version else f"/api/{version}"
                for each in self.request("GET", root)["resources"]:
                    kind = (number, each["kind"])
                    if "/" not in each["name"] and "list" in each["verbs"] and kind not in seen:
                        seen.add(kind)
                        yield version, each["kind"], self.request("GET", f"{root}/{each['name']}")["items"]

    def _groups(self) -> list[Document]:
        groups: list[Document] = self.request("GET", "/apis")["groups"]
        return groups


def wait_for(condition: Callable[[], object], *, what: str, timeout: float, pause: float = 0.1) -> None:
    """Ask until it is so.

    Raises:
        TimeoutError: it was not so in that many seconds; says what was waited for.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:.0f} s in vain for {what}")
        time.sleep(pause)
