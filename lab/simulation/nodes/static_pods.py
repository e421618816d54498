"""The masters' static pods: etcd and the three control-plane processes, as the API server shows them. Contract:

- Each Ready master carries the mirror pod of each, owned by its Node (so it goes with the Node) and tolerating
  everything. Deleting a mirror pod brings another one with another uid; the process behind it would not restart.
- A drain leaves them alone, as kubectl's and the Machine API's do: they are recognised by the mirror annotation.
"""

import zlib
from functools import partial

from lab.simulation.cluster.client import Conflict, Document
from lab.simulation.cluster.documents import is_master
from lab.simulation.cluster.kinds import NODE, POD
from lab.simulation.context import SimulationContext
from lab.simulation.nodes.pods import live_nodes

LABELS = {  # by process; its namespace is openshift-<process>
    "etcd": {"app": "etcd", "etcd": "true", "k8s-app": "etcd", "revision": "1"},
    "kube-apiserver": {"app": "openshift-kube-apiserver", "apiserver": "true", "revision": "1"},
    "kube-controller-manager": {"app": "kube-controller-manager", "kube-controller-manager": "true", "revision": "1"},
    "kube-scheduler": {"app": "openshift-kube-scheduler", "scheduler": "true", "revision": "1"},
}


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(NODE, POD, machines=True)
    await context.run_reconciler(partial(reconcile, context), trigger)


async def reconcile(context: SimulationContext) -> None:
    for node in live_nodes(context).values():
        for process in LABELS if is_master(node) else ():
            pod = mirror_pod(node, process)
            if context.get(POD, pod["metadata"]["name"], namespace=pod["metadata"]["namespace"]) is None:
                try:
                    await context.cluster.create(POD, pod)
                except Conflict:
                    continue  # made a moment ago, not in the store yet


def mirror_pod(node: Document, process: str) -> Document:
    name, uid = node["metadata"]["name"], node["metadata"]["uid"]
    digest = f"{zlib.crc32(f'{process} {uid}'.encode()):08x}"
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid, "controller": True}
    return POD.document(
        name=f"{process}-{name}",
        namespace=f"openshift-{process}",
        metadata={
            "labels": LABELS[process],
            "ownerReferences": [owner],
            "annotations": {
                "kubernetes.io/config.mirror": digest,
                "kubernetes.io/config.hash": digest,
                "kubernetes.io/config.source": "file",
            },
        },
        spec={
            "nodeName": name,
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": process, "image": f"lab.example/{process}:4.21.0"}],
        },
    )
