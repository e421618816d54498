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
from lab.simulation.context import SimulationContext
from lab.simulation.operators.components import CCM, CSI, MACHINE_API, STORAGE

ROOT = ("kube-system", "vsphere-creds")
COPIES = (
    (MACHINE_API, "vsphere-cloud-credentials"),
    (CCM, "vsphere-cloud-credentials"),
    (CSI, "vmware-vsphere-cloud-credentials"),
    (STORAGE, "vsphere-cloud-credentials"),
)


async def run(context: SimulationContext) -> None:
    await context.run_reconciler(partial(reconcile, context), context.trigger(SECRET))


async def reconcile(context: SimulationContext) -> None:
    if not _differing(context):
        return
    await asyncio.sleep(context.delays.seconds("credentials_sync"))
    for copy in _differing(context):
        existing = context.get(SECRET, copy["metadata"]["name"], namespace=copy["metadata"]["namespace"])
        if existing is None:
            await context.cluster.create(SECRET, copy)
        else:
            await context.cluster.replace(SECRET, {**existing, "data": copy["data"]})


def _differing(context: SimulationContext) -> list[Document]:
    """The copies as they should be, of those that are not."""
    root = context.get(SECRET, ROOT[1], namespace=ROOT[0])
    if root is None:
        return []
    wanted = root.get("data", {})
    differing = []
    for namespace, name in COPIES:
        existing = context.get(SECRET, name, namespace=namespace)
        if existing is None or existing.get("data", {}) != wanted:
            differing.append(SECRET.document(name=name, namespace=namespace, type="Opaque", data=wanted))
    return differing
