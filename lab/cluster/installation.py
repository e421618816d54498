"""The cluster's own configuration as an installer writes it: infrastructure, version, gates, credentials, config.

What operators derive from it (component copies of the credentials, generated cloud configuration, ClusterOperators) is
written by the simulation, as it is by operators on a real cluster.
"""

import uuid

from lab.processes.programs import MACHINE_API, RELEASE
from lab.scenario import Scenario
from lab.vcenters.site import Document, Site

NAMESPACES = (
    "openshift-config",
    "openshift-config-managed",
    "openshift-cloud-controller-manager",
    "openshift-cloud-controller-manager-operator",
    "openshift-cloud-credential-operator",
    "openshift-cluster-csi-drivers",
    "openshift-cluster-machine-approver",
    "openshift-cluster-storage-operator",
    "openshift-cluster-version",
    "openshift-etcd",
    "openshift-etcd-operator",
    "openshift-kube-apiserver",
    "openshift-kube-controller-manager",
    "openshift-machine-config-operator",
    MACHINE_API,
)
DAY2_GATE = "VSphereMultiVCenterDay2"
_GATES = (
    "CPMSMachineNamePrefix",
    "VSphereMultiVCenters",
    "VSphereMultiDisk",
    "VSphereHostVMGroupZonal",
    "VSphereStaticIPs",
)
TARGET_CREDENTIALS = "vcf-target-credentials"


def namespace(name: str) -> Document:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def cluster_documents(scenario: Scenario, *, source: Site, target: Site, api_url: str) -> list[Document]:
    """Everything that is there before the first Machine."""
    return [
        *(namespace(name) for name in (*NAMESPACES, scenario.namespace)),
        infrastructure(scenario, source, api_url=api_url),
        _config("DNS", "cluster", spec={"baseDomain": "lab.example"}),
        feature_gate(scenario),
        cluster_version(),
        credentials("kube-system", "vsphere-creds", source),
        credentials(scenario.namespace, TARGET_CREDENTIALS, target),
        cloud_provider_config(source),
        *(_user_data(role) for role in ("worker", "master")),
        _operator("ClusterCSIDriver", "csi.vsphere.vmware.com", {"managementState": "Managed", "logLevel": "Normal"}),
        _operator("Storage", "cluster", {"managementState": "Managed", "logLevel": "Normal"}),
    ]


def infrastructure(scenario: Scenario, source: Site, *, api_url: str) -> Document:
    addresses = {"apiServerInternalIPs": ["10.11.255.2"], "ingressIPs": ["10.11.255.3"]}
    network = {"machineNetworks": ["10.11.0.0/16"]}
    return _config(
        "Infrastructure",
        "cluster",
        spec={
            "cloudConfig": {"name": "cloud-provider-config", "key": "config"},
            "platformSpec": {
                "type": "VSphere",
                "vsphere": {
                    "vcenters": [source.vcenter],
                    "failureDomains": source.failure_domains,
                    "nodeNetworking": {
                        each: {"networkSubnetCidr": ["10.11.0.0/16"]} for each in ("external", "internal")
                    },
                    **addresses,
                    **network,
                },
            },
        },
        status={
            "infrastructureName": scenario.infrastructure_name,
            "apiServerURL": api_url,
            "apiServerInternalURI": api_url,
            "etcdDiscoveryDomain": "",
            "controlPlaneTopology": "HighlyAvailable",
            "infrastructureTopology": "HighlyAvailable",
            "cpuPartitioning": "None",
            "platform": "VSphere",
            "platformStatus": {"type": "VSphere", "vsphere": addresses | network},
        },
    )


def feature_gate(scenario: Scenario) -> Document:
    enabled = [*_GATES, DAY2_GATE] if scenario.rules == "day2" else list(_GATES)
    disabled = ["MachineAPIMigration"] if scenario.rules == "day2" else ["MachineAPIMigration", DAY2_GATE]
    gates = {
        "version": RELEASE,
        "enabled": [{"name": each} for each in enabled],
        "disabled": [{"name": each} for each in disabled],
    }
    return _config("FeatureGate", "cluster", spec={}, status={"featureGates": [gates]})


def cluster_version() -> Document:
    image = f"quay.example/release:{RELEASE}"
    done = {
        "state": "Completed",
        "version": RELEASE,
        "image": image,
        "startedTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T01:00:00Z",
        "verified": False,
    }
    return _config(
        "ClusterVersion",
        "version",
        spec={"clusterID": str(uuid.uuid4()), "channel": "stable-4.21"},
        status={
            "desired": {"version": RELEASE, "image": image},
            "history": [done],
            "observedGeneration": 1,
            "versionHash": "lab",
            "availableUpdates": [],
        },
    )


def credentials(namespace_name: str, name: str, site: Site) -> Document:
    """A Secret with a vCenter's two keys. A key cannot hold a colon, so the port is never in it."""
    keys = {f"{site.server}.username": site.username, f"{site.server}.password": site.password}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace_name},
        "stringData": keys,
    }


def cloud_provider_config(source: Site) -> Document:
    """With comments and a section of its own that nobody may lose."""
    text = f"""\
# Written by the installer. Comments and sections that a tool does not know must survive its edits.
global:
  user: ""
  password: ""
  port: 0
  insecureFlag: false
  secretName: vsphere-creds
  secretNamespace: kube-system
vcenter:
  {source.server}:
    server: {source.server}
    port: {source.port}  # not the usual one
    datacenters:
    - {source.datacenter}
labels:
  region: openshift-region
  zone: openshift-zone
nodes:
  internalNetworkSubnetCidr: 10.11.0.0/16
  externalNetworkSubnetCidr: 10.11.0.0/16
"""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cloud-provider-config", "namespace": "openshift-config"},
        "data": {"config": text},
    }


def _user_data(role: str) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": f"{role}-user-data", "namespace": MACHINE_API},
        "stringData": {"userData": '{"ignition":{"version":"3.2.0"}}', "disableTemplating": "true"},
    }


def _config(kind: str, name: str, *, spec: Document, status: Document | None = None) -> Document:
    document = {"apiVersion": "config.openshift.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return document | ({"status": status} if status is not None else {})


def _operator(kind: str, name: str, spec: Document) -> Document:
    return {"apiVersion": "operator.openshift.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
