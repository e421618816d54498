"""Requests to start a migration or to run preflight alone, the same from every client, and the preflight result."""

from migration.concern import Concern
from migration.frozen_model import FrozenModel
from migration.plan import Plan
from migration.run.adoption import Adoption
from migration.run.status import MachineView
from migration.spec.model import MigrationSpec


class Owner(FrozenModel):
    """The custom resource that a migration was started for; one started by REST or at a terminal is nobody's.

    Attributes:
        claim: tells one start of the resource from a later one, after a rollback for instance.
    """

    namespace: str
    name: str
    uid: str
    claim: str


class MigrationRequest(FrozenModel):
    """One submitted migration.

    Attributes:
        cluster: the cluster's name in the service's configuration; empty for the only one.
        infrastructure_name: what the cluster calls itself (`Infrastructure.status.infrastructureName`); it makes the
            workflow's id, so that there is at most one migration per cluster.
        requested_by: who asked for it; empty where nobody had to say.
        separate_approver: whether somebody else than `requested_by` must approve.
        approval_key: the public key (`migration.run.approval`) that must have signed what lets the migration go
        forward;
            empty where nothing must be signed.
        adopts: set where this run takes over a migration that the cluster has a record of (`migration.run.checkpoint`).
    """

    cluster: str = ""
    infrastructure_name: str
    spec: MigrationSpec
    requested_by: str = ""
    separate_approver: bool = False
    approval_key: str = ""
    owner: Owner | None = None
    adopts: Adoption | None = None


class PreflightRequest(FrozenModel):
    """What preflight would say to this, if it were started now."""

    cluster: str = ""
    spec: MigrationSpec


class ClusterName(FrozenModel):
    """Which of the configured clusters is meant; empty for the only one."""

    cluster: str = ""


class ClusterIdentity(FrozenModel):
    """What a cluster says of itself."""

    cluster: str = ""
    infrastructure_name: str
    version: str
    api_server: str


def workflow_id(infrastructure_name: str) -> str:
    """The id of a cluster's migration: Temporal allows one open run of it, and so do we."""
    return f"vcfm-{infrastructure_name}"


class PreflightResult(FrozenModel):
    """Everything preflight found; without a plan the migration must not start."""

    concerns: list[Concern]
    plan: Plan | None
    nodes: list[MachineView]
