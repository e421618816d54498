"""The record of a cluster's migration, kept in the cluster itself: one Secret in the migration's own namespace.

A Secret, because whoever may read it may know every name of both sides. Written whole by server-side apply, on
condition that nobody has written it since it was looked at; read back; left there when the migration has ended, and
overwritten by the next one.
"""

from pydantic import ValidationError

from migration.frozen_model import FrozenModel, KubeObject
from migration.run.checkpoint import Checkpoint, CheckpointUpdate, checkpoint_name, contradiction
from openshift.api.client import Cluster
from openshift.api.documents import describe, get_path
from openshift.api.resources import SECRET
from openshift.errors import CheckpointMissing, CheckpointUnreadable, Superseded, Unexpected
from openshift.packing import CHECKSUM, pack, unpack

PHASE = "migration.openshift.io/phase"
RUN = "migration.openshift.io/run"

_MEND = (
    "Restore that Secret from a backup of the cluster; only if you know that nothing of a migration is left in it, "
    "delete the Secret"
)


class StoredCheckpoint(FrozenModel):
    """A record by reference, with the checksum it was read back with."""

    secret: str
    sha256: str


async def load_checkpoint(cluster: Cluster, *, namespace: str, infrastructure_name: str) -> Checkpoint | None:
    """The record, or None where no migration has begun; raises `CheckpointUnreadable` if it cannot be relied on."""
    secret = await cluster.find(SECRET, checkpoint_name(infrastructure_name), namespace=namespace)
    return read_checkpoint(secret) if secret else None


def read_checkpoint(secret: KubeObject) -> Checkpoint:
    """The record in its Secret; raises `CheckpointUnreadable` where it is damaged, or another version's."""
    try:
        return Checkpoint.model_validate(unpack(secret, remedy=_MEND))
    except Unexpected as error:
        raise CheckpointUnreadable(error.args[0], remedy=error.remedy) from error
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()})[:10])
        raise CheckpointUnreadable(
            f"{describe(secret)} is the record of another version of vcf-migration (it differs in {fields})",
            remedy="Use the version of vcf-migration that began the migration",
        ) from error


async def write_checkpoint(cluster: Cluster, record: Checkpoint) -> StoredCheckpoint:
    """Have the cluster's record be this one, and read it back.

    Raises:
        Superseded: the record there says that this run must not go on (`migration.run.checkpoint.contradiction`).
        Conflict: somebody else wrote it in between.
    """
    namespace, name = record.plan.namespace, checkpoint_name(record.plan.infrastructure_name)
    existing = await cluster.find(SECRET, name, namespace=namespace)
    if existing is None or not _holds(existing, record):
        wanted = checkpoint_secret(record)
        if existing is not None:
            wanted["metadata"]["resourceVersion"] = existing["metadata"]["resourceVersion"]
        await cluster.apply(SECRET, wanted, force=True)
    seen = await cluster.get(SECRET, name, namespace=namespace)
    if not _holds(seen, record):
        raise Unexpected(
            f"{describe(seen)} is not what was written into it a moment ago",
            remedy="Find out who else writes it (metadata.managedFields), stop that, then retry",
        )
    return StoredCheckpoint(secret=name, sha256=str(get_path(seen, "metadata", "annotations", CHECKSUM)))


async def update_checkpoint(cluster: Cluster, update: CheckpointUpdate) -> StoredCheckpoint:
    """Merge what has changed into the stored record, whose request and plan stay; safe to repeat.

    Raises:
        CheckpointMissing: it is not there, unreadable, or has another request or plan: write it whole.
        Superseded, Conflict: as `write_checkpoint`.
    """
    name = checkpoint_name(update.infrastructure_name)
    existing = await cluster.find(SECRET, name, namespace=update.namespace)
    try:
        stored = read_checkpoint(existing) if existing else None
    except CheckpointUnreadable:
        stored = None
    merged = update.applied_to(stored) if stored else None
    if merged is None:
        raise CheckpointMissing(f"Secret {update.namespace}/{name} does not hold this migration's request and plan")
    return await write_checkpoint(cluster, merged)


def checkpoint_secret(record: Checkpoint) -> KubeObject:
    """The Secret that holds a record."""
    return pack(
        record.model_dump(mode="json"),
        name=checkpoint_name(record.plan.infrastructure_name),
        namespace=record.plan.namespace,
        component="record",
        annotations={PHASE: record.ended or record.phase, RUN: record.run},
    )


def _holds(secret: KubeObject, record: Checkpoint) -> bool:
    """Whether it is this very record.

    What cannot be read contradicts nothing: the run that writes knows better, and fixes it. Raises `Superseded`.
    """
    try:
        stored = read_checkpoint(secret)
    except CheckpointUnreadable:
        return False
    if reason := contradiction(stored, record):
        raise Superseded(f"{describe(secret)}: {reason}")
    return stored == record
