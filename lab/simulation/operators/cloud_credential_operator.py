"""The cloud-credential-operator in passthrough mode, the only one that vSphere has. Contract:

- Every component's secret is an exact copy of `kube-system/vsphere-creds`, `credentials_sync` after a change of
  either: added keys appear, removed keys disappear, hand edits are undone.
- Without the root secret the copies stay as they are.

Names: the CredentialsRequests of the components (machine-api, cloud-controller-manager, CSI driver, problem detector).
"""

import asyncio
from functools import partial

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.kinds import SECRET
from lab.simulation.context import World
from lab.simulation.operators.components import CCM, CSI, MACHINE_API, STORAGE

ROOT = ("kube-system", "vsphere-creds")
COPIES = (
    (MACHINE_API, "vsphere-cloud-credentials"),
    (CCM, "vsphere-cloud-credentials"),
    (CSI, "vmware-vsphere-cloud-credentials"),
    (STORAGE, "vsphere-cloud-credentials"),
)


async def run(world: World) -> None:
    await world.keep(partial(reconcile, world), world.wake(SECRET))


async def reconcile(world: World) -> None:
    if not _differing(world):
        return
    await asyncio.sleep(world.pace.seconds("credentials_sync"))
    for copy in _differing(world):
        existing = world.get(SECRET, copy["metadata"]["name"], namespace=copy["metadata"]["namespace"])
        if existing is None:
            await world.cluster.create(SECRET, copy)
        else:
            await world.cluster.replace(SECRET, {**existing, "data": copy["data"]})


def _differing(world: World) -> list[Document]:
    """The copies as they should be, of those that are not."""
    root = world.get(SECRET, ROOT[1], namespace=ROOT[0])
    if root is None:
        return []
    wanted = root.get("data", {})
    differing = []
    for namespace, name in COPIES:
        existing = world.get(SECRET, name, namespace=namespace)
        if existing is None or existing.get("data", {}) != wanted:
            differing.append(SECRET.document(name=name, namespace=namespace, type="Opaque", data=wanted))
    return differing
