"""Documents as clusters send them, and what we read in them."""

from typing import Any

import pytest

from migration.frozen_model import KubeObject
from openshift.api.resources import INFRASTRUCTURE, MACHINE, NODE, SECRET, Resource
from openshift.backups import backup_name, packed, unpacked
from openshift.config_maps import text_of
from openshift.control_plane import read_control_plane
from openshift.errors import Unexpected
from openshift.infrastructure import read_infrastructure
from openshift.machines import read_machine, read_machine_set
from openshift.nodes import read_node
from openshift.operators import read_version, unrest
from openshift.pods import outstanding, vsphere_workloads
from openshift.secrets import credentials_in, not_copied

NEW = {"name": "m", "namespace": "n", "uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
WORKSPACE = {"server": "vc1", "datacenter": "dc1"}


def said(**statuses: str) -> list[dict[str, str]]:
    return [{"type": type_, "status": value, "message": f"{type_} says so"} for type_, value in statuses.items()]


def machine(
    *, metadata: KubeObject | None = None, spec: KubeObject | None = None, status: KubeObject | None = None
) -> KubeObject:
    provider = {"providerSpec": {"value": {"workspace": WORKSPACE}}}
    return {
        "kind": "Machine",
        "metadata": NEW | (metadata or {}),
        "spec": provider | (spec or {}),
        "status": status or {},
    }


def test_a_new_machine_says_little_and_is_read() -> None:
    read = read_machine(machine())
    assert (read.server, read.phase, read.node, read.machine_set, read.deleting_since) == ("vc1", "", None, None, None)
    assert read_machine({"metadata": NEW}).server == ""


@pytest.mark.parametrize(
    ("role", "expected"), [("master", True), ("control-plane", True), ("worker", False), ("", False)]
)
def test_who_is_control_plane(role: str, expected: bool) -> None:
    labels = {"machine.openshift.io/cluster-api-machine-role": role}
    assert read_machine(machine(metadata={"labels": labels})).is_control_plane is expected


@pytest.mark.parametrize(
    ("metadata", "status", "obstacle"),
    [
        ({}, {}, ""),
        ({}, {"errorReason": "CreateError"}, "CreateError"),
        ({}, {"errorReason": "CreateError", "errorMessage": "no such template"}, "no such template"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {"conditions": said(Drainable="False")}, "Drainable says so"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {"conditions": said(Drained="False")}, "Drained says so"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {"conditions": said(Drained="True")}, ""),
        ({}, {"conditions": said(Drainable="False")}, ""),  # a hook that waits for a deletion is no obstacle
        ({}, {"conditions": said(InstanceExists="Unknown")}, "InstanceExists says so"),
        ({}, {"conditions": said(InstanceExists="False")}, ""),  # it is being made
        ({}, {"providerStatus": {"conditions": said(MachineCreation="False")}}, "MachineCreation says so"),
        ({}, {"providerStatus": {"conditions": said(MachineCreation="True")}}, ""),
        ({}, {"errorMessage": f"clone {'&' * 500}: no space"}, f"clone {'&' * 144} … {'&' * 140}: no space"),
        ({}, {"errorMessage": "https://me:secret@vc: no"}, "https://(removed)@vc: no"),
        ({}, {"nodeRef": {"name": "n"}, "conditions": said(InstanceExists="Unknown")}, ""),  # its vCenter is away
    ],
)
def test_what_holds_a_machine_up(metadata: KubeObject, status: KubeObject, obstacle: str) -> None:
    assert read_machine(machine(metadata=metadata, status=status)).obstacle == obstacle


def test_hooks_are_read_with_their_step() -> None:
    hook = {"name": "EtcdQuorumOperator", "owner": "clusteroperator/etcd"}
    (read,) = read_machine(machine(spec={"lifecycleHooks": {"preDrain": [hook]}})).hooks
    assert (read.step, read.name, read.owner) == ("preDrain", *hook.values())


@pytest.mark.parametrize(("spec", "replicas"), [({}, 1), ({"replicas": 0}, 0), ({"replicas": 3}, 3)])
def test_replicas_default_to_one(spec: KubeObject, replicas: int) -> None:
    assert read_machine_set({"metadata": NEW, "spec": spec}).replicas == replicas


ROLLED = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3}


@pytest.mark.parametrize(
    ("status", "rolled"),
    [
        (ROLLED, True),
        (ROLLED | {"observedGeneration": 1}, False),  # the last change is not seen yet
        (ROLLED | {"updatedReplicas": 2}, False),
        (ROLLED | {"readyReplicas": 2}, False),
        (ROLLED | {"replicas": 4}, False),  # the old one of the last index is still there
        (ROLLED | {"unavailableReplicas": 1}, False),
        ({}, False),
    ],
)
def test_when_a_roll_is_over(status: KubeObject, rolled: bool) -> None:
    document = {"metadata": NEW | {"generation": 2}, "spec": {"replicas": 3}, "status": status}
    assert read_control_plane(document).rolled is rolled


