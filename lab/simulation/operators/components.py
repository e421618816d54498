"""The cluster's own workloads, by their real namespaces, names and labels. Contract:

- Each is created once, when absent, and then belongs to the real controllers and scheduler: deleting a pod brings a new
  one, scaling to 0 stops it, and what was deleted whole stays deleted (the operators that would bring it back are
  workloads here, not programs).
- Control-plane components run on masters and tolerate their taint; node components run everywhere.
- The images are invented; nothing is pulled. The static pods of the masters are elsewhere (`static_pods`).

Names and labels: the manifests of the respective OpenShift operators (release 4.21).
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from lab.simulation.cluster.client import Conflict, Document, Kind
from lab.simulation.cluster.documents import MASTER, holds, labelled, leaving
from lab.simulation.cluster.kinds import DAEMON_SET, DEPLOYMENT, NAMESPACE, POD
from lab.simulation.context import SimulationContext

CCM = "openshift-cloud-controller-manager"
CSI = "openshift-cluster-csi-drivers"
MACHINE_API = "openshift-machine-api"
MCO = "openshift-machine-config-operator"
STORAGE = "openshift-cluster-storage-operator"
CVO = "openshift-cluster-version"


@dataclass(frozen=True, kw_only=True)
class Component:
    """One workload.

    Attributes:
        labels: of its pods, and its selector.
        on: masters only, workers only, or every node (DaemonSets).
        release: whether the release itself carries it, so that the cluster-version-operator looks after it.

    """

    namespace: str
    name: str
    labels: dict[str, str]
    replicas: int = 1
    kind: Kind = DEPLOYMENT
    on: Literal["masters", "workers", "everywhere"] = "masters"
    release: bool = False
    containers: tuple[str, ...] = field(default=())

    def document(self) -> Document:
        image = f"lab.example/{self.name}:4.21.0"
        selector = {"masters": {MASTER: ""}, "workers": {"node-role.kubernetes.io/worker": ""}, "everywhere": {}}
        pod = {
            "nodeSelector": {"kubernetes.io/os": "linux", **selector[self.on]},
            "tolerations": [{"operator": "Exists"}] if self.kind is DAEMON_SET else CONTROL_PLANE_TOLERATIONS,
            "priorityClassName": "system-cluster-critical",
            "containers": [{"name": each, "image": image} for each in self.containers or (self.name,)],
        }
        spec: Document = {
            "selector": {"matchLabels": self.labels},
            "template": {"metadata": {"labels": self.labels}, "spec": pod},
        }
        if self.kind is DEPLOYMENT:
            spec |= {"replicas": self.replicas}
        metadata = {"labels": self.labels}
        return self.kind.document(name=self.name, namespace=self.namespace, metadata=metadata, spec=spec)


CONTROL_PLANE_TOLERATIONS = [
    {"key": MASTER, "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 120},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 120},
]

CLUSTER_VERSION_OPERATOR = Component(
    namespace=CVO, name="cluster-version-operator", labels={"k8s-app": "cluster-version-operator"}, release=True
)
CLOUD_CONTROLLER_MANAGER = Component(
    namespace=CCM,
    name="vsphere-cloud-controller-manager",
    replicas=2,
    labels={
        "k8s-app": "vsphere-cloud-controller-manager",
        "infrastructure.openshift.io/cloud-controller-manager": "CCM",
    },
    containers=("cloud-controller-manager",),
)
MACHINE_API_CONTROLLERS = Component(
    namespace=MACHINE_API,
    name="machine-api-controllers",
    labels={"api": "clusterapi", "k8s-app": "controller"},
    containers=("machineset-controller", "machine-controller", "nodelink-controller", "machine-healthcheck-controller"),
)
CSI_CONTROLLER = Component(
    namespace=CSI,
    name="vmware-vsphere-csi-driver-controller",
    replicas=2,
    labels={"app": "vmware-vsphere-csi-driver-controller"},
    containers=("csi-driver", "vsphere-syncer"),
)
CSI_NODE = Component(
    namespace=CSI,
    name="vmware-vsphere-csi-driver-node",
    labels={"app": "vmware-vsphere-csi-driver-node"},
    kind=DAEMON_SET,
    on="everywhere",
    containers=("csi-driver", "csi-node-driver-registrar"),
)
PROBLEM_DETECTOR = Component(
    namespace=STORAGE, name="vsphere-problem-detector-operator", labels={"name": "vsphere-problem-detector-operator"}
)
ETCD_OPERATOR = Component(
    namespace="openshift-etcd-operator", name="etcd-operator", labels={"app": "etcd-operator"}, release=True
)

COMPONENTS = (
    CLUSTER_VERSION_OPERATOR, CLOUD_CONTROLLER_MANAGER, MACHINE_API_CONTROLLERS, CSI_CONTROLLER, CSI_NODE,
    PROBLEM_DETECTOR, ETCD_OPERATOR,
    Component(
        namespace="openshift-cloud-controller-manager-operator", name="cluster-cloud-controller-manager-operator",
        labels={"k8s-app": "cloud-manager-operator", "name": "cluster-cloud-controller-manager-operator"}, release=True,
    ),
    Component(
        namespace="openshift-cloud-credential-operator", name="cloud-credential-operator",
        labels={"app": "cloud-credential-operator"}, release=True,
    ),
    Component(
        namespace=MACHINE_API, name="machine-api-operator", labels={"k8s-app": "machine-api-operator"}, release=True
    ),
    Component(
        namespace=MACHINE_API, name="control-plane-machine-set-operator",
        labels={"k8s-app": "control-plane-machine-set-operator"}, release=True,
    ),
    Component(
        namespace=MACHINE_API, name="cluster-autoscaler-operator", labels={"k8s-app": "cluster-autoscaler-operator"},
        release=True,
    ),
    Component(
        namespace=CSI, name="vmware-vsphere-csi-driver-operator", labels={"name": "vmware-vsphere-csi-driver-operator"}
    ),
    Component(
        namespace=STORAGE, name="cluster-storage-operator", labels={"name": "cluster-storage-operator"}, release=True
    ),
    Component(
        namespace=MCO, name="machine-config-operator", labels={"k8s-app": "machine-config-operator"}, release=True
    ),
    Component(namespace=MCO, name="machine-config-controller", labels={"k8s-app": "machine-config-controller"}),
    Component(
        namespace=MCO, name="machine-config-daemon", labels={"k8s-app": "machine-config-daemon"}, kind=DAEMON_SET,
        on="everywhere",
    ),
    Component(
        namespace="openshift-dns", name="dns-default",
        labels={"dns.operator.openshift.io/daemonset-dns": "default"}, kind=DAEMON_SET, on="everywhere",
    ),
    Component(
        namespace="openshift-ingress", name="router-default", replicas=2, on="workers",
        labels={"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"},
    ),
)  # fmt: skip

NAMESPACES = sorted({each.namespace for each in COMPONENTS} | {
    "openshift-config", "openshift-config-managed", "openshift-etcd", "openshift-kube-apiserver",
    "openshift-kube-controller-manager", "openshift-kube-scheduler",
})  # fmt: skip


def running_pods(context: SimulationContext, component: Component) -> list[Document]:
    """Its pods that do its work now: Ready, and not being deleted."""
    pods = labelled(context.store(POD), namespace=component.namespace, labels=component.labels)
    return [each for each in pods if holds(each, "Ready") and not leaving(each)]


async def run(context: SimulationContext) -> None:
    trigger = context.trigger()
    await context.run_reconciler(partial(install, context), trigger)


async def install(context: SimulationContext) -> None:
    """Create what is absent; does nothing once the lab was handed over, when deleting is the user's right."""
    if context.delays.begun():
        return
    for namespace in NAMESPACES:
        await _create(context, NAMESPACE, NAMESPACE.document(name=namespace))
    for component in COMPONENTS:
        await _create(context, component.kind, component.document())


async def _create(context: SimulationContext, kind: Kind, document: Document) -> None:
    try:
        await context.cluster.create(kind, document)
    except Conflict:
        return  # it is there
