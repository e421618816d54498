"""The ClusterOperators that nobody else here writes. Contract:

- About thirty, by their real names, Available at the release's version.
- One goes Progressing when its inputs change, for `operator_settle`, and while its workloads are not rolled out.
- One goes Degraded when a vCenter that its config lists does not let in its copy of the credentials (really tried,
  each answer remembered for some seconds), when etcd has an unhealthy member, or when ControllerConfig is refused.
- `control-plane-machine-set` belongs to its own real operator: it is only made, empty, and never written again.

The real ones wait two minutes before they say Degraded; ours say it at once.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.documents import covers, transitions
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import (
    CLUSTER_OPERATOR,
    CLUSTER_VERSION,
    CONFIG_MAP,
    CONTROLLER_CONFIG,
    DAEMON_SET,
    DEPLOYMENT,
    NODE,
    POD,
    SECRET,
)
from lab.simulation.context import SimulationContext
from lab.simulation.operators import etcd_operator, machine_config_operator
from lab.simulation.operators.components import (
    CLOUD_CONTROLLER_MANAGER,
    COMPONENTS,
    CSI_CONTROLLER,
    CSI_NODE,
    MACHINE_API_CONTROLLERS,
    MCO,
    PROBLEM_DETECTOR,
    Component,
)
from lab.simulation.operators.vcenter_logins import VCenterLogins

NAMES = (
    "authentication", "baremetal", "cloud-controller-manager", "cloud-credential", "cluster-autoscaler",
    "config-operator", "console", "csi-snapshot-controller", "dns", "etcd", "image-registry", "ingress", "insights",
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-storage-version-migrator", "machine-api",
    "machine-approver", "machine-config", "marketplace", "monitoring", "network", "node-tuning", "openshift-apiserver",
    "openshift-controller-manager", "openshift-samples", "operator-lifecycle-manager",
    "operator-lifecycle-manager-catalog", "operator-lifecycle-manager-packageserver", "service-ca", "storage",
)  # fmt: skip
FOREIGN = "control-plane-machine-set"


@dataclass(frozen=True, kw_only=True)
class Concern:
    """What an operator looks after.

    Attributes:
        config_maps, secrets: (namespace, name) of what it works from.
        components: the workloads it rolls out.

    """

    config_maps: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    components: tuple[Component, ...] = ()


CLOUD_CONF = ("openshift-cloud-controller-manager", "cloud-conf")
KUBE_CLOUD_CONFIG = ("openshift-config-managed", "kube-cloud-config")
ETCD_ENDPOINTS = (etcd_operator.NAMESPACE, etcd_operator.ENDPOINTS)
CONCERNS = {
    "cloud-controller-manager": Concern(
        config_maps=(CLOUD_CONF,),
        secrets=(("openshift-cloud-controller-manager", "vsphere-cloud-credentials"),),
        components=(CLOUD_CONTROLLER_MANAGER,),
    ),
    "machine-api": Concern(
        config_maps=(KUBE_CLOUD_CONFIG,),
        secrets=(("openshift-machine-api", "vsphere-cloud-credentials"),),
        components=(MACHINE_API_CONTROLLERS,),
    ),
    "storage": Concern(
        config_maps=(KUBE_CLOUD_CONFIG,),
        secrets=(
            ("openshift-cluster-csi-drivers", "vmware-vsphere-cloud-credentials"),
            ("openshift-cluster-storage-operator", "vsphere-cloud-credentials"),
        ),
        components=(CSI_CONTROLLER, CSI_NODE, PROBLEM_DETECTOR),
    ),
    "kube-controller-manager": Concern(config_maps=(KUBE_CLOUD_CONFIG,)),
    "kube-apiserver": Concern(config_maps=(ETCD_ENDPOINTS,)),
    "etcd": Concern(config_maps=(ETCD_ENDPOINTS,)),
    "machine-config": Concern(components=tuple(each for each in COMPONENTS if each.namespace == MCO)),
}
REASONS = {
    "cloud-controller-manager": "CloudConfigControllerDegraded",
    "machine-api": "SyncingFailed",
    "storage": "VSphereCSIDriverOperatorCR_VMwareVSphereController_vcenter_connection_failed",
}


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(
        CLUSTER_OPERATOR, CLUSTER_VERSION, CONFIG_MAP, SECRET, DEPLOYMENT, DAEMON_SET, NODE, POD, CONTROLLER_CONFIG
    )
    asked = {name: CONCERNS[name] for name in REASONS}
    logins = VCenterLogins(context, {name: (each.config_maps[0], each.secrets) for name, each in asked.items()})
    operators = ClusterOperators(context, logins.problem)
    async with asyncio.TaskGroup() as group:
        group.create_task(logins.run(trigger))
        group.create_task(context.run_reconciler(partial(operators.reconcile, trigger), trigger))


class ClusterOperators:
    def __init__(self, context: SimulationContext, login_problem: Callable[[str], str]) -> None:
        self._context = context
        self._login_problem = login_problem
        self._inputs: dict[str, str] = {}
        self._settled_at: dict[str, float] = {}

    async def reconcile(self, trigger: Trigger) -> None:
        if self._context.get(CLUSTER_OPERATOR, FOREIGN) is None and not self._context.delays.begun():
            await self._context.cluster.create(CLUSTER_OPERATOR, CLUSTER_OPERATOR.document(name=FOREIGN, spec={}))
        for name in NAMES:
            progressing = self._progressing(name, trigger)
            degraded = self._degraded(name)
            operator = self._context.get(CLUSTER_OPERATOR, name)
            if operator is None:
                operator = await self._context.cluster.create(
                    CLUSTER_OPERATOR, CLUSTER_OPERATOR.document(name=name, spec={})
                )
            status = self._status(operator, progressing=progressing, degraded=degraded)
            if not covers(operator.get("status", {}), status):
                await self._context.cluster.patch(CLUSTER_OPERATOR, operator, {"status": status}, subresource="status")

    def _progressing(self, name: str, trigger: Trigger) -> str:
        loop = asyncio.get_running_loop()
        inputs = self._read(name)
        if self._inputs.setdefault(name, inputs) != inputs:
            self._inputs[name] = inputs
            self._settled_at[name] = loop.time() + self._context.delays.seconds("operator_settle")
        left = self._settled_at.get(name, 0.0) - loop.time()
        if left > 0:
            trigger.later(left)
            return "Working towards the new configuration"
        rolling = [each.name for each in _concern(name).components if not self._rolled_out(each)]
        return f"Waiting for {', '.join(rolling)} to deploy pods" if rolling else ""

    def _read(self, name: str) -> str:
        """Everything the operator works from, to be compared with what it was."""
        read: list[Any] = []
        for kind, addresses in ((CONFIG_MAP, _concern(name).config_maps), (SECRET, _concern(name).secrets)):
            found = (self._context.get(kind, each, namespace=namespace) for namespace, each in addresses)
            read += [(each or {}).get("data") for each in found]
        if name == "machine-config":
            config = self._context.get(CONTROLLER_CONFIG, machine_config_operator.NAME)
            read.append((config or {}).get("spec"))
        return json.dumps(read, sort_keys=True)

    def _rolled_out(self, component: Component) -> bool:
        workload = self._context.get(component.kind, component.name, namespace=component.namespace)
        if workload is None:
            return False
        status = workload.get("status", {})
        if component.kind is DAEMON_SET:
            wanted = status.get("desiredNumberScheduled", 0)
            enough = status.get("numberAvailable", 0) >= wanted and status.get("updatedNumberScheduled", 0) >= wanted
        else:
            wanted = workload["spec"]["replicas"]
            enough = status.get("availableReplicas", 0) >= wanted and status.get("updatedReplicas", 0) >= wanted
        return bool(enough and status.get("observedGeneration") == workload["metadata"]["generation"])

    def _degraded(self, name: str) -> tuple[str, str]:
        """Reason and message, both empty when all is well."""
        if name in REASONS:
            problem = self._login_problem(name)
            return (REASONS[name], problem) if problem else ("", "")
        if name == "machine-config":
            problem = machine_config_operator.problem(self._context)
            return ("RenderConfigFailed", problem) if problem else ("", "")
        voters = etcd_operator.members(self._context) if name == "etcd" else {}
        ill = [each for each, healthy in voters.items() if not healthy]
        if ill:
            available = f"{len(voters) - len(ill)} of {len(voters)} members are available"
            return "EtcdMembers_UnhealthyMembers", f"EtcdMembersDegraded: {available}, {', '.join(ill)} is unhealthy"
        return "", ""

    def _status(self, operator: Document, *, progressing: str, degraded: tuple[str, str]) -> Document:
        version = self._context.get(CLUSTER_VERSION, "version") or {}
        release = version.get("status", {}).get("desired", {}).get("version", "4.21.0")
        reason, message = degraded
        conditions = [
            _condition("Available", value=True, reason="AsExpected"),
            _condition("Progressing", value=bool(progressing), reason="Rollout", message=progressing),
            _condition("Degraded", value=bool(message), reason=reason, message=message),
            _condition("Upgradeable", value=True, reason="AsExpected"),
        ]
        versions = [{"name": "operator", "version": release}]
        return {"conditions": transitions(operator, conditions), "versions": versions}


def _condition(kind: str, *, value: bool, reason: str, message: str = "") -> Document:
    said = {"reason": reason, "message": message} if message else {"reason": "AsExpected", "message": "All is well"}
    return {"type": kind, "status": str(value), **said}


def _concern(name: str) -> Concern:
    return CONCERNS.get(name, Concern())