CALM = {"Available": "True", "Degraded": "False", "Progressing": "False"}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (CALM, []),
        (CALM | {"Degraded": "True"}, ["etcd Degraded=True (Degraded says so)"]),
        (CALM | {"Progressing": "Unknown"}, ["etcd Progressing=Unknown (Progressing says so)"]),
        ({"Available": "True", "Degraded": "False"}, ["etcd Progressing=missing"]),
        ({}, ["etcd Available=missing", "etcd Degraded=missing", "etcd Progressing=missing"]),
    ],
)
def test_silence_is_not_calm(conditions: dict[str, str], expected: list[str]) -> None:
    document = {"metadata": {"name": "etcd"}, "status": {"conditions": said(**conditions)}}
    assert [str(each) for each in unrest([document])] == expected
    assert unrest([document], excused=["etcd"]) == []


def version(**conditions: str) -> KubeObject:
    status = {"desired": {"version": "4.21.0"}, "conditions": said(**conditions)}
    return {"metadata": {"name": "version"}, "spec": {"clusterID": "id"}, "status": status}


@pytest.mark.parametrize(
    ("conditions", "updating"),
    [({}, ""), ({"Progressing": "False"}, ""), ({"Progressing": "True"}, "Progressing says so")],
)
def test_an_update_that_runs(conditions: dict[str, str], updating: str) -> None:
    assert read_version(version(**conditions)).updating == updating


@pytest.mark.parametrize(
    ("document", "ready", "reason"),
    [
        ({}, False, "has not reported yet"),
        ({"status": {"conditions": said(Ready="True")}}, True, ""),
        ({"status": {"conditions": said(Ready="Unknown")}}, False, "Ready says so"),
    ],
)
def test_a_silent_node_is_not_ready(document: KubeObject, ready: bool, reason: str) -> None:
    read = read_node({"metadata": NEW} | document)
    assert (read.ready, read.reason) == (ready, reason)


def pod(name: str, uid: str, *, ready: str = "True", **metadata: Any) -> KubeObject:
    labels = {"app": "vsphere-csi-driver-node", "pod-template-hash": "x"}
    return {
        "metadata": {"name": name, "namespace": "openshift-cluster-csi-drivers", "uid": uid, "labels": labels}
        | metadata,
        "status": {"conditions": said(Ready=ready)},
    }


def owner(kind: str, *, wanted: int, label: str = "vsphere-csi-driver-node") -> KubeObject:
    labels = {"app": label}
    return {
        "kind": kind,
        "metadata": {"name": "driver", "namespace": "openshift-cluster-csi-drivers"},
        "spec": {"replicas": wanted, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}},
        "status": {"desiredNumberScheduled": wanted},
    }


BEFORE = [pod("a", "1"), pod("b", "2")]
GOING = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
@pytest.mark.parametrize(
    ("now", "lacks"),
    [
        (BEFORE, "old pods are still there: a, b"),
        ([pod("a", "1", deletionTimestamp=GOING), pod("c", "3"), pod("d", "4")], "old pods are still there: a"),
        ([], "0 of 2 new pods Ready"),
        ([pod("c", "3")], "1 of 2 new pods Ready"),
        ([pod("c", "3"), pod("d", "4", ready="False")], "1 of 2 new pods Ready"),
        ([pod("c", "3"), pod("d", "4", deletionTimestamp=GOING)], "1 of 2 new pods Ready"),
        ([pod("a", "3"), pod("b", "4")], None),  # the same names, as a StatefulSet would have them, but new pods
        ([pod("c", "3"), pod("d", "4")], None),
    ],
)
def test_a_restart_is_over_when_as_many_new_pods_are_ready(kind: str, now: list[KubeObject], lacks: str | None) -> None:
    owners = [owner(kind, wanted=2)]
    workloads = vsphere_workloads(owners, pods=BEFORE)
    expected = {f"{kind} openshift-cluster-csi-drivers/driver": lacks} if lacks else {}
    assert outstanding(workloads, owners=owners, pods=now) == expected


def test_other_workloads_are_left_alone_and_removed_ones_not_waited_for() -> None:
    assert vsphere_workloads([owner("Deployment", wanted=1, label="registry")], pods=BEFORE) == []
    workloads = vsphere_workloads([owner("Deployment", wanted=2)], pods=BEFORE)
    assert outstanding(workloads, owners=[], pods=BEFORE) == {}


def secret(**data: str) -> KubeObject:
    return {"kind": "Secret", "metadata": {"name": "creds", "namespace": "n"}, "data": data}


GOOD = secret(**{"vc1.username": "bWU=", "vc1.password": "aHVudGVyMg=="})


