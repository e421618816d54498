"""The pods that read vCenter's address or credentials only when they start, and how to see that they are new ones.

"All listed pods are Ready" is satisfied by the old pods, and by none. So a restart is checked against the uids of the
pods before it: all of those are gone, and as many others are Ready as the workload wants.

A pod on a Node that is gone runs nowhere, though it is listed until the pod garbage collector has held it back for 40 s
and come round again; it is neither to be deleted nor to be waited for.

Not in the table: kube-controller-manager. Its pods are mirrors of static pods; deleting a mirror restarts nothing.
"""

from collections.abc import Collection, Iterable, Mapping

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import conditions, get_path, require
from openshift.api.resources import DAEMON_SET, DEPLOYMENT, NODE, POD
from openshift.errors import Conflict, NotFound

# Namespace and a label of the pods, as releases 4.18 to 4.22 have them; a cluster lacks some of these.
TABLE = (
    ("openshift-machine-config-operator", "k8s-app", "machine-config-operator"),  # renders Infrastructure for nodes
    ("openshift-cloud-controller-manager-operator", "name", "cluster-cloud-controller-manager-operator"),
    ("openshift-cloud-controller-manager", "infrastructure.openshift.io/cloud-controller-manager", "CCM"),
    ("openshift-cloud-controller-manager", "k8s-app", "vsphere-cloud-controller-manager"),
    ("openshift-machine-api", "api", "clusterapi"),
    ("openshift-cluster-storage-operator", "name", "cluster-storage-operator"),
    ("openshift-cluster-storage-operator", "name", "vsphere-problem-detector-operator"),
    ("openshift-cluster-csi-drivers", "name", "vmware-vsphere-csi-driver-operator"),
    ("openshift-cluster-csi-drivers", "app", "vmware-vsphere-csi-driver-controller"),  # until 4.19
    ("openshift-cluster-csi-drivers", "app", "vsphere-csi-driver-controller"),
    ("openshift-cluster-csi-drivers", "app", "vmware-vsphere-csi-driver-node"),
    ("openshift-cluster-csi-drivers", "app", "vsphere-csi-driver-node"),
)
NAMESPACES = tuple(sorted({namespace for namespace, _, _ in TABLE}))


class Workload(FrozenModel):
    """A Deployment or DaemonSet and the pods it had when it was looked at.

    Attributes:
        labels: what selects its pods.
        pods: uid by name.
    """

    kind: str
    namespace: str
    name: str
    labels: dict[str, str]
    pods: dict[str, str]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


async def observe_workloads(cluster: Cluster) -> list[Workload]:
    """The vSphere-aware workloads that this cluster has, each with its pods of this moment."""
    found: list[Workload] = []
    nodes = {each["metadata"]["name"] for each in await cluster.list(NODE)}
    for namespace in NAMESPACES:
        owners = [
            *await cluster.list(DEPLOYMENT, namespace=namespace),
            *await cluster.list(DAEMON_SET, namespace=namespace),
        ]
        pods = await cluster.list(POD, namespace=namespace)
        found += vsphere_workloads(owners, pods=on_nodes(pods, nodes=nodes))
    return found


def on_nodes(pods: Iterable[KubeObject], *, nodes: Collection[str]) -> list[KubeObject]:
    """The pods that are on one of the Nodes, or on none yet."""
    return [each for each in pods if (get_path(each, "spec", "nodeName") or "") in {"", *nodes}]


def vsphere_workloads(owners: Iterable[KubeObject], *, pods: Iterable[KubeObject]) -> list[Workload]:
    """Those Deployments and DaemonSets whose pods carry a label of the table, with their pods."""
    present = list(pods)
    return [
        Workload(
            kind=each["kind"],
            namespace=each["metadata"]["namespace"],
            name=each["metadata"]["name"],
            labels=require(each, "spec", "selector", "matchLabels"),
            pods={pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in _pods_of(each, present)},
        )
        for each in owners
        if any(
            each["metadata"]["namespace"] == namespace
            and (get_path(each, "spec", "template", "metadata", "labels") or {}).get(label) == value
            for namespace, label, value in TABLE
        )
    ]


async def restart(cluster: Cluster, workload: Workload) -> None:
    """Delete exactly the pods that were observed; those that are gone, or replaced under the same name, are let be."""
    for name, uid in workload.pods.items():
        try:
            await cluster.delete(POD, name, namespace=workload.namespace, uid=uid)
        except (NotFound, Conflict):
            continue


def outstanding(
    workloads: Iterable[Workload], *, owners: Iterable[KubeObject], pods: Iterable[KubeObject]
) -> dict[str, str]:
    """What a restart still waits for: by workload, what it lacks. Empty when every workload runs on new pods only.

    A workload that was removed meanwhile lacks nothing.
    """
    present, by_name = list(pods), {(each["kind"], *_address(each)): each for each in owners}
    lacking = {}
    for each in workloads:
        owner = by_name.get((each.kind, each.namespace, each.name))
        if owner and (lack := _lack(each.pods, owner, _pods_of(owner, present))):
            lacking[str(each)] = lack
    return lacking


def _lack(before: Mapping[str, str], owner: KubeObject, pods: list[KubeObject]) -> str:
    old = [pod["metadata"]["name"] for pod in pods if pod["metadata"]["uid"] in before.values()]
    if old:
        return f"old pods are still there: {', '.join(sorted(old))}"
    wanted = _wanted(owner)
    ready = [pod for pod in pods if _is_ready(pod)]
    return f"{len(ready)} of {wanted} new pods Ready" if len(ready) < wanted else ""


def _wanted(owner: KubeObject) -> int:
    """How many pods there should be; a DaemonSet says in its status how many nodes it is for."""
    if owner["kind"] == "DaemonSet":
        return get_path(owner, "status", "desiredNumberScheduled") or 0
    replicas = get_path(owner, "spec", "replicas")
    return 1 if replicas is None else int(replicas)


def _pods_of(owner: KubeObject, pods: Iterable[KubeObject]) -> list[KubeObject]:
    wanted = require(owner, "spec", "selector", "matchLabels").items()
    return [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == owner["metadata"]["namespace"]
        and wanted <= (get_path(pod, "metadata", "labels") or {}).items()
        and get_path(pod, "status", "phase") not in {"Succeeded", "Failed"}  # evicted pods stay listed for ever
    ]


def _is_ready(pod: KubeObject) -> bool:
    ready = conditions(pod).get("Ready")
    return ready is not None and ready.status == "True" and not get_path(pod, "metadata", "deletionTimestamp")


def _address(document: KubeObject) -> tuple[str, str]:
    return document["metadata"]["namespace"], document["metadata"]["name"]
