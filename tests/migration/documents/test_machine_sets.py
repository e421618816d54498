"""A new MachineSet: what it takes over, what it replaces, what it leaves behind and what it refuses."""

import json
from copy import deepcopy
from typing import Any

import pytest

from migration.documents import machine_sets
from migration.documents.machine_sets import (
    MIGRATED_FROM,
    UnsupportedMachineSetError,
    provider_spec,
    role,
    server,
    unsupported,
)
from migration.frozen_model import KubeObject
from migration.spec.failure_domain import FailureDomain

INFRA, NAME = "ocp1-x7x2g", "ocp1-x7x2g-worker-new-az1"
PROVIDER = "spec.template.spec.providerSpec.value"


@pytest.fixture
def made(machine_set: KubeObject, target: FailureDomain) -> KubeObject:
    return machine_sets.machine_set(
        machine_set, name=NAME, replicas=2, failure_domain=target, infrastructure_name=INFRA
    )


def at(document: Any, path: str) -> Any:
    for step in path.split("/"):
        document = document[int(step) if isinstance(document, list) else step]
    return document


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata", {
            "name": NAME,
            "namespace": "openshift-machine-api",
            "labels": {
                "machine.openshift.io/cluster-api-cluster": INFRA,
                "team": "shop",
                MIGRATED_FROM: "ocp1-x7x2g-worker-0",
            },
            "annotations": {"machine.openshift.io/vCPU": "4", "example.com/note": "keep me"},
        }),
        ("spec/replicas", 2),
        ("spec/deletePolicy", "Oldest"),
        ("spec/selector/matchLabels", {
            "machine.openshift.io/cluster-api-cluster": INFRA,
            "machine.openshift.io/cluster-api-machineset": NAME,
        }),
        ("spec/template/metadata/labels", {
            "machine.openshift.io/cluster-api-cluster": INFRA,
            "machine.openshift.io/cluster-api-machineset": NAME,
            "machine.openshift.io/cluster-api-machine-role": "worker",
            "machine.openshift.io/cluster-api-machine-type": "worker",
            "machine.openshift.io/region": "new-region",
            "machine.openshift.io/zone": "new-zone-1",
        }),
        ("spec/template/spec/metadata", {"labels": {"node-role.kubernetes.io/infra": ""}}),
        ("spec/template/spec/taints", [{"key": "infra", "effect": "NoSchedule"}]),
        ("spec/template/spec/providerSpec/value/workspace", {
            "server": "vc-new.example.com",
            "datacenter": "dc-new",
            "datastore": "/dc-new/datastore/vsan-1",
            "folder": f"/dc-new/vm/{INFRA}",
            "resourcePool": "/dc-new/host/cluster-1/Resources",
        }),
        ("spec/template/spec/providerSpec/value/template", "/dc-new/vm/rhcos"),
        ("spec/template/spec/providerSpec/value/network/devices", [{"networkName": "net-new"}]),
        ("spec/template/spec/providerSpec/value/numCPUs", 4),
        ("spec/template/spec/providerSpec/value/numCoresPerSocket", 2),
        ("spec/template/spec/providerSpec/value/memoryMiB", 16384),
        ("spec/template/spec/providerSpec/value/diskGiB", 120),
        ("spec/template/spec/providerSpec/value/dataDisks", [{"name": "images", "sizeGiB": 50}]),
        ("spec/template/spec/providerSpec/value/userDataSecret", {"name": "worker-user-data"}),
        ("spec/template/spec/providerSpec/value/credentialsSecret", {"name": "vsphere-cloud-credentials"}),
    ],
)  # fmt: skip
def test_a_new_machine_set(made: KubeObject, path: str, expected: object) -> None:
    assert at(made, path) == expected


def test_nothing_of_the_source_is_left(made: KubeObject) -> None:
    assert made.keys() == {"apiVersion", "kind", "metadata", "spec"}
    text = json.dumps(made).replace(f'"{MIGRATED_FROM}": "{INFRA}-worker-0"', "")
    for trace in ("vc-old", "dc-old", "net-old", "old-region", "old-zone", "old-group", "tagIDs", "autoscal", "uid",
                  "resourceVersion", "ownerReferences", "finalizers", "generation", "worker-0"):  # fmt: skip
        assert trace not in text, trace


