"""A document in a Secret, as small as it can be had, with a checksum that says whether it is still what was written.

Secrets, because some of what is kept there was one; compressed, because etcd takes no more than a megabyte.
"""

import gzip
import json
from base64 import b64decode, b64encode
from hashlib import sha256

from migration.frozen_model import KubeObject
from openshift.api.client import FIELD_MANAGER
from openshift.api.documents import describe, get_path
from openshift.api.resources import SECRET
from openshift.errors import Unexpected

KEY = "document.json.gz"
CHECKSUM = "migration.openshift.io/sha256"

MOST_BYTES = 900_000
"""The API server takes a megabyte of content in one Secret."""


def pack(content: KubeObject, *, name: str, namespace: str, component: str, annotations: dict[str, str]) -> KubeObject:
    """The Secret that holds a document; raises `Unexpected` for one that no Secret can hold."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    packed = gzip.compress(text, mtime=0)
    if len(packed) > MOST_BYTES:
        raise Unexpected(
            f"Secret {namespace}/{name} would hold {len(packed)} bytes, and may hold {MOST_BYTES}",
            remedy="This is more than any cluster known to us needs: report it, with the number of its machines",
        )
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": FIELD_MANAGER, "app.kubernetes.io/component": component},
            "annotations": {CHECKSUM: sha256(text).hexdigest(), **annotations},
        },
        "type": "Opaque",
        "data": {KEY: b64encode(packed).decode()},
    }


def unpack(secret: KubeObject, *, remedy: str) -> KubeObject:
    """The document in such a Secret; raises `Unexpected` when its checksum is not the stored one."""
    try:
        text = gzip.decompress(b64decode(get_path(secret, "data", KEY) or ""))
    except (OSError, ValueError, EOFError):
        text = b""
    if sha256(text).hexdigest() != get_path(secret, "metadata", "annotations", CHECKSUM):
        raise Unexpected(f"{describe(secret)} is damaged: its checksum differs", remedy=remedy)
    return dict(json.loads(text))
