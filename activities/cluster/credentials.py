"""The cluster's vCenter credentials: the target's added, the source's removed, and the components' copies of both.

A password never passes through an argument or a result: it is read from one Secret and written to another here.
"""

from datetime import timedelta

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.waiting import Unmet, until
from migration.frozen_model import FrozenModel
from migration.plan import VCenterReference
from openshift import secrets
from openshift.api.cache import Cache, WatchTarget
from openshift.api.resources import SECRET
from openshift.backups import backup_name, load_backup
from openshift.secrets import COPIES, CREDENTIALS, not_copied, read_credentials


class CredentialsOrder(FrozenModel):
    """The vCenter whose credentials the cluster must have."""

    vcenter: VCenterReference


class RemoveCredentials(FrozenModel):
    """A server, by the name that preflight pinned, whose keys must go."""

    cluster: str
    server: str


class RestoreCredentials(FrozenModel):
    """Servers whose keys must be what they were in the before-image: a value, or absent."""

    cluster: str
    namespace: str
    migration: str
    servers: list[str]


class CopiesExpected(FrozenModel):
    """Every component's copy must carry exactly what vsphere-creds does for these servers, and nothing for the rest.

    Attributes:
        servers: each server that vsphere-creds has or had.
    """

    cluster: str
    servers: list[str]
    at_most: timedelta


class KeysChanged(FrozenModel):
    """The names of the keys that were changed by this very attempt."""

    keys: list[str]


class CopiesSeen(FrozenModel):
    """The copies that were compared, as `namespace/name`."""

    names: list[str]


def _watched(namespace: str, name: str) -> WatchTarget:
    return WatchTarget(resource=SECRET, namespace=namespace, field_selector=f"metadata.name={name}")


class Credentials:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="add_credentials")
    async def add(self, order: CredentialsOrder) -> KeysChanged:
        """Add exactly the target's two keys to kube-system/vsphere-creds; other keys are not touched."""
        reference = order.vcenter
        cluster = await self._context.cluster(reference.cluster)
        found = await read_credentials(
            cluster,
            server=reference.server,
            namespace=reference.credentials.namespace,
            name=reference.credentials.name,
        )
        changed = await secrets.add_credentials(cluster, server=reference.server, credentials=found)
        return KeysChanged(keys=changed)

    @defined(name="remove_credentials")
    async def remove(self, order: RemoveCredentials) -> KeysChanged:
        """Remove exactly that server's two keys from kube-system/vsphere-creds."""
        cluster = await self._context.cluster(order.cluster)
        return KeysChanged(keys=await secrets.remove_credentials(cluster, server=order.server))

    @defined(name="restore_credentials")
    async def restore(self, order: RestoreCredentials) -> KeysChanged:
        """Have these servers' keys in kube-system/vsphere-creds be what they were before the migration."""
        cluster = await self._context.cluster(order.cluster)
        namespace, name = CREDENTIALS
        image = backup_name(SECRET, name=name, namespace=namespace, migration=order.migration)
        before = await load_backup(cluster, namespace=order.namespace, secret=image)
        changed = [await secrets.restore_credentials(cluster, server=server, before=before) for server in order.servers]
        return KeysChanged(keys=[key for keys in changed for key in keys])

    @defined(name="wait_credentials_copied", interruptible=True)
    async def wait_copied(self, expected: CopiesExpected) -> CopiesSeen:
        """Wait until the cloud-credential-operator has copied vsphere-creds to every component that is installed.

        Raises:
            WaitTimedOut: a copy still differs after `at_most`.
        """
        cluster = await self._context.cluster(expected.cluster)
        source = _watched(*CREDENTIALS)
        copies = {f"{namespace}/{name}": _watched(namespace, name) for namespace, name in COPIES}
        present: list[str] = []

        def evaluate(cache: Cache) -> Unmet | None:
            original = cache[source].get("/".join(CREDENTIALS), {})
            found = {key: cache[each][key] for key, each in copies.items() if key in cache[each]}
            present[:] = found
            stale = {key: not_copied(original, copy, servers=expected.servers) for key, copy in found.items()}
            behind = [f"{key} differs in {', '.join(keys)}" for key, keys in stale.items() if keys]
            if original and found and not behind:
                return None
            return Unmet(
                what="the components' copies of kube-system/vsphere-creds",
                objects=behind or ["no copy seen yet"],
                done=len(found) - len(behind),
                total=len(found),
                unblock=(
                    "the cloud-credential-operator copies them; in its Manual mode a person does "
                    "(oc get cloudcredential cluster -o yaml)"
                ),
            )

        await until(cluster, [source, *copies.values()], evaluate, at_most=expected.at_most)
        return CopiesSeen(names=present)
