"""Documents as the API server sends them, small but whole enough to be real."""

from copy import deepcopy
from typing import Any

import pytest

from migration.frozen_model import KubeObject
from migration.spec.failure_domain import FailureDomain

INFRA = "ocp1-x7x2g"


def domain(side: str, number: int = 1) -> KubeObject:
    dc, cluster = f"dc-{side}", f"/dc-{side}/host/cluster-{number}"
    return {
        "name": f"{side}-az{number}",
        "region": f"{side}-region",
        "zone": f"{side}-zone-{number}",
        "server": f"vc-{side}.example.com",
        "topology": {
            "datacenter": dc,
            "computeCluster": cluster,
            "datastore": f"/{dc}/datastore/vsan-{number}",
            "networks": [f"net-{side}"],
            "resourcePool": f"{cluster}/Resources",
            "folder": f"/{dc}/vm/{INFRA}",
            "template": f"/{dc}/vm/rhcos",
        },
    }


@pytest.fixture
def source_domain() -> KubeObject:
    return domain("old")


@pytest.fixture
def target_domain() -> KubeObject:
    return domain("new")


@pytest.fixture
def second_domain() -> KubeObject:
    return domain("new", 2)


@pytest.fixture
def target(target_domain: KubeObject) -> FailureDomain:
    return FailureDomain.model_validate(target_domain).completed(INFRA)


@pytest.fixture
def infrastructure(source_domain: KubeObject) -> KubeObject:
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": "Infrastructure",
        "metadata": {"name": "cluster", "resourceVersion": "7"},
        "spec": {
            "cloudConfig": {"name": "cloud-provider-config", "key": "config"},
            "platformSpec": {
                "type": "VSphere",
                "vsphere": {
                    "vcenters": [{"server": "vc-old.example.com", "port": 443, "datacenters": ["dc-old"]}],
                    "failureDomains": [source_domain],
                    "nodeNetworking": {"external": {"networkSubnetCidr": ["10.0.0.0/16"]}, "internal": {}},
                },
            },
        },
        "status": {"infrastructureName": INFRA},
    }


@pytest.fixture
def spec_document(target_domain: KubeObject) -> KubeObject:
    return {
        "state": "Running",
        "targetVCenterCredentialsSecret": {"name": "vcf-creds", "namespace": "openshift-vcf-migration"},
        "failureDomains": [target_domain],
    }


@pytest.fixture
def machine_set() -> KubeObject:
    """A source MachineSet with everything on it that must not travel."""
    name = f"{INFRA}-worker-0"
    labels = {
        "machine.openshift.io/cluster-api-cluster": INFRA,
        "machine.openshift.io/cluster-api-machineset": name,
    }
    provider: dict[str, Any] = {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "VSphereMachineProviderSpec",
        "metadata": {"creationTimestamp": None},
        "credentialsSecret": {"name": "vsphere-cloud-credentials"},
        "userDataSecret": {"name": "worker-user-data"},
        "numCPUs": 4,
        "numCoresPerSocket": 2,
        "memoryMiB": 16384,
        "diskGiB": 120,
        "dataDisks": [{"name": "images", "sizeGiB": 50}],
        "snapshot": "",
        "template": f"{INFRA}-rhcos-old-region-old-zone-1",
        "tagIDs": ["urn:vmomi:InventoryServiceTag:5736bf56-49f5-4667-b38c-b97e09dc9578:GLOBAL"],
        "network": {"devices": [{"networkName": "net-old"}]},
        "workspace": {
            "server": "vc-old.example.com",
            "datacenter": "dc-old",
            "datastore": "/dc-old/datastore/vsan-1",
            "folder": f"/dc-old/vm/{INFRA}",
            "resourcePool": "/dc-old/host/cluster-1//Resources",
            "vmGroup": "old-group",
        },
    }
    return deepcopy(
        {
            "apiVersion": "machine.openshift.io/v1beta1",
            "kind": "MachineSet",
            "metadata": {
                "name": name,
                "namespace": "openshift-machine-api",
                "uid": "0b8f3b1c-6a1f-4b57-9a35-4f7a0d9d9f11",
                "resourceVersion": "4711",
                "generation": 3,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "oc"}],
                "ownerReferences": [{"kind": "Something", "name": "x", "uid": "y", "apiVersion": "v1"}],
                "finalizers": ["example.com/hold"],
                "labels": {"machine.openshift.io/cluster-api-cluster": INFRA, "team": "shop"},
                "annotations": {
                    "machine.openshift.io/vCPU": "4",
                    "machine.openshift.io/cluster-api-autoscaler-node-group-min-size": "1",
                    "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "5",
                    "autoscaling.openshift.io/machineautoscaler": "openshift-machine-api/workers",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}",
                    "example.com/note": "keep me",
                },
            },
            "spec": {
                "replicas": 3,
                "deletePolicy": "Oldest",
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {
                        "labels": {
                            **labels,
                            "machine.openshift.io/cluster-api-machine-role": "worker",
                            "machine.openshift.io/cluster-api-machine-type": "worker",
                            "machine.openshift.io/region": "old-region",
                            "machine.openshift.io/zone": "old-zone-1",
                        }
                    },
                    "spec": {
                        "lifecycleHooks": {},
                        "metadata": {"labels": {"node-role.kubernetes.io/infra": ""}},
                        "taints": [{"key": "infra", "effect": "NoSchedule"}],
                        "providerSpec": {"value": provider},
                    },
                },
            },
            "status": {"replicas": 3, "readyReplicas": 3},
        }
    )
