"""Before-images: what an object was before the migration touched it, kept in the cluster itself.

In Secrets, because some of the objects are; in the migration's own namespace, one per object, under a name that follows
from migration and object, so that a second attempt finds what the first one stored. Written once: an attempt that comes
after the change would otherwise store the changed object as its own past. Never used to write an object back whole;
they are the old values for field-wise inverses, and a person's last resort (`base64 -d | gunzip`).
"""

import contextlib
from hashlib import sha256

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import describe
from openshift.api.resources import SECRET, Resource
from openshift.errors import AlreadyExists
from openshift.packing import CHECKSUM, pack, unpack

OBJECT = "migration.openshift.io/object"
MIGRATION = "migration.openshift.io/migration"

_LONGEST_NAME = 253


class Backup(FrozenModel):
    """A stored before-image, by reference: `secret` in the migration's namespace, checksum of the document's JSON."""

    object: str
    secret: str
    sha256: str


async def take_backup(
    cluster: Cluster, *, migration: str, namespace: str, resource: Resource, name: str, object_namespace: str | None
) -> Backup:
    """Store an object as it is now, once, and read it back; what an earlier attempt stored is kept.

    `migration` must tell this migration from an earlier one of the same cluster. Raises `NotFound` where there is no
    such object, `Unexpected` where what is stored is damaged.
    """
    secret = backup_name(resource, name=name, namespace=object_namespace, migration=migration)
    existing = await cluster.find(SECRET, secret, namespace=namespace)
    if existing is None:
        document = await cluster.get(resource, name, namespace=object_namespace)
        with contextlib.suppress(AlreadyExists):  # an earlier try worked although it failed
            await cluster.create(SECRET, packed(document, secret=secret, namespace=namespace, migration=migration))
        existing = await cluster.get(SECRET, secret, namespace=namespace)
    unpacked(existing)
    annotations = existing["metadata"]["annotations"]
    return Backup(object=annotations[OBJECT], secret=secret, sha256=annotations[CHECKSUM])


async def load_backup(cluster: Cluster, *, namespace: str, secret: str) -> KubeObject:
    """The document of a before-image; raises `Unexpected` when it is not what was stored."""
    return unpacked(await cluster.get(SECRET, secret, namespace=namespace))


def backup_name(resource: Resource, *, name: str, namespace: str | None, migration: str) -> str:
    """`vcfm-backup-<kind>-<namespace>-<name>-<digest>`: cut if too long, unique by the digest."""
    readable = "-".join(filter(None, ("vcfm-backup", resource.kind.lower(), namespace, name)))
    whole = "/".join((migration, resource.group, resource.kind, namespace or "", name))
    digest = sha256(whole.encode()).hexdigest()[:10]
    return f"{readable[: _LONGEST_NAME - len(digest) - 1].rstrip('-.')}-{digest}"


def packed(document: KubeObject, *, secret: str, namespace: str, migration: str) -> KubeObject:
    """The Secret that holds a document."""
    metadata = {key: value for key, value in document["metadata"].items() if key != "managedFields"}
    return pack(
        document | {"metadata": metadata},
        name=secret,
        namespace=namespace,
        component="before-image",
        annotations={OBJECT: describe(document), MIGRATION: migration},
    )


def unpacked(secret: KubeObject) -> KubeObject:
    """The document in such a Secret; raises `Unexpected` when its checksum is not the stored one."""
    remedy = "Delete that before-image if nothing has been changed yet, then retry; else restore it from a backup"
    return unpack(secret, remedy=remedy)