def test_the_source_document_is_left_alone(machine_set: KubeObject, target: FailureDomain) -> None:
    before = deepcopy(machine_set)
    machine_sets.machine_set(machine_set, name=NAME, replicas=2, failure_domain=target, infrastructure_name=INFRA)
    assert machine_set == before


def test_an_open_resource_pool_folder_and_template_are_filled_in(
    machine_set: KubeObject, target_domain: KubeObject
) -> None:
    for field in ("resourcePool", "folder", "template"):
        del target_domain["topology"][field]
    open_domain = FailureDomain.model_validate(target_domain)
    made = machine_sets.machine_set(
        machine_set, name=NAME, replicas=1, failure_domain=open_domain, infrastructure_name=INFRA
    )
    provider = provider_spec(made)
    assert provider["workspace"]["resourcePool"] == "/dc-new/host/cluster-1/Resources"
    assert provider["workspace"]["folder"] == f"/dc-new/vm/{INFRA}"
    assert provider["template"] == f"/dc-new/vm/{INFRA}-rhcos-new-region-new-zone-1"


def test_each_device_gets_the_network_of_its_place(machine_set: KubeObject, target_domain: KubeObject) -> None:
    provider_spec(machine_set)["network"]["devices"] = [{"networkName": "a"}, {"networkName": "b"}]
    target_domain["topology"]["networks"] = ["/dc-new/network/front", "back", "unused"]
    domain = FailureDomain.model_validate(target_domain)
    made = machine_sets.machine_set(
        machine_set, name=NAME, replicas=1, failure_domain=domain, infrastructure_name=INFRA
    )
    assert provider_spec(made)["network"]["devices"] == [{"networkName": "front"}, {"networkName": "back"}]


def test_a_machine_set_without_devices_gets_the_one_that_machine_api_demands(
    machine_set: KubeObject, target: FailureDomain
) -> None:
    provider_spec(machine_set)["network"] = {}
    made = machine_sets.machine_set(
        machine_set, name=NAME, replicas=1, failure_domain=target, infrastructure_name=INFRA
    )
    assert provider_spec(made)["network"]["devices"] == [{"networkName": "net-new"}]


@pytest.mark.parametrize(
    ("devices", "fields"),
    [
        ([{"networkName": "a"}], []),
        ([{"networkName": "a", "nameservers": []}], []),
        ([{"networkName": "a", "addressesFromPools": [{"name": "p"}], "nameservers": ["10.0.0.2"]}],
         [f"{PROVIDER}.network.devices[0].addressesFromPools", f"{PROVIDER}.network.devices[0].nameservers"]),
        ([{"ipAddrs": ["10.0.0.9/24"], "gateway": "10.0.0.1"}],
         [f"{PROVIDER}.network.devices[0].gateway", f"{PROVIDER}.network.devices[0].ipAddrs"]),
        ([{"networkName": "a"}, {"networkName": "b"}], [f"{PROVIDER}.network.devices[1]"]),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over(
    machine_set: KubeObject, target: FailureDomain, devices: list[KubeObject], fields: list[str]
) -> None:
    provider_spec(machine_set)["network"]["devices"] = devices
    assert unsupported(machine_set, failure_domain=target) == fields
    if fields:
        with pytest.raises(UnsupportedMachineSetError, match="cannot be carried over") as caught:
            machine_sets.machine_set(
                machine_set, name=NAME, replicas=1, failure_domain=target, infrastructure_name=INFRA
            )
        assert caught.value.fields == fields


def test_machines_that_cluster_api_governs_are_not_ours_to_copy(machine_set: KubeObject, target: FailureDomain) -> None:
    machine_set["spec"]["authoritativeAPI"] = "ClusterAPI"
    assert unsupported(machine_set, failure_domain=target) == ["spec.authoritativeAPI"]


def test_readers(machine_set: KubeObject) -> None:
    assert (server(machine_set), role(machine_set)) == ("vc-old.example.com", "worker")
    bare = {"spec": {"template": {"spec": {}}}}
    assert (server(bare), role(bare), provider_spec(bare)) == ("", "", {})
