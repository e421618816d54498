"""What the cluster's users run: workloads that drains must respect, and volumes that stay where they were made."""

import uuid

from lab.cluster.installation import namespace
from lab.scenario import Scenario, Workload
from lab.vcenters.site import Document

NAMESPACE = "shop-floor"
STORAGE_CLASS = "thin-csi"


def workload_documents(scenario: Scenario) -> list[Document]:
    documents = [namespace(NAMESPACE)]
    for each in scenario.workloads:
        documents += _workload(each)
    if scenario.csi_volumes:
        documents.append(_storage_class())
    for number in range(scenario.csi_volumes):
        documents += _volume(number)
    return documents


def _workload(wanted: Workload) -> list[Document]:
    labels = {"app": wanted.name}
    spec: Document = {
        "replicas": wanted.replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "app", "image": "registry.example/app"}],
            },
        },
    }
    if wanted.kind == "StatefulSet":
        spec["serviceName"] = wanted.name
    documents = [{"apiVersion": "apps/v1", "kind": wanted.kind, "metadata": _metadata(wanted.name), "spec": spec}]
    if wanted.min_available is not None:
        budget = {"minAvailable": wanted.min_available, "selector": {"matchLabels": labels}}
        kind = "PodDisruptionBudget"
        documents.append({"apiVersion": "policy/v1", "kind": kind, "metadata": _metadata(wanted.name), "spec": budget})
    return documents


def _storage_class() -> Document:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
        "provisioner": "csi.vsphere.vmware.com",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(number: int) -> list[Document]:
    """A claim and its volume, bound as the provisioner binds them: each names the other."""
    claim, volume = f"data-{number}", f"pvc-{uuid.uuid4()}"
    common: Document = {"accessModes": ["ReadWriteOnce"], "storageClassName": STORAGE_CLASS}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "annotations": {"pv.kubernetes.io/provisioned-by": "csi.vsphere.vmware.com"}},
            "spec": common
            | {
                "capacity": {"storage": "1Gi"},
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "name": claim,
                    "namespace": NAMESPACE,
                },
                "csi": {
                    "driver": "csi.vsphere.vmware.com",
                    "volumeHandle": str(uuid.uuid4()),
                    "fsType": "ext4",
                    "volumeAttributes": {"type": "vSphere CNS Block Volume"},
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": _metadata(claim),
            "spec": common | {"volumeName": volume, "resources": {"requests": {"storage": "1Gi"}}},
        },
    ]


def _metadata(name: str) -> Document:
    return {"name": name, "namespace": NAMESPACE}
