"""How activities fail: with one sentence of what happened and one of what a person can do.

Adapters say of each of their errors whether trying again can help; here that becomes Temporal's language. The first
detail of the failure is the remedy, the second whether it is a permanent answer of the world: both are read back by
`workflows.status.failures`. Only a permanent answer lets a migration roll back by itself. Patience that ended is none,
since the world may still come to it; and an account that is refused says nothing of what the migration does.
"""

from datetime import timedelta

from temporalio.exceptions import ApplicationError

from migration.documents.cloud_config import CloudConfigError
from migration.documents.infrastructure import InfrastructureError
from migration.documents.machine_sets import UnsupportedMachineSetError
from migration.documents.metadata_json import IncompleteMetadataError
from migration.run.heartbeat import OUTAGE, Elapsed
from openshift.errors import Forbidden, Misconfigured, OpenShiftError, Superseded, Unauthorized
from vsphere.errors import CertificateRejected, CredentialsRejected, NotPermitted, VSphereError


class WaitFailed(Exception):
    """The world is not as it must be, and waiting longer does not help.

    Attributes:
        remedy: what a person can do.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class WaitTimedOut(WaitFailed):
    """A wait has lasted for as long as it may; the world may still come to what is waited for."""


class OutageTooLong(WaitFailed):
    """Every attempt has failed, for longer than an outage may last."""


EXPECTED = (
    OpenShiftError,
    VSphereError,
    WaitFailed,
    InfrastructureError,
    CloudConfigError,
    UnsupportedMachineSetError,
    IncompleteMetadataError,
)
"""What `failure` understands. Anything else is a bug, and is retried until somebody fixes it."""

_NO_ANSWER = (
    WaitTimedOut,
    OutageTooLong,
    Superseded,
    Unauthorized,
    Forbidden,
    Misconfigured,
    CertificateRejected,
    CredentialsRejected,
    NotPermitted,
)
"""Errors after which trying again is in vain, and which say nothing of whether the migration can go on."""


def is_outage(error: BaseException) -> bool:
    """Whether an API server or a vCenter could not answer now; false for a bug and for whatever is permanent."""
    return isinstance(error, EXPECTED) and bool(getattr(error, "retryable", False))


def failure(error: Exception) -> ApplicationError:
    """The error as Temporal carries it."""
    retryable = bool(getattr(error, "retryable", False))
    return ApplicationError(
        _message(error),
        _remedy(error),
        not retryable and isinstance(error, EXPECTED) and not isinstance(error, _NO_ANSWER),
        type=type(error).__name__,
        non_retryable=not retryable,
    )


def outage_too_long(elapsed: Elapsed, error: Exception) -> OutageTooLong:
    """What ends the attempts after an outage that has lasted too long; `error` is what the last one met."""
    return OutageTooLong(
        f"{_message(error)} ({_lasted(elapsed)})",
        remedy=f"{_remedy(error).rstrip('.')}; there are no further attempts: once it is fixed, retry",
    )


def no_attempt_ends(activity: str, elapsed: Elapsed) -> OutageTooLong:
    """What ends an activity whose attempts are ended by their own time-out, one like the other."""
    return OutageTooLong(
        f"{activity} is not done within the time that one attempt may take ({_lasted(elapsed)})",
        remedy="see in the journal which of its calls are slow or unanswered, fix what they wait for, then retry",
    )


def _lasted(elapsed: Elapsed) -> str:
    began = f" since {elapsed.since:%Y-%m-%d %H:%M:%S}Z" if elapsed.since else ""
    return f"so in every attempt{began}, for more than {OUTAGE // timedelta(minutes=1)} minutes of attempts"


def _message(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _remedy(error: Exception) -> str:
    return getattr(error, "remedy", "") or "fix what the message names, then retry"
