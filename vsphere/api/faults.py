"""From the exceptions of three libraries to the one tree of `vsphere.errors`.

Judgements worth knowing: 404 of a whole endpoint is "unreachable", since vCenter's proxy answers so while the service
behind it starts; a TLS handshake that breaks off is "unreachable", one whose certificate fails is not; a fault that
is not in the table is permanent, because retrying what is not understood hides it.
"""

import http.client
import ssl
from collections.abc import Iterator
from typing import Any
from xml.parsers.expat import ExpatError

import httpx
from pyVmomi import vim, vmodl

from vsphere.api import certificates
from vsphere.api.endpoint import Endpoint
from vsphere.api.moref import moref
from vsphere.errors import (
    AlreadyExists,
    Busy,
    CertificateRejected,
    CollectorLost,
    CredentialsRejected,
    Incompatible,
    NotFound,
    NotPermitted,
    Refused,
    SessionLost,
    Unreachable,
    VSphereError,
)

_UNINTELLIGIBLE = (ExpatError, KeyError)
"""An answer that is no SOAP (a proxy's error page), or has a type that pyVmomi does not know."""
BROKEN_WIRE = (OSError, http.client.HTTPException, httpx.TransportError, *_UNINTELLIGIBLE)
"""What a call can raise besides a fault."""

_FAULTS: tuple[tuple[type[Exception], type[VSphereError]], ...] = (
    (vim.fault.NotAuthenticated, SessionLost),
    (vim.fault.InvalidLogin, CredentialsRejected),
    (vmodl.query.InvalidCollectorVersion, CollectorLost),
    (vim.fault.DuplicateName, AlreadyExists),
    (vim.fault.AlreadyExists, AlreadyExists),
    (vim.fault.TaskInProgress, Busy),
    (vim.fault.ConcurrentAccess, Busy),
    (vim.fault.ResourceInUse, Busy),
    (vim.fault.Timedout, Unreachable),
    (vmodl.fault.HostCommunication, Unreachable),
    (vim.fault.NotFound, NotFound),
)


def soap(fault: Exception, *, endpoint: Endpoint, call: str) -> VSphereError:
    """The error that a SOAP fault means; `call` is `Method on Type:moref`."""
    where = f"{call} on {endpoint.name}"
    if isinstance(fault, vmodl.fault.ManagedObjectNotFound):
        gone = moref(fault.obj) if fault.obj else "the object"
        return NotFound(f"{where}: {gone} is gone.", remedy="Nothing, if it was to be removed; else read it anew.")
    for kind, error in _FAULTS:
        if isinstance(fault, kind):
            return error(f"{where}: {text(fault)}.")
    if isinstance(fault, vim.fault.NoPermission):  # after the table: NotAuthenticated is one too
        on = moref(fault.object) if fault.object else "an object it did not name"
        return NotPermitted(f"{where}: the account lacks privilege {fault.privilegeId} on {on}.")
    return Refused(f"{where}: {text(fault)}.")


def text(fault: Any) -> str:
    """`DuplicateName: The name 'x' already exists`; vCenter's own message is localised and may be missing."""
    message = getattr(fault, "msg", None) or getattr(fault, "reason", None) or ""
    return f"{name(fault)}: {message}".rstrip(".: ")


def name(fault: Any) -> str:
    """`DuplicateName` of `vim.fault.DuplicateName`."""
    return type(fault).__name__.rsplit(".", 1)[-1]


def wire(error: Exception, *, endpoint: Endpoint, call: str) -> VSphereError:
    """The error that a failure below SOAP and REST means."""
    where = f"{call} on {endpoint.name}"
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            who = certificates.presented(endpoint.server, endpoint.port)
            return CertificateRejected(f"{where}: {each.verify_message}. The server presents {who}.")
    if isinstance(error, _UNINTELLIGIBLE):
        return Unreachable(f"{where}: the answer is none that a vCenter gives ({type(error).__name__}: {error}).")
    return Unreachable(f"{where}: {type(error).__name__}: {error}.")


def rest(response: httpx.Response, *, endpoint: Endpoint, call: str) -> VSphereError:
    """The error that a REST answer of 400 and above means.

    The same error is `{"error_type": "ALREADY_EXISTS"}` under `/api` and
    `{"type": "com.vmware.vapi.std.errors.already_exists"}` under `/rest`.
    """
    kind, message = _reason(response)
    said = f"{call} on {endpoint.name}: HTTP {response.status_code} {kind} {message}".rstrip() + "."
    if response.status_code == httpx.codes.UNAUTHORIZED or kind == "unauthenticated":
        return SessionLost(said)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        return Unreachable(said)
    return {
        "already_exists": AlreadyExists,
        "not_found": NotFound,
        "unauthorized": NotPermitted,
        "resource_busy": Busy,
        "resource_in_use": Busy,
        "service_unavailable": Unreachable,
        "timed_out": Unreachable,
        "not_allowed_in_current_state": Incompatible,
    }.get(kind, {403: NotPermitted, 404: NotFound}.get(response.status_code, Refused))(said)


def _reason(response: httpx.Response) -> tuple[str, str]:
    try:
        body = response.json()
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    kind = str(body.get("error_type") or body.get("type") or "").rsplit(".", 1)[-1].lower()
    inner = body.get("value") if isinstance(body.get("value"), dict) else body
    messages = inner.get("messages") or [] if isinstance(inner, dict) else []
    return kind, "; ".join(str(each.get("default_message", "")) for each in messages if isinstance(each, dict))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
