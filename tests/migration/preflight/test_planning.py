"""The plan: the same facts always give the same plan, and what was asked for is in it."""

from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from migration.capacity import DatastoreDisks
from migration.frozen_model import KubeObject
from migration.plan import ObjectName, Plan, SecretAddress, SourceSet, VirtualMachineName
from migration.preflight.facts import Facts
from migration.preflight.planning import make_plan
from migration.spec.model import MigrationSpec

INFRA, OLD, NEW, OTHER = "ocp1-x7x2g", "vc-old.example.com", "vc-new.example.com", "vc-other.example.com"
MACHINE_API = "openshift-machine-api"
ROLE = "machine.openshift.io/cluster-api-machine-role"


def machine(name: str, role: str, server: str = OLD, node: str | None = None) -> KubeObject:
    return {
        "metadata": {"name": name, "uid": f"uid-of-{name}", "labels": {ROLE: role}},
        "spec": {"providerSpec": {"value": {"workspace": {"server": server}}}},
        "status": {"nodeRef": {"name": node}} if node else {},
    }


def named(kind: str, name: str, **more: Any) -> KubeObject:
    return {"kind": kind, "metadata": {"name": name, "namespace": MACHINE_API, "uid": f"uid-of-{name}"}} | more


@pytest.fixture
def world(infrastructure: KubeObject, machine_set: KubeObject, spec_document: KubeObject) -> dict[str, Any]:
    domains = {"vsphere": [{"name": "old-az1"}]}
    return {
        "spec": spec_document,
        "infrastructure": infrastructure | {"status": infrastructure["status"] | {"apiServerURL": "https://api:6443"}},
        "cluster_version": {"spec": {"clusterID": "id-1"}, "status": {"desired": {"version": "4.21.0"}}},
        "machine_sets": [machine_set],
        "machines": [machine("m-0", "master", node="n-0"), machine("m-1", "control-plane"), machine("w-0", "worker")],
        "control_plane_machine_set": {
            "spec": {
                "replicas": 3,
                "state": "Active",
                "template": {"machines_v1beta1_machine_openshift_io": {"failureDomains": domains}},
            }
        },
    }


def planned(world: dict[str, Any]) -> Plan:
    facts = Facts(**{name: value for name, value in world.items() if name != "spec"})
    spec = MigrationSpec.model_validate(world["spec"])
    return make_plan(spec, facts, migration="vcfm-x", run="r", cluster="east", namespace="vcf")


def pool(world: dict[str, Any], name: str, replicas: int | None, role: str = "worker", server: str = OLD) -> None:
    """One more MachineSet."""
    twin = deepcopy(world["machine_sets"][0])
    twin["metadata"]["name"] = name
    twin["spec"]["template"]["metadata"]["labels"][ROLE] = role
    twin["spec"]["template"]["spec"]["providerSpec"]["value"]["workspace"]["server"] = server
    twin["spec"].pop("replicas")
    twin["spec"] |= {} if replicas is None else {"replicas": replicas}
    world["machine_sets"].append(twin)


def domains(world: dict[str, Any], **servers: str) -> None:
    """The spec's failure domains, by name, and the vCenter of each."""
    pattern = world["spec"]["failureDomains"][0]
    world["spec"]["failureDomains"] = [pattern | {"name": name, "server": server} for name, server in servers.items()]


def shares(plan: Plan) -> dict[str, dict[str, int]]:
    """Replicas by pattern and failure domain."""
    found: dict[str, dict[str, int]] = {}
    for each in plan.new_sets:
        found.setdefault(each.pattern.removeprefix(f"{INFRA}-"), {})[each.failure_domain] = each.replicas
    return found


def test_the_simplest_plan(world: dict[str, Any]) -> None:
    plan = planned(world)
    assert (plan.migration, plan.run, plan.cluster, plan.key) == ("vcfm-x", "r", "east", "vcfm-x/r")
    assert (plan.infrastructure_name, plan.cluster_id, plan.version) == (INFRA, "id-1", "4.21.0")
    assert (plan.api_server, plan.namespace, plan.strategy) == ("https://api:6443", "vcf", "Day2")
    assert (plan.source.server, plan.source.datacenters, plan.source_failure_domains) == (OLD, ["dc-old"], ["old-az1"])
    assert plan.source.reference.credentials == SecretAddress(namespace="kube-system", name="vsphere-creds")
    assert plan.target_servers == [NEW]
    assert plan.targets[0].reference.credentials == SecretAddress(namespace="openshift-vcf-migration", name="vcf-creds")
    assert plan.source_sets == [SourceSet(name=f"{INFRA}-worker-0", replicas=3)]
    assert shares(plan) == {"worker-0": {"new-az1": 3}}
    assert (plan.cloud_config, plan.cloud_config_key) == ("cloud-provider-config", "config")
    assert plan == planned(world)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_the_disks_of_the_source_are_pinned_where_they_are(world: dict[str, Any]) -> None:
    for each, datastore in zip(
        world["machines"], ["/dc-old/datastore/vsan-1", "/dc-old/datastore/vsan-1", "b"], strict=True
    ):
        value = each["spec"]["providerSpec"]["value"]
        value["workspace"] |= {"datacenter": "dc-old", "datastore": datastore}
        value["diskGiB"] = 100
    assert planned(world).source_disks == [
        DatastoreDisks(datacenter="dc-old", datastore="/dc-old/datastore/vsan-1", gib=200),
        DatastoreDisks(datacenter="dc-old", datastore="b", gib=100),
    ]


