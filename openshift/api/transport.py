"""The one seam to an API server: a request goes out, a status and a text come back.

`kubernetes.aio` gives us what is tedious and dangerous to write again, and no more: kubeconfigs with exec plugins,
in-cluster tokens, TLS, and an HTTP session. Its generated methods are left alone, because they pass "no time-out"
explicitly and turn documents into models that drop what they do not know.

Two lessons of the field shape the rest. A control plane that is being rolled moves the VIP under open connections, and
a half-open socket never answers: so every request has time-outs, the kernel probes idle connections, and after a
connection error the pool is retired, not reused. And watches would starve requests in a shared pool, hence two pools.
"""

import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from openshift.errors import Misconfigured, Unreachable

USER_AGENT = "vcf-migration"

# A dead peer is noticed after 10 + 3 x 5 s; a VIP that has moved answers the first probe with a reset.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


@dataclass(frozen=True, kw_only=True)
class TimeOuts:
    """Seconds.

    Attributes:
        connect: for TCP and TLS together; an API server that is up answers within one round trip.
        read: the longest silence before and within an answer; the API server gives up a request itself after 60 s, but
            what we ask for is answered in tens of milliseconds, so silence means a lost peer.
        total: for one whole request, however busily it drips.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be sent: `path` without the query, `body` as a document, `content_type` of the body."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    content_type: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever the status; `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    text: str


class _Pool:
    """An HTTP session that can be retired: no new requests, closed when the last of the running ones is done."""

    def __init__(self, configuration: Any) -> None:
        self._rest = RESTClientObject(configuration)
        self._rest.pool_manager = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._rest.ssl_context, limit=100, socket_factory=_probed_socket),
            trust_env=True,
            read_bufsize=2**21,  # one watch event is one line, and a big ConfigMap makes a line of a megabyte
        )
        self._running = 0
        self._retired = False

    @asynccontextmanager
    async def send(self, request: Request, *, headers: dict[str, str], url: str, limits: Any) -> AsyncIterator[Any]:
        self._running += 1
        try:
            answer = await self._rest.request(
                request.method,
                url,
                headers=headers | {"Content-Type": request.content_type},
                body=request.body,
                _request_timeout=limits,
            )
            try:
                yield answer.response
            finally:
                answer.response.close()  # a stream that was left early; a finished answer has left its connection
        finally:
            self._running -= 1
            await self._close_when_idle()

    async def retire(self) -> None:
        self._retired = True
        await self._close_when_idle()

    async def _close_when_idle(self) -> None:
        if self._retired and not self._running:
            await self._rest.close()


class Transport:
    """Sends requests to one API server, authenticated. Use as an async context manager."""

    def __init__(self, *, kubeconfig: Path | None, context: str | None, time_outs: TimeOuts) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._time_outs = time_outs
        self._configuration: Any = None
        self._requests: _Pool | None = None
        self._watches: _Pool | None = None

    async def __aenter__(self) -> Self:
        await self.authenticate()
        return self

    async def __aexit__(self, *_: object) -> None:
        for pool in (self._requests, self._watches):
            if pool:
                await pool.retire()

    @property
    def server(self) -> str:
        """Host and port (and path, behind a proxy), for the journal and for messages."""
        return str(self._configuration.host).partition("://")[2]

    async def authenticate(self) -> None:
        """Read the credentials afresh: at the start, and after a 401 (rotated tokens, expired exec plugins)."""
        try:
            self._configuration = await _load(kubeconfig=self._kubeconfig, context=self._context)
            fresh = _Pool(self._configuration), _Pool(self._configuration)
        except Exception as error:  # a malformed kubeconfig makes the loader stumble over anything
            where = self._kubeconfig or "the default kubeconfig or the pod's service account"
            why = str(error) if isinstance(error, ConfigException | OSError) else "not a kubeconfig"
            raise Misconfigured(f"No access to a cluster by {where} ({type(error).__name__}: {why})") from error
        stale = self._requests, self._watches
        self._requests, self._watches = fresh
        for pool in stale:
            if pool:
                await pool.retire()

    async def send(self, request: Request) -> Answer:
        """One request, one answer. Raises `Unreachable` when there is none; then the next one gets a fresh pool."""
        limits = aiohttp.ClientTimeout(
            total=self._time_outs.total,
            connect=self._time_outs.connect,
            sock_connect=self._time_outs.connect,
            sock_read=self._time_outs.read,
        )
        headers, pool = await self._headers(), self._requests
        assert pool, "used outside its context"
        try:
            async with pool.send(request, headers=headers, url=self._url(request), limits=limits) as answer:
                return Answer(status=answer.status, headers=_lower(answer.headers), text=await answer.text())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if self._requests is pool:
                self._requests = _Pool(self._configuration)
                await pool.retire()
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[tuple[Answer, AsyncIterator[str]]]:
        """A request whose answer is a line per event. Raises `Unreachable` when `silence` seconds pass without one.

        The answer's text is empty for a stream that opened, and holds the refusal otherwise.
        """
        limits = aiohttp.ClientTimeout(
            total=None, connect=self._time_outs.connect, sock_connect=self._time_outs.connect, sock_read=silence
        )
        headers, pool = await self._headers(), self._watches
        assert pool, "used outside its context"
        try:
            async with pool.send(request, headers=headers, url=self._url(request), limits=limits) as answer:
                opened = answer.status < 400
                text = "" if opened else await answer.text()
                yield Answer(status=answer.status, headers=_lower(answer.headers), text=text), _lines(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _url(self, request: Request) -> str:
        return f"{self._configuration.host}{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")

    async def _headers(self) -> dict[str, str]:
        settings = await self._configuration.auth_settings()  # re-reads the pod's token every minute
        token = (settings.get("BearerToken") or {}).get("value")
        return {"User-Agent": USER_AGENT, "Accept": "application/json"} | ({"Authorization": token} if token else {})

    def _unreachable(self, error: BaseException) -> Unreachable:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            remedy = "Put the CA that signed the API server's certificate into the kubeconfig"
            return Unreachable(f"{self.server} showed a certificate that is not trusted: {error}", remedy=remedy)
        what = "was silent for too long" if isinstance(error, TimeoutError) else "could not be reached"
        return Unreachable(f"{self.server} {what} ({type(error).__name__}: {error})")


async def _load(*, kubeconfig: Path | None, context: str | None) -> Any:
    """A kubeconfig, else the default one (`KUBECONFIG`, `~/.kube/config`), else the pod's service account."""
    configuration = Configuration()
    default = os.environ.get("KUBECONFIG", "~/.kube/config")
    if kubeconfig is None and not any(map(_exists, default.split(os.pathsep))):
        load_incluster_config(configuration)
    else:
        await load_kube_config(str(kubeconfig or default), context, configuration, persist_config=False)
    return configuration


def _exists(path: str) -> bool:
    return Path(path).expanduser().exists()


def _probed_socket(address: Any) -> socket.socket:
    family, kind, protocol, *_ = address
    probed = socket.socket(family, kind, protocol)
    probed.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # TCP_KEEPIDLE is spelled otherwise on macOS, where the default stays
            probed.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return probed


async def _lines(answer: Any) -> AsyncIterator[str]:
    rest = b""
    async for chunk in answer.content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line.decode()


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def parse(text: str) -> dict[str, Any]:
    """An answer's document; raises `Unreachable` for text that is none, which only something in between sends."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Unreachable(
            "The answer is not JSON: a proxy or load balancer answered instead of the API server"
        ) from error
    return dict(document)
