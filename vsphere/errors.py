"""Everything that can go wrong with one vCenter, on one page.

    VSphereError
    ├── Unreachable           retryable   refused, reset, time-out, 5xx, TLS broken off: vCenter restarts and comes back
    ├── SessionLost           retryable   logged in again and still not authenticated
    ├── Busy                  retryable   TaskInProgress, ConcurrentAccess, resource in use
    ├── CollectorLost         retryable   the property collector's state is gone (its session ended)
    ├── CertificateRejected   permanent   the certificate is not trusted
    ├── CredentialsRejected   permanent   never tried again by itself: a second and third try locks the account
    ├── NotPermitted          permanent   a privilege is missing on an object
    ├── NotFound              permanent   an object is not there (any more)
    ├── AlreadyExists         permanent   the name is taken
    ├── Incompatible          permanent   what is there has another shape than what is needed
    ├── TaskFailed            permanent   a vCenter task ended in error (retryable when its fault is)
    └── Refused               permanent   any other fault

`retryable` decides between waiting and parking; `remedy` is the next step that a person can take. Faults are told
apart in `vsphere.api.faults`, the only module that knows pyVmomi's, http.client's and httpx' exceptions.
"""


class VSphereError(Exception):
    """A call to a vCenter that did not do what was asked.

    Attributes:
        retryable: whether the same call may succeed later without anybody doing anything.
        remedy: what a person can do about it.
    """

    retryable = False
    remedy = "Look the fault up in vCenter's own log (vpxd.log) and retry the phase."

    def __init__(self, message: str, *, remedy: str = "", retryable: bool | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy or type(self).remedy
        self.retryable = type(self).retryable if retryable is None else retryable

    def __str__(self) -> str:
        return f"{super().__str__()} {self.remedy}"


class Unreachable(VSphereError):
    """No usable answer. The call may nevertheless have worked: observe before acting again."""

    retryable = True
    remedy = "Check that this vCenter is up and that its address and port answer from here."


class SessionLost(VSphereError):
    """vCenter forgets sessions as fast as they are made."""

    retryable = True
    remedy = "Check vCenter's session limit and whether somebody terminates this user's sessions."


class Busy(VSphereError):
    """Another operation holds the object."""

    retryable = True
    remedy = "Wait for the other task on this object to end (see Recent Tasks in vCenter), or cancel it there."


class CollectorLost(VSphereError):
    """A property collector, its version or its view ended with its session; start over with a new one."""

    retryable = True
    remedy = "Nothing to do: the reading starts over."


class CertificateRejected(VSphereError):
    """The server's certificate is not trusted, or not for this name; the message says whose it is."""

    remedy = (
        "If the fingerprint is the one vCenter shows, put the certificate authority's PEM file into the file named by "
        "VCFM_VCENTER_CA_FILE (https://<vcenter>/certs/download.zip has it); if not, somebody is in between."
    )


class CredentialsRejected(VSphereError):
    """Wrong user name or password, or a locked account (`InvalidLogin`)."""

    remedy = (
        "Correct <server>.username and <server>.password in the Secret of this vCenter's credentials, check that the "
        "account is not locked, then retry."
    )


class NotPermitted(VSphereError):
    """The account lacks a privilege on an object (`NoPermission`)."""

    remedy = "Grant this privilege on this object to the account's role (with propagation where it is a container)."


class NotFound(VSphereError):
    """An object does not exist; the message has its kind and inventory path or managed object reference."""

    remedy = "Check the name or inventory path against vCenter's inventory."


class AlreadyExists(VSphereError):
    """The name is taken (`DuplicateName`, `already_exists`): observe again."""

    remedy = "Look at what has this name in vCenter; rename or remove it if it is in the way."


class Incompatible(VSphereError):
    """Something of this name exists, but in a shape that cannot be used (cardinality, associable types, kind)."""

    remedy = "Change it in vCenter to what the message asks for."


class TaskFailed(VSphereError):
    """A vCenter task ended in the state `error`."""


class Refused(VSphereError):
    """Any other fault: the call was understood and will be refused again."""
