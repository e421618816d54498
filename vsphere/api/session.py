"""One vCenter as the rest of the service sees it: a lazy session on both of its APIs, and nothing global.

Make one per endpoint and process and share it between threads: a session per call is what fills vCenter's session
list, and what locks accounts (field experience of every vSphere provider). Nothing is sent before the first call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from pyVmomi.VmomiSupport import GuessWsdlType

from migration.audit.call import Recorder
from vsphere.api import certificates
from vsphere.api.endpoint import Endpoint, LoginGuard
from vsphere.api.moref import Moref, split
from vsphere.api.rest import Rest
from vsphere.api.soap import Stub
from vsphere.errors import VSphereError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class About:
    """Which vCenter this is (`ServiceInstance.content.about`); `instance_uuid` tells two vCenters apart for sure."""

    name: str
    version: str
    build: str
    instance_uuid: str


class VCenter:
    """A vCenter: SOAP objects by reference, REST by `rest`. Errors are `vsphere.errors` throughout."""

    def __init__(self, endpoint: Endpoint, recorder: Recorder) -> None:
        """Sends nothing. Raises CertificateRejected when `endpoint.ca_file` cannot be used."""
        self.endpoint = endpoint
        context, login_guard = certificates.trust(endpoint.ca_file), LoginGuard(endpoint)
        self._login_guard = login_guard
        self.soap = Stub(endpoint=endpoint, context=context, login_guard=login_guard, recorder=recorder)
        self.rest = Rest(endpoint=endpoint, context=context, login_guard=login_guard, recorder=recorder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Logs out of both APIs (vCenter keeps a limited number of sessions), for good. Never raises."""
        self._login_guard.close()
        self.soap.close()
        self.rest.close()

    def about(self) -> About:
        """Which vCenter answers here; needs no credentials."""
        about = self.content.about
        return About(
            name=about.fullName, version=about.version, build=about.build, instance_uuid=str(about.instanceUuid or "")
        )

    def verify(self) -> About:
        """Proves certificate and credentials on both APIs; a session on one says nothing about the other.

        Raises CertificateRejected, CredentialsRejected, Unreachable.
        """
        self.soap.login()
        self.rest.login()
        return self.about()

    @property
    def content(self) -> Any:
        """The service's directory of its singletons."""
        return self.soap.content()

    def managed(self, reference: Moref) -> Any:
        """The pyVmomi object of a reference. Never read its attributes: each is a round trip; call its methods."""
        kind, value = split(reference)
        return GuessWsdlType(kind)(value, self.soap)  # type: ignore[no-untyped-call]  # pyVmomi's own lookup is untyped

    def in_one_session(self, read: Callable[[], T]) -> T:
        """Reads; starts over once if the session was renewed half-way.

        Views and pages die with their session, and what is then read through them is less than what there is.
        """
        before = self.soap.login()
        try:
            found = read()
        except VSphereError:
            if self.soap.logins == before:
                raise
        else:
            if self.soap.logins == before:
                return found
        return read()
