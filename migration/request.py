"""What starts a migration: the input of the workflow, made by every door alike."""

from migration.spec import MigrationSpec
from migration.value import Value


class MigrationRequest(Value):
    """One submitted migration.

    Attributes:
        cluster: the cluster's name in the service's configuration; empty for the only one.
        infrastructure_name: what the cluster calls itself (`Infrastructure.status.infrastructureName`); it makes the
            workflow's id, so that there is at most one migration per cluster.
        requested_by: who asked for it; empty where nobody had to say.
        separate_approver: whether somebody else than `requested_by` must approve.
        approval_key: the public key (`migration.approval`) that must have signed what lets the migration go forward;
            empty where nothing must be signed.
    """

    cluster: str = ""
    infrastructure_name: str
    spec: MigrationSpec
    requested_by: str = ""
    separate_approver: bool = False
    approval_key: str = ""


class ClusterName(Value):
    """Which of the configured clusters is meant; empty for the only one."""

    cluster: str = ""


class ClusterIdentity(Value):
    """What a cluster says of itself."""

    cluster: str = ""
    infrastructure_name: str
    version: str
    api_server: str


def workflow_id(infrastructure_name: str) -> str:
    """The id of a cluster's migration: Temporal allows one open run of it, and so do we."""
    return f"vcfm-{infrastructure_name}"
