"""How activities fail: with one sentence of what happened and one of what a person can do.

Adapters say of each of their errors whether trying again can help; here that becomes Temporal's language. The first
detail of the failure is the remedy, which `workflows.status.failures` reads back.
"""

from temporalio.exceptions import ApplicationError

from migration.documents.cloud_config import CloudConfigError
from migration.documents.infrastructure import InfrastructureError
from migration.documents.machine_sets import UnsupportedMachineSetError
from migration.documents.metadata_json import IncompleteMetadataError
from openshift.errors import OpenShiftError
from vsphere.errors import VSphereError


class WaitFailed(Exception):
    """The world is not as it must be, and waiting longer does not help.

    Attributes:
        remedy: what a person can do.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


EXPECTED = (
    OpenShiftError,
    VSphereError,
    WaitFailed,
    InfrastructureError,
    CloudConfigError,
    UnsupportedMachineSetError,
    IncompleteMetadataError,
)
"""What `failure` understands. Anything else is a bug, and is retried until somebody mends it."""


def failure(error: Exception) -> ApplicationError:
    """The error as Temporal carries it."""
    remedy = getattr(error, "remedy", "") or "mend what the message names, then retry"
    return ApplicationError(
        str(error.args[0]) if error.args else type(error).__name__,
        remedy,
        type=type(error).__name__,
        non_retryable=not getattr(error, "retryable", False),
    )
