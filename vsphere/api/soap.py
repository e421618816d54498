# mypy: disable-error-code="no-untyped-call"
# (pyVmomi types what vSphere offers, but not its own adapters and constructors)
"""The SOAP side of one vCenter: every call goes through `Stub.InvokeMethod`, nothing else touches the wire.

That one seam logs in when there is no session, logs in again once when the session has expired, reports the call, and
turns faults into `vsphere.errors`. pyVim's `SessionOrientedStub` is not used because it retries any call four times
(a mutating one as well) and keeps no record; its `SmartConnect` keeps the last connection in a global.

The API version is fixed instead of negotiated: vCenter serves every older one, 7.0 has all that is called here, and a
negotiation is one more request that no time-out of ours covers.
"""

import http.client
import ssl
import threading
import time
from datetime import UTC, datetime
from typing import Any

from pyVmomi import vim, vmodl
from pyVmomi.SoapAdapter import SoapStubAdapter

from migration.audit.call import Call, Recorder
from vsphere.api import documents, faults
from vsphere.api.endpoint import Endpoint, LoginGuard
from vsphere.errors import SessionLost, VSphereError

VERSION = "vim.version.v7_0"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""Longer than the longest window of a property collector's wait (`vsphere.updates.LONGEST_WINDOW`)."""
CONNECTIONS = 10
"""One per concurrent activity thread; a further caller opens a connection of its own and closes it afterwards."""
IDLE_SECONDS = 30
"""Shorter than any proxy's idle time-out, so that a call rarely meets a connection that the other side has closed."""

READING = frozenset(
    {
        "CancelRetrievePropertiesEx",
        "CancelWaitForUpdates",
        "ContinueRetrievePropertiesEx",
        "CreateContainerView",
        "CreateFilter",
        "CreatePropertyCollector",
        "DestroyPropertyCollector",
        "DestroyPropertyFilter",
        "DestroyView",
        "FindByInventoryPath",
        "HasPrivilegeOnEntities",
        "Login",
        "Logout",
        "RetrievePropertiesEx",
        "RetrieveServiceContent",
        "WaitForUpdatesEx",
    }
)
"""What changes nothing but our own session. Anything that is not named here counts as mutating."""
_ANONYMOUS = frozenset({"RetrieveServiceContent", "Login", "Logout"})
_BROKEN_OFF = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class _Connection(http.client.HTTPSConnection):
    """`http.client` has one time-out for both: a dead address should not take as long as a slow answer."""

    def connect(self) -> None:
        self.timeout = CONNECT_SECONDS
        super().connect()
        self.sock.settimeout(ANSWER_SECONDS)


class Stub(SoapStubAdapter):
    """pyVmomi's adapter with a session, a record and our errors. Safe for several threads."""

    _authenticating: int | None = None
    _cookie = ""

    def __init__(
        self, *, endpoint: Endpoint, context: ssl.SSLContext, login_guard: LoginGuard, recorder: Recorder
    ) -> None:
        super().__init__(
            host=endpoint.server,
            port=endpoint.port,
            version=VERSION,
            poolSize=CONNECTIONS,
            connectionPoolTimeout=IDLE_SECONDS,
            sslContext=context,
        )
        self.scheme: Any = _Connection
        self.logins = 0
        self.session_key: str | None = None
        self._endpoint = endpoint
        self._login_guard = login_guard
        self._recorder = recorder
        self._login_lock = threading.Lock()
        self._content: Any = None

    @property
    def cookie(self) -> str:
        """The session's cookie; only a login may set it.

        vCenter hands out a fresh, unauthenticated session with the refusal of an expired one. A late refusal in one
        thread would otherwise overwrite the session that another thread has just made.
        """
        return self._cookie

    @cookie.setter
    def cookie(self, value: str) -> None:
        if self._authenticating == threading.get_ident():
            self._cookie = value

    def content(self) -> Any:
        """The service's directory; it never changes during a process and needs no session."""
        if self._content is None:
            service = vim.ServiceInstance("ServiceInstance", self)
            self._content = service.RetrieveContent()
        return self._content

    def login(self, known: int = 0) -> int:
        """Makes sure of a session newer than `known`; answers its number.

        Raises CredentialsRejected (and keeps raising it without asking again), Unreachable, CertificateRejected.
        """
        with self._login_lock:
            if self.session_key is None or self.logins <= known:
                with self._login_guard.attempt():
                    self._authenticate()
            return self.logins

    def _authenticate(self) -> None:
        manager = self.content().sessionManager
        self._authenticating, self.session_key, self._cookie = threading.get_ident(), None, ""
        try:
            session = manager.Login(self._endpoint.username, self._endpoint.password)
        finally:
            self._authenticating = None
        self.session_key, self.logins = session.key, self.logins + 1

    def close(self) -> None:
        """Ends the session, if there is one and vCenter can still be told, and closes every idle connection."""
        with self._login_lock:
            try:
                if self.session_key is not None:
                    self.content().sessionManager.Logout()
            except VSphereError:
                pass  # already in the journal; an unreachable vCenter ends the session by itself when it idles
            finally:
                self.session_key = None
                self.DropConnections()

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:  # noqa: ARG002, N802, N803  theirs
        """The seam. Raises nothing but VSphereError."""
        if info.wsdlName in _ANONYMOUS:
            return self._call(mo, info, args)
        session = self.login()
        try:
            return self._call(mo, info, args)
        except SessionLost:
            self.login(session)
            return self._call(mo, info, args)

    def _call(self, mo: Any, info: Any, args: Any) -> Any:
        """One call, and a second one when a kept connection turned out to be closed and reading twice harms nobody."""
        try:
            return self._send(mo, info, args)
        except VSphereError as error:
            if info.wsdlName in READING and isinstance(error.__cause__, _BROKEN_OFF):
                return self._send(mo, info, args)
            raise

    def _send(self, mo: Any, info: Any, args: Any) -> Any:
        started, clock, outcome, answer = datetime.now(UTC), time.monotonic(), "ok", None
        target = documents.reference(mo)
        call = f"{info.wsdlName} on {target}"
        try:
            answer = super().InvokeMethod(mo, info, args)
        except vmodl.MethodFault as fault:
            outcome = faults.name(fault)
            raise faults.soap(fault, endpoint=self._endpoint, call=call) from fault
        except faults.BROKEN_WIRE as error:
            outcome = type(error).__name__
            raise faults.wire(error, endpoint=self._endpoint, call=call) from error
        finally:
            self._recorder(
                Call(
                    system="vsphere-soap",
                    server=self._endpoint.name,
                    method=info.wsdlName,
                    target=target,
                    mutating=info.wsdlName not in READING,
                    started=started,
                    seconds=time.monotonic() - clock,
                    outcome=outcome,
                    request=documents.request(info, args),
                    response=documents.plain(answer),
                )
            )
        return answer