def test_disks_by_path_of_an_older_plan_are_read(world: dict[str, Any]) -> None:
    older = planned(world).model_dump() | {"sourceDisks": {"/eu/dc-old/datastore/vsan-1": 200}}
    assert Plan.model_validate(older).source_disks == [
        DatastoreDisks(datacenter="/eu/dc-old", datastore="/eu/dc-old/datastore/vsan-1", gib=200)
    ]


def test_the_source_is_a_name_wherever_it_stands(world: dict[str, Any]) -> None:
    vsphere = world["infrastructure"]["spec"]["platformSpec"]["vsphere"]
    vsphere["vcenters"].insert(0, {"server": NEW, "port": 8443, "datacenters": ["dc-new"]})
    vsphere["failureDomains"].insert(0, world["spec"]["failureDomains"][0])
    plan = planned(world)
    assert (plan.source.server, plan.source_failure_domains, plan.target_servers) == (OLD, ["old-az1"], [NEW])


def test_machines_and_vms_are_those_of_the_source(world: dict[str, Any]) -> None:
    world["machines"].append(machine("w-new", "worker", server=NEW))
    plan = planned(world)
    assert plan.source_vms == [
        VirtualMachineName(name="m-0", instance_uuid="uid-of-m-0", node="n-0"),
        VirtualMachineName(name="m-1", instance_uuid="uid-of-m-1"),
        VirtualMachineName(name="w-0", instance_uuid="uid-of-w-0"),
    ]
    assert plan.control_plane.machines == ["m-0", "m-1"]


@pytest.mark.parametrize(
    ("pools", "servers", "config", "wanted"),
    [
        ([], {"a": NEW, "b": NEW}, None, {"worker-0": {"a": 2, "b": 1}}),
        ([], {"a": NEW, "b": NEW, "c": OTHER, "d": OTHER}, None, {"worker-0": {"a": 1, "b": 1, "c": 1, "d": 0}}),
        ([], {"a": NEW}, {"replicas": 5}, {"worker-0": {"a": 5}}),
        ([], {"a": NEW, "b": NEW}, {"replicas": 5}, {"worker-0": {"a": 3, "b": 2}}),
        ([], {"a": NEW, "b": NEW}, {"failureDomain": "b"}, {"worker-0": {"b": 3}}),
        ([], {"a": NEW, "b": OTHER}, {"failureDomain": "b", "replicas": 1}, {"worker-0": {"b": 1}}),
        ([("infra", 2)], {"a": NEW}, None, {"worker-0": {"a": 3}, "infra": {"a": 2}}),
        ([("empty", 0)], {"a": NEW}, None, {"worker-0": {"a": 3}, "empty": {"a": 0}}),
        ([("unsaid", None)], {"a": NEW}, None, {"worker-0": {"a": 3}, "unsaid": {"a": 1}}),
    ],
)  # fmt: skip
def test_workers_are_spread(
    world: dict[str, Any],
    pools: list[tuple[str, int | None]],
    servers: dict[str, str],
    config: KubeObject | None,
    wanted: dict[str, dict[str, int]],
) -> None:
    for name, replicas in pools:
        pool(world, f"{INFRA}-{name}", replicas)
    domains(world, **servers)
    world["spec"] |= {"machineSetConfig": config} if config else {}
    plan = planned(world)
    assert shares(plan) == wanted
    assert len({each.name for each in plan.new_sets}) == len(plan.new_sets)


def test_two_pools_of_odd_size_leave_no_failure_domain_behind(world: dict[str, Any]) -> None:
    pool(world, f"{INFRA}-infra", 3)
    domains(world, a=NEW, b=NEW)
    load = Counter[str]()
    for each in planned(world).new_sets:
        load[each.failure_domain] += each.replicas
    assert load == {"a": 3, "b": 3}


