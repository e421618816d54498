"""Custom resources as people write them, in the dialects that people write them in."""

from typing import Any
from uuid import uuid4

from bridge.resource import conditions
from migration.frozen_model import KubeObject

SPACE = "openshift-vcf-migration"
ELSEWHERE = "somebodys-project"
SERVER = "vc-new.example.com"
SUCCEEDED = {
    **dict.fromkeys(conditions.OFFICIAL, "True"),
    "Accepted": "True",
    "Synced": "True",
    "PreflightPassed": "True",
    "Progressing": "False",
    "AwaitingApproval": "False",
    "NeedsAttention": "False",
    "RolledBack": "False",
    "Succeeded": "True",
}
"""What a completed migration's resource says."""


def domain(name: str = "vcf-az1", **more: Any) -> KubeObject:
    """A failure domain."""
    return {
        "name": name,
        "region": "vcf",
        "zone": "az1",
        "server": SERVER,
        "topology": {
            "datacenter": "dc-vcf",
            "computeCluster": "/dc-vcf/host/wld01",
            "datastore": "/dc-vcf/datastore/vsan01",
            "networks": ["seg-ocp-100"],
        },
    } | more


def ours(**more: Any) -> KubeObject:
    """A spec in our own words: whatever may be left out is."""
    return {"targetVCenterCredentialsSecret": {"name": "vcf-target"}, "failureDomains": [domain()]} | more


ORIGINAL: KubeObject = {
    "state": "Pending",
    "approvalMode": "Automatic",
    "rollbackOnFailure": True,
    "targetVCenterCredentialsSecret": {"name": "vcf-creds", "namespace": "vmware-cloud-foundation-migration"},
    "failureDomains": [
        {
            "name": "vcf-az1",
            "region": "vcf",
            "zone": "az1",
            "server": "vc-new.lab.example",
            "topology": {
                "datacenter": "DC-VCF",
                "computeCluster": "/DC-VCF/host/wld01",
                "datastore": "/DC-VCF/datastore/vsan01",
                "networks": ["seg-ocp-100"],
                "resourcePool": "/DC-VCF/host/wld01/Resources",
                "template": "/DC-VCF/vm/rhcos-9.6-vmware",
                "folder": "/DC-VCF/vm/ocp1-x7x2g",
            },
        }
    ],
    "machineSetConfig": {"replicas": 3, "failureDomain": "vcf-az1"},
    "controlPlaneMachineSetConfig": {"failureDomain": "vcf-az1"},
}
"""As the original controller's example has it, with every field that it requires."""

OFFICIAL: KubeObject = {
    "state": "Running",
    "targetVCenterCredentialsSecret": {"name": "vcf-target"},
    "failureDomains": [
        domain(
            regionAffinity={"type": "Datacenter"},
            zoneAffinity={"type": "ComputeCluster"},
        )
    ],
}
"""As the official operator takes it: its name is `cluster`, and it knows no approvals."""


def resource(spec: KubeObject, *, name: str = "", namespace: str = SPACE, **metadata: Any) -> KubeObject:
    """A custom resource, under a name of its own unless one is given."""
    return {
        "apiVersion": "migration.openshift.io/v1alpha1",
        "kind": "VmwareCloudFoundationMigration",
        "metadata": {"name": name or f"m-{uuid4().hex[:8]}", "namespace": namespace} | metadata,
        "spec": spec,
    }
