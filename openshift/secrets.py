"""vCenter credentials in Secrets: `<server>.username` and `<server>.password`, looked up by the exact server's name.

They are only ever changed key by key: the same Secret holds the other vCenter's keys, which must stay until its last VM
is gone. Values live in memory for as long as a call takes; no message, repr or comparison shows one.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from migration.frozen_model import KubeObject
from migration.openshift_names import CREDENTIALS_NAME, CREDENTIALS_NAMESPACE
from openshift.api.client import Cluster
from openshift.api.documents import describe, get_path
from openshift.api.resources import SECRET
from openshift.errors import Unexpected

CREDENTIALS = (CREDENTIALS_NAMESPACE, CREDENTIALS_NAME)

# Written by the cloud-credential-operator from the one above, each for one component (CredentialsRequests of the
# release): Machine API, cloud-controller-manager, CSI driver, problem detector.
COPIES = (
    ("openshift-machine-api", "vsphere-cloud-credentials"),
    ("openshift-cloud-controller-manager", "vsphere-cloud-credentials"),
    ("openshift-cluster-csi-drivers", "vmware-vsphere-cloud-credentials"),
    ("openshift-cluster-storage-operator", "vsphere-cloud-credentials"),
)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A login, to be used and forgotten; its repr is empty."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def keys_of(server: str) -> tuple[str, str]:
    """The two keys of a server's credentials."""
    return f"{server}.username", f"{server}.password"


async def read_credentials(cluster: Cluster, *, server: str, namespace: str, name: str) -> Credentials:
    """The credentials of a server; raises `NotFound` for the Secret, `Unexpected` for missing or unreadable keys."""
    return credentials_in(await cluster.get(SECRET, name, namespace=namespace), server=server)


def credentials_in(document: KubeObject, *, server: str) -> Credentials:
    """The credentials of a server in a Secret; raises `Unexpected`, naming every key that is missing or unreadable."""
    data = get_path(document, "data") or {}
    values = {key: _decoded(data.get(key)) for key in keys_of(server)}
    if bad := [key for key, value in values.items() if not value]:
        raise Unexpected(
            f"Secret {describe(document).removeprefix('Secret ')} has no usable {' and '.join(bad)}",
            remedy=f"Add the keys {' and '.join(keys_of(server))}, spelled exactly as the failure domains' server",
        )
    username, password = (values[key] or "" for key in keys_of(server))
    return Credentials(username=username, password=password)


async def add_credentials(cluster: Cluster, *, server: str, credentials: Credentials) -> list[str]:
    """Have `kube-system/vsphere-creds` carry exactly this login for the server; other keys are not touched.

    Returns the keys that were not so before. A key with another value is overwritten: it is stale.
    """
    namespace, name = CREDENTIALS
    wanted = dict(zip(keys_of(server), map(_encoded, (credentials.username, credentials.password)), strict=True))
    data = get_path(await cluster.get(SECRET, name, namespace=namespace), "data") or {}
    return await _set(cluster, {key: value for key, value in wanted.items() if data.get(key) != value})


async def restore_credentials(cluster: Cluster, *, server: str, before: KubeObject) -> list[str]:
    """Have the server's keys in `kube-system/vsphere-creds` be what they were in a before-image: a value, or absent.

    With an empty document they are removed. Returns the keys that were not so before.
    """
    namespace, name = CREDENTIALS
    then, now = (
        get_path(before, "data") or {},
        get_path(await cluster.get(SECRET, name, namespace=namespace), "data") or {},
    )
    return await _set(cluster, {key: then.get(key) for key in keys_of(server) if then.get(key) != now.get(key)})


async def remove_credentials(cluster: Cluster, *, server: str) -> list[str]:
    """Have `kube-system/vsphere-creds` know nothing of the server; returns the keys that were there."""
    return await restore_credentials(cluster, server=server, before={})


async def _set(cluster: Cluster, changes: Mapping[str, str | None]) -> list[str]:
    namespace, name = CREDENTIALS
    if changes:
        await cluster.patch_merge(SECRET, name, {"data": dict(changes)}, namespace=namespace)
    return list(changes)


async def find_copies(cluster: Cluster) -> dict[str, KubeObject]:
    """The components' copies that exist, by `namespace/name`; a component that is not installed has none."""
    found = {f"{each[0]}/{each[1]}": await cluster.find(SECRET, each[1], namespace=each[0]) for each in COPIES}
    return {key: document for key, document in found.items() if document}


def not_copied(source: KubeObject, copy: KubeObject, *, servers: Collection[str]) -> list[str]:
    """Keys of these servers in which a copy differs from its source; empty when it carries exactly the same."""
    ours, theirs = get_path(source, "data") or {}, get_path(copy, "data") or {}
    return [key for server in servers for key in keys_of(server) if ours.get(key) != theirs.get(key)]


def _encoded(value: str) -> str:
    return b64encode(value.encode()).decode()


def _decoded(value: str | None) -> str | None:
    try:
        return b64decode(value or "", validate=True).decode()
    except (NotBase64, UnicodeDecodeError):
        return None
