"""A session with one vCenter, and whether an account gets one.

Built from pyVmomi's stub by hand: its own `SmartConnect` keeps a global, and asks the server for its versions without
a time-out. TLS is verified against the lab's CA always.
"""

import asyncio
import logging
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim as untyped_vim
from pyVmomi import vmodl as untyped_vmodl
from pyVmomi.SoapAdapter import SoapStubAdapter as UntypedStub

log = logging.getLogger(__name__)
API_VERSION = "vim.version.v8_0_2_0"
LOGIN_SECONDS = 5  # a vCenter that takes longer counts as unreachable
REMEMBERED_SECONDS = 5.0
# pyVmomi types neither its constructors nor optional arguments.
vim: Any = untyped_vim
vmodl: Any = untyped_vmodl
Stub: Any = UntypedStub
OUTAGE: tuple[type[Exception], ...] = (OSError, vmodl.MethodFault, ssl.SSLError)


@dataclass(frozen=True, kw_only=True)
class Access:
    """A vCenter's address and an account on it."""

    server: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_file: str


class Session:
    """Logged in from creation to `close`; blocking, for one thread only.

    Raises (at creation and by every call on `content`): `vmodl.MethodFault` and `OSError`.
    """

    def __init__(self, access: Access, *, seconds: int) -> None:
        self._stub = Stub(
            host=access.server,
            port=access.port,
            version=API_VERSION,
            sslContext=ssl.create_default_context(cafile=access.ca_file),
            httpConnectionTimeout=seconds,
        )
        try:
            self.content: Any = vim.ServiceInstance("ServiceInstance", self._stub).RetrieveContent()
            self.content.sessionManager.Login(access.username, access.password)
        except BaseException:
            self._stub.DropConnections()
            raise

    def close(self) -> None:
        try:
            self.content.sessionManager.Logout()
        except OUTAGE as error:
            log.debug("the session ended before its logout: %r", error)
        finally:
            self._stub.DropConnections()


class Logins:
    """Tries accounts on the lab's vCenters, and remembers each answer for some seconds.

    Several operators ask the same question at the same moment; a real vCenter would lock an account for that.
    """

    def __init__(self, *, ca_files: dict[str, str]) -> None:
        self._ca_files = ca_files
        self._answers: dict[tuple[str, int, str, str], tuple[float, str]] = {}
        self._asking = asyncio.Lock()

    async def problem(self, *, server: str, port: int, username: str, password: str) -> str:
        """Why this account cannot log in there, in the words that OpenShift's components log; nothing when it can."""
        key = (server, port, username, password)
        async with self._asking:
            asked, answer = self._answers.get(key, (float("-inf"), ""))
            if time.monotonic() - asked > REMEMBERED_SECONDS:
                answer = await asyncio.to_thread(self._try, server, port, username, password)
                self._answers[key] = (time.monotonic(), answer)
        return answer

    def _try(self, server: str, port: int, username: str, password: str) -> str:
        if server not in self._ca_files:
            return f'Post "https://{server}:{port}/sdk": dial tcp: lookup {server}: no such host'
        if not username or not password:
            return f"unable to find credentials for vCenter {server}"
        access = Access(server=server, port=port, username=username, password=password, ca_file=self._ca_files[server])
        try:
            Session(access, seconds=LOGIN_SECONDS).close()
        except vim.fault.InvalidLogin:
            return "ServerFaultCode: Cannot complete login due to an incorrect user name or password."
        except OUTAGE as error:
            return f'Post "https://{server}:{port}/sdk": {type(error).__name__}: {getattr(error, "msg", error)}'
        return ""