def test_machine_sets_on_the_target_are_no_pattern_but_their_names_are_taken(world: dict[str, Any]) -> None:
    (before,) = planned(world).new_sets
    pool(world, before.name, 4, server=NEW)
    plan = planned(world)
    assert [each.name for each in plan.source_sets] == [f"{INFRA}-worker-0"]
    assert [each.replicas for each in plan.new_sets] == [3]
    assert plan.new_sets[0].name != before.name


def test_failure_domains_on_two_vcenters(world: dict[str, Any]) -> None:
    domains(world, a=NEW, b=OTHER, c=NEW)
    world["spec"]["targetVCenters"] = [{"server": OTHER, "port": 8443}]
    plan = planned(world)
    assert [(each.server, each.reference.port, each.datacenters) for each in plan.targets] == [
        (NEW, 443, ["dc-new"]),
        (OTHER, 8443, ["dc-new"]),
    ]
    assert [each.name for each in plan.domains_on(NEW)] == ["a", "c"]
    assert plan.failure_domain("b").server == plan.target(OTHER).server == OTHER


def test_failure_domains_are_completed(world: dict[str, Any]) -> None:
    for key in ("folder", "template", "resourcePool"):
        world["spec"]["failureDomains"][0]["topology"].pop(key)
    place = planned(world).failure_domains[0].topology
    assert place.folder == f"/dc-new/vm/{INFRA}"
    assert place.template == f"/dc-new/vm/{INFRA}-rhcos-new-region-new-zone-1"
    assert place.resource_pool == "/dc-new/host/cluster-1/Resources"


@pytest.mark.parametrize(
    ("state", "config", "planned_state", "wanted"),
    [
        ("Active", None, "Active", ["a", "b"]),
        ("Inactive", None, "Inactive", ["a", "b"]),
        (None, None, "Inactive", ["a", "b"]),
        ("Active", {"failureDomain": "b"}, "Active", ["b"]),
        ("Active", {}, "Active", ["a", "b"]),
    ],
)
def test_the_control_plane(
    world: dict[str, Any], state: str | None, config: KubeObject | None, planned_state: str, wanted: list[str]
) -> None:
    domains(world, a=NEW, b=NEW)
    world["control_plane_machine_set"]["spec"]["state"] = state
    world["spec"] |= {} if config is None else {"controlPlaneMachineSetConfig": config}
    plan = planned(world).control_plane
    assert (plan.replicas, plan.state, plan.source_failure_domains) == (3, planned_state, ["old-az1"])
    assert plan.target_failure_domains == wanted


def test_a_control_plane_without_failure_domains(world: dict[str, Any]) -> None:
    world["control_plane_machine_set"]["spec"]["template"]["machines_v1beta1_machine_openshift_io"] = {}
    assert planned(world).control_plane.source_failure_domains == []


def paused(value: str) -> KubeObject:
    return {
        "metadata": {
            "name": "p",
            "namespace": MACHINE_API,
            "uid": "u",
            "annotations": {"cluster.x-k8s.io/paused": value},
        }
    }


@pytest.mark.parametrize(
    ("check", "quiesced"),
    [
        (named("MachineHealthCheck", "workers"), ["workers"]),
        (paused("true"), []),
        (paused(""), []),
        (named("MachineHealthCheck", "machine-api-termination-handler"), []),
    ],
)
def test_health_checks_that_are_ours_to_pause(world: dict[str, Any], check: KubeObject, quiesced: list[str]) -> None:
    world["health_checks"] = [check]
    assert [each.name for each in planned(world).quiesced.health_checks] == quiesced


@pytest.mark.parametrize(
    ("kind", "scaled", "quiesced"),
    [
        ("MachineAutoscaler", f"{INFRA}-worker-0", [ObjectName(namespace=MACHINE_API, name="a", uid="uid-of-a")]),
        ("MachineAutoscaler", "of-the-target", []),
        ("ClusterAutoscaler", f"{INFRA}-worker-0", []),
    ],
)
def test_autoscalers_that_are_ours_to_set_aside(
    world: dict[str, Any], kind: str, scaled: str, quiesced: list[ObjectName]
) -> None:
    world["autoscalers"] = [named(kind, "a", spec={"scaleTargetRef": {"name": scaled}})]
    assert planned(world).quiesced.autoscalers == quiesced


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [({"name": "mine", "key": "text"}, ("mine", "text")), ({}, ("cloud-provider-config", "config"))],
)
def test_the_cloud_config_is_what_infrastructure_refers_to(
    world: dict[str, Any], reference: KubeObject, wanted: tuple[str, str]
) -> None:
    world["infrastructure"]["spec"]["cloudConfig"] = reference
    plan = planned(world)
    assert (plan.cloud_config, plan.cloud_config_key) == wanted
