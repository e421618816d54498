"""What must be true of the world after any completed migration, however rough its way was."""

import json

from lab.commands import Lab
from tests.e2e.world import MACHINE_API, World, condition, data, workspace

COPIES = {
    "openshift-machine-api": "vsphere-cloud-credentials",
    "openshift-cloud-controller-manager": "vsphere-cloud-credentials",
    "openshift-cluster-csi-drivers": "vmware-vsphere-cloud-credentials",
    "openshift-cluster-storage-operator": "vsphere-cloud-credentials",
}


def migrated(lab: Lab, *, masters: int = 3, workers: int = 3) -> None:
    """Assert it of a lab that was brought up with the default scenario."""
    world = World(lab)
    source, target = world.server("source"), world.server("target")
    _machines(world, target, masters=masters, workers=workers)
    _virtual_machines(world, lab.description["infrastructure_name"])
    _configuration(world, source, target)
    _credentials(world, source, target)
    _control_plane(world)
    _quiesced(world)
    _metadata(world, lab, target)
    _nothing_twice(world, lab.description["infrastructure_name"], count=masters + workers)


def _machines(world: World, target: str, *, masters: int, workers: int) -> None:
    assert {workspace(each)["server"] for each in world.machines} == {target}
    assert {each["status"]["phase"] for each in world.machines} == {"Running"}
    nodes = world.listed("v1/Node")
    roles = [("node-role.kubernetes.io/master" in each["metadata"]["labels"]) for each in nodes]
    assert (roles.count(True), roles.count(False)) == (masters, workers)
    assert {condition(each, "Ready") for each in nodes} == {"True"}
    assert {each["status"]["nodeRef"]["name"] for each in world.machines} == {
        each["metadata"]["name"] for each in nodes
    }


def _virtual_machines(world: World, infrastructure_name: str) -> None:
    there = {each["instance_uuid"]: each for each in world.vms("target")}
    for machine in world.machines:
        vm = there[machine["metadata"]["uid"]]
        assert vm["power"] == "poweredOn"
        assert f"openshift-{infrastructure_name}/{infrastructure_name}" in vm["tags"]
    assert [each["path"] for each in world.vms("source")] == []


def _configuration(world: World, source: str, target: str) -> None:
    vsphere = world.one("config.openshift.io/v1/Infrastructure", "cluster")["spec"]["platformSpec"]["vsphere"]
    assert [each["server"] for each in vsphere["vcenters"]] == [target]
    assert {each["server"] for each in vsphere["failureDomains"]} == {target}
    for namespace, name, key in (
        ("openshift-config", "cloud-provider-config", "config"),
        ("openshift-config-managed", "kube-cloud-config", "cloud.conf"),
        ("openshift-cloud-controller-manager", "cloud-conf", "cloud.conf"),
    ):
        text = world.one("v1/ConfigMap", name, namespace)["data"][key]
        assert target in text, name
        assert source not in text, name


def _credentials(world: World, source: str, target: str) -> None:
    for namespace, name in {"kube-system": "vsphere-creds", **COPIES}.items():
        keys = set(data(world.one("v1/Secret", name, namespace)))
        assert keys == {f"{target}.username", f"{target}.password"}, f"{namespace}/{name}"
        assert not any(source in each for each in keys)


def _control_plane(world: World) -> None:
    cpms = world.one("machine.openshift.io/v1/ControlPlaneMachineSet", "cluster", MACHINE_API)
    domains = cpms["spec"]["template"]["machines_v1beta1_machine_openshift_io"]["failureDomains"]["vsphere"]
    assert cpms["spec"]["state"] == "Active"
    assert [each["name"] for each in domains] == ["target-a"]
    endpoints = world.one("v1/ConfigMap", "etcd-endpoints", "openshift-etcd")["data"].values()
    masters = {
        address["address"]
        for each in world.listed("v1/Node")
        if "node-role.kubernetes.io/master" in each["metadata"]["labels"]
        for address in each["status"]["addresses"]
        if address["type"] == "InternalIP"
    }
    assert set(endpoints) == masters


def _quiesced(world: World) -> None:
    for each in world.listed("machine.openshift.io/v1beta1/MachineHealthCheck"):
        assert "cluster.x-k8s.io/paused" not in (each["metadata"].get("annotations") or {})
    (autoscaler,) = world.listed("autoscaling.openshift.io/v1beta1/MachineAutoscaler")
    (machine_set,) = world.listed("machine.openshift.io/v1beta1/MachineSet")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == machine_set["metadata"]["name"]
    cvo = world.one("apps/v1/Deployment", "cluster-version-operator", "openshift-cluster-version")
    assert (cvo["spec"]["replicas"], cvo["status"]["availableReplicas"]) == (1, 1)
    for each in world.listed("config.openshift.io/v1/ClusterOperator"):
        assert (condition(each, "Available"), condition(each, "Degraded")) == ("True", "False"), each["metadata"][
            "name"
        ]


def _metadata(world: World, lab: Lab, target: str) -> None:
    name = f"{lab.description['infrastructure_name']}-metadata"
    document = json.loads(data(world.one("v1/Secret", name, lab.description["namespace"]))["metadata.json"])
    assert set(document) == {"clusterName", "clusterID", "infraID", "vsphere", "featureSet", "customFeatureSet"}
    assert document["infraID"] == lab.description["infrastructure_name"]
    assert document["vsphere"]["vCenter"] == target


def _nothing_twice(world: World, infrastructure_name: str, *, count: int) -> None:
    assert len(world.machines) == len(world.vms("target")) == count
    assert len(world.listed("machine.openshift.io/v1beta1/MachineSet")) == 1
    assert len(world.folders("target", infrastructure_name)) == 1
    assert set(world.tags("target").values()) == {1}
