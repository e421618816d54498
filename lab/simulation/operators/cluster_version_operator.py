"""The cluster-version-operator. Contract:

- While its Deployment has a Running pod it puts its manifests back within seconds of a change: the Infrastructure CRD
  as installed, and the release's operator Deployments, its own replicas excepted (scaling it to 0 is how people stop
  it). With no running pod nothing is put back.
- What `ClusterVersion.spec.overrides` calls unmanaged is left alone.

The CRD "as installed" is what stood in the cluster before the lab was handed over; it is kept in the state directory.
The real operator walks its manifests every few minutes: a second is harder on whoever counts on the gap.
"""

import asyncio
import json
import logging
from functools import partial

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import covers
from lab.simulation.cluster.kinds import CLUSTER_VERSION, DEPLOYMENT, INFRASTRUCTURE_CRD, POD
from lab.simulation.context import SimulationContext
from lab.simulation.operators.components import CLUSTER_VERSION_OPERATOR, COMPONENTS, Component, running_pods

log = logging.getLogger(__name__)
WALK_SECONDS = 1.0


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(INFRASTRUCTURE_CRD, DEPLOYMENT, POD, CLUSTER_VERSION)
    await context.run_reconciler(partial(ClusterVersionOperator(context).reconcile), trigger)


class ClusterVersionOperator:
    def __init__(self, context: SimulationContext) -> None:
        self._context = context
        self._file = context.state_dir / "release-infrastructure-crd.json"

    async def reconcile(self) -> None:
        if not self._context.delays.begun() or not self._file.exists():
            self._remember()
        if not self._running() or not self._drifted():
            return
        await asyncio.sleep(WALK_SECONDS)
        if self._running():  # it may have been stopped meanwhile
            await self._put_back()

    def _remember(self) -> None:
        crd = self._context.get(INFRASTRUCTURE_CRD, INFRASTRUCTURE_CRD.only)
        if crd is not None:
            self._file.write_text(json.dumps(crd["spec"]))

    def _running(self) -> bool:
        return bool(running_pods(self._context, CLUSTER_VERSION_OPERATOR))

    def _drifted(self) -> bool:
        return self._drifted_crd() is not None or bool(self._drifted_components())

    def _drifted_crd(self) -> Document | None:
        """The CRD as it should be, if it is not."""
        crd = self._context.get(INFRASTRUCTURE_CRD, INFRASTRUCTURE_CRD.only)
        if (
            crd is None
            or not self._file.exists()
            or self._unmanaged("CustomResourceDefinition", INFRASTRUCTURE_CRD.only)
        ):
            return None
        installed = json.loads(self._file.read_text())
        return None if crd["spec"] == installed else {**crd, "spec": installed}

    def _drifted_components(self) -> list[Component]:
        drifted = []
        for each in COMPONENTS:
            if not each.release or self._unmanaged("Deployment", each.name, namespace=each.namespace):
                continue
            existing = self._context.get(DEPLOYMENT, each.name, namespace=each.namespace)
            if existing is None or not covers(existing["spec"], _asserted(each)):
                drifted.append(each)
        return drifted

    def _unmanaged(self, kind: str, name: str, *, namespace: str = "") -> bool:
        version = self._context.get(CLUSTER_VERSION, "version") or {}
        return any(
            each.get("unmanaged") and (each["kind"], each["name"], each.get("namespace", "")) == (kind, name, namespace)
            for each in version.get("spec", {}).get("overrides", ())
        )

    async def _put_back(self) -> None:
        crd = self._drifted_crd()
        if crd is not None:
            log.info("putting back %s", INFRASTRUCTURE_CRD.only)
            await self._context.cluster.replace(INFRASTRUCTURE_CRD, crd)
        for each in self._drifted_components():
            log.info("putting back Deployment %s/%s", each.namespace, each.name)
            if self._context.get(DEPLOYMENT, each.name, namespace=each.namespace) is None:
                await self._context.cluster.create(DEPLOYMENT, each.document())
            else:
                change = {"spec": _asserted(each)}
                await self._context.cluster.patch(DEPLOYMENT, each.document(), change, how="strategic")


def _asserted(component: Component) -> Document:
    spec: Document = component.document()["spec"]
    if component is CLUSTER_VERSION_OPERATOR:
        del spec["replicas"]
    return spec