def test_credentials_are_read_and_not_shown() -> None:
    credentials = credentials_in(GOOD, server="vc1")
    assert (credentials.username, credentials.password) == ("me", "hunter2")
    assert repr(credentials) == "Credentials()"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (secret(), ["vc1.username", "vc1.password"]),
        (secret(**{"vc1.username": "bWU="}), ["vc1.password"]),
        (secret(**{"vc1.username": "bWU=", "vc1.password": ""}), ["vc1.password"]),
        (secret(**{"vc1.username": "bWU=", "vc1.password": "hunter2!"}), ["vc1.password"]),
        (secret(**{"VC1.username": "bWU=", "VC1.password": "bWU="}), ["vc1.username", "vc1.password"]),
    ],
)
def test_every_missing_key_is_named_and_no_value(document: KubeObject, named: list[str]) -> None:
    with pytest.raises(Unexpected) as error:
        credentials_in(document, server="vc1")
    assert f"has no usable {' and '.join(named)}." in str(error.value)
    assert "hunter2" not in str(error.value)
    assert "bWU" not in str(error.value)


@pytest.mark.parametrize(
    ("copy", "keys"),
    [
        (GOOD, []),
        (secret(**GOOD["data"], more="eA=="), []),
        (secret(**{"vc1.username": "bWU="}), ["vc1.password"]),
        (secret(**GOOD["data"] | {"vc1.password": "b2xk"}), ["vc1.password"]),
        (secret(), ["vc1.username", "vc1.password"]),
    ],
)
def test_a_copy_carries_the_same_or_says_which_keys_not(copy: KubeObject, keys: list[str]) -> None:
    assert not_copied(GOOD, copy, servers=["vc1"]) == keys


def test_a_key_that_a_config_map_lacks_is_named_with_those_it_has() -> None:
    document = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "", "b": ""}}
    assert text_of(document, key="a") == ""
    with pytest.raises(Unexpected, match=r"no key config \(there are: a, b\)"):
        text_of(document, key="config")


def infrastructure(**vsphere: Any) -> KubeObject:
    return {
        "kind": "Infrastructure",
        "metadata": {"name": "cluster"},
        "spec": {"platformSpec": {"type": "VSphere", "vsphere": vsphere}},
        "status": {"infrastructureName": "ocp1"},
    }


def test_infrastructure_is_read_with_fields_of_tomorrow() -> None:
    topology = {
        "datacenter": "dc",
        "computeCluster": "/dc/host/cl",
        "datastore": "/dc/datastore/ds",
        "networks": ["n"],
        "new": 1,
    }
    domain = {"name": "fd", "region": "r", "zone": "z", "server": "vc1", "topology": topology, "newer": {}}
    read = read_infrastructure(infrastructure(vcenters=[{"server": "vc1"}], failureDomains=[domain]))
    assert (read.vcenters[0].port, read.failure_domains[0].topology.datacenter) == (443, "dc")
    assert read.cloud_config == ("cloud-provider-config", "config")
    del topology["networks"]
    with pytest.raises(Unexpected, match=r"FailureDomain fd: topology\.networks"):
        read_infrastructure(infrastructure(vcenters=[], failureDomains=[domain]))


@pytest.mark.parametrize(
    ("resource", "name", "namespace", "path"),
    [
        (SECRET, "a", "n", "/api/v1/namespaces/n/secrets/a"),
        (SECRET, None, None, "/api/v1/secrets"),
        (NODE, "a", None, "/api/v1/nodes/a"),
        (MACHINE, None, "n", "/apis/machine.openshift.io/v1beta1/namespaces/n/machines"),
        (INFRASTRUCTURE, "cluster", None, "/apis/config.openshift.io/v1/infrastructures/cluster"),
    ],
)
def test_where_objects_are(resource: Resource, name: str | None, namespace: str | None, path: str) -> None:
    assert resource.path(name=name, namespace=namespace) == path


@pytest.mark.parametrize(("resource", "name", "namespace"), [(SECRET, "a", None), (NODE, "a", "n")])
def test_a_namespace_too_few_or_too_many(resource: Resource, name: str, namespace: str | None) -> None:
    with pytest.raises(ValueError, match=name):
        resource.path(name=name, namespace=namespace)


def test_names_of_before_images_fit_and_tell_objects_and_migrations_apart() -> None:
    names = {
        backup_name(SECRET, name=name, namespace=namespace, migration=migration)
        for name in ("a-b", "b", "x" * 253)
        for namespace in ("n", "n-a", None)
        for migration in ("m1", "m2")
    }
    assert len(names) == 18
    assert max(map(len, names)) <= 253
    readable = backup_name(INFRASTRUCTURE, name="cluster", namespace=None, migration="m1")
    assert readable.startswith("vcfm-backup-infrastructure-cluster-")


def test_a_before_image_is_whole_and_notices_damage() -> None:
    document = machine(metadata={"managedFields": [{}]})
    stored = packed(document, secret="s", namespace="n", migration="m")
    assert unpacked(stored) == machine()
    stored["data"] |= packed(machine(status={"phase": "Running"}), secret="s", namespace="n", migration="m")["data"]
    with pytest.raises(Unexpected, match="damaged"):
        unpacked(stored)
    stored["data"] = {}
    with pytest.raises(Unexpected, match="damaged"):
        unpacked(stored)
