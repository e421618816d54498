"""The REST side of one vCenter (tags live only here), in either of its two dialects.

`/api` (7.0 U2 and later) takes and gives bare documents; `/rest/com/vmware` wraps answers in `{"value": …}` and some
requests in `{"create_spec": …}`, and writes ids as `id:…` and actions as `~action`. Which one a server speaks shows
when logging in. The official SDK is not used: it brings a runtime of its own for these dozen calls.
"""

import ssl
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from migration.audit.call import Call, Recorder
from vsphere.api import faults
from vsphere.api.endpoint import Endpoint, LoginGuard
from vsphere.errors import CredentialsRejected, SessionLost, Unreachable, VSphereError

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
CONNECTIONS = httpx.Limits(max_connections=10, keepalive_expiry=30.0)
"""As for SOAP: one per concurrent activity thread, given up before a proxy does."""

_SESSION_HEADER = "vmware-api-session-id"
_API, _LEGACY = "/api", "/rest/com/vmware"


class Rest:
    """A session with one vCenter's REST API. Safe for several threads."""

    def __init__(
        self, *, endpoint: Endpoint, context: ssl.SSLContext, login_guard: LoginGuard, recorder: Recorder
    ) -> None:
        self._endpoint = endpoint
        self._login_guard = login_guard
        self._recorder = recorder
        self._login_lock = threading.Lock()
        self._session: str | None = None
        self._root = _API
        # The environment's proxies are left aside, because SOAP does not go through them either.
        self._client = httpx.Client(
            base_url=f"https://{_host(endpoint.server)}:{endpoint.port}",
            verify=context,
            timeout=TIMEOUT,
            limits=CONNECTIONS,
            trust_env=False,
        )

    def get(self, resource: str, *, key: str = "") -> Any:
        """Reads a resource (`cis/tagging/category`), or one of its elements. Raises VSphereError."""
        return self._call("GET", resource, key=key)

    def create(self, resource: str, spec: dict[str, Any]) -> Any:
        """Creates an element; answers its id. Raises VSphereError (AlreadyExists among them)."""
        return self._call("POST", resource, body=lambda root: spec if root == _API else {"create_spec": spec})

    def delete(self, resource: str, *, key: str) -> None:
        """Deletes an element. Raises VSphereError (NotFound among them)."""
        self._call("DELETE", resource, key=key)

    def act(self, resource: str, action: str, body: dict[str, Any], *, key: str = "") -> Any:
        """Performs an action on a resource or one of its elements. Raises VSphereError."""
        return self._call("POST", resource, key=key, action=action, body=lambda _: body)

    def legacy(self) -> bool:
        """Whether this server speaks only the older dialect; logs in to find out."""
        self.login()
        return self._root == _LEGACY

    def login(self, known: str | None = None) -> str:
        """Makes sure of a session other than `known`; answers its id."""
        with self._login_lock:
            if self._session is None or self._session == known:
                with self._login_guard.attempt():
                    self._session = self._authenticate()
            return self._session

    def close(self) -> None:
        """Ends the session, if there is one and the server can still be told, and closes every connection."""
        with self._login_lock:
            try:
                if self._session is not None:
                    self._send("DELETE", self._session_path(), headers={_SESSION_HEADER: self._session})
            except VSphereError:
                pass  # already in the journal; the session ends by itself when it idles
            finally:
                self._session = None
                self._client.close()

    def _authenticate(self) -> str:
        basic = httpx.BasicAuth(self._endpoint.username, self._endpoint.password)
        for self._root in (_API, _LEGACY):
            response = self._send(
                "POST", self._session_path(), auth=basic, headers={"vmware-use-header-authn": "true"}, secret=True
            )
            if response.status_code == httpx.codes.UNAUTHORIZED:
                raise CredentialsRejected(
                    f"{self._endpoint.name} refuses the login of {self._endpoint.username!r} to its REST API."
                )
            if response.status_code != httpx.codes.NOT_FOUND:
                return str(self._answer(response, f"POST {self._session_path()}"))
        raise Unreachable(f"{self._endpoint.name} answers, but has no REST API (neither {_API} nor {_LEGACY}).")

    def _call(self, method: str, resource: str, *, key: str = "", action: str = "", body: Any = None) -> Any:
        session = self.login()
        try:
            return self._once(method, resource, key=key, action=action, body=body, session=session)
        except SessionLost:
            session = self.login(session)
            return self._once(method, resource, key=key, action=action, body=body, session=session)

    def _once(self, method: str, resource: str, *, key: str, action: str, body: Any, session: str) -> Any:
        legacy = self._root == _LEGACY
        path = f"{self._root}/{resource}" + (f"/{'id:' if legacy else ''}{key}" if key else "")
        response = self._send(
            method,
            path,
            params={"~action" if legacy else "action": action} if action else None,
            json=body(self._root) if body else None,
            headers={_SESSION_HEADER: session},
            mutating=method != "GET" and not action.startswith("list-"),
        )
        return self._answer(response, f"{method} {path} {action}".rstrip())

    def _answer(self, response: httpx.Response, call: str) -> Any:
        if response.is_error:
            raise faults.rest(response, endpoint=self._endpoint, call=call)
        document = _document(response)
        return document.get("value") if self._root == _LEGACY and isinstance(document, dict) else document

    def _send(
        self, method: str, path: str, *, mutating: bool = False, secret: bool = False, **request: Any
    ) -> httpx.Response:
        """The seam: one request, one `Call`. Raises Unreachable or CertificateRejected; any answer is an answer."""
        started, clock, outcome, answer = datetime.now(UTC), time.monotonic(), "", None
        try:
            response = self._client.request(method, path, **request)
            outcome = "ok" if response.is_success else str(response.status_code)
            answer = None if secret else _document(response)
        except httpx.TransportError as error:
            outcome = type(error).__name__
            raise faults.wire(error, endpoint=self._endpoint, call=f"{method} {path}") from error
        finally:
            action = next(iter((request.get("params") or {}).values()), "")
            self._recorder(
                Call(
                    system="vsphere-rest",
                    server=self._endpoint.name,
                    method=method,
                    target=f"{path}?action={action}" if action else path,
                    mutating=mutating,
                    started=started,
                    seconds=time.monotonic() - clock,
                    outcome=outcome,
                    request=request.get("json"),
                    response=answer,
                )
            )
        return response

    def _session_path(self) -> str:
        return f"{_API}/session" if self._root == _API else f"{_LEGACY}/cis/session"


def _host(server: str) -> str:
    """An IPv6 address needs brackets in a URL."""
    return f"[{server}]" if ":" in server else server


def _document(response: httpx.Response) -> Any:
    """The body as JSON; a proxy's error page as the beginning of its text; nothing as nothing."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        return response.text[:300]
