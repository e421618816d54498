"""Preflight's checks: a healthy cluster raises no concern, and each row one thing that is wrong and what is said."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from migration.concern import Category, blocking
from migration.frozen_model import KubeObject
from migration.phase import PhaseName
from migration.preflight.evaluate import CHECKS, evaluate
from migration.preflight.facts import (
    AttachedTag,
    DomainFacts,
    Facts,
    MissingObject,
    MissingPrivileges,
    Template,
    VCenterFacts,
)
from migration.run.checkpoint import Checkpoint
from migration.run.status import State
from migration.spec.model import MigrationSpec
from tests.workflows.answers import PLAN, request

OLD, NEW, INFRA = "vc-old.example.com", "vc-new.example.com", "ocp1-x7x2g"
World = dict[str, Any]
Change = Callable[[World], None]


def status(**conditions: str) -> KubeObject:
    return {"conditions": [{"type": kind, "status": value} for kind, value in conditions.items()]}


def operator(name: str, **conditions: str) -> KubeObject:
    return {"metadata": {"name": name}, "status": status(**conditions)}


def machine(name: str, role: str, phase: str = "Running", *, owned: bool = True) -> KubeObject:
    labels = {"machine.openshift.io/cluster-api-machine-role": role}
    if owned:
        labels["machine.openshift.io/cluster-api-machineset"] = "some-set"
    return {
        "metadata": {"name": name, "namespace": "openshift-machine-api", "labels": labels},
        "status": {"phase": phase, "nodeRef": {"name": name}},
    }


@pytest.fixture
def world(infrastructure: KubeObject, machine_set: KubeObject, spec_document: KubeObject) -> World:
    """A healthy cluster and a target that is ready for it; each test breaks one thing."""
    return {
        "spec": spec_document,
        "infrastructure": infrastructure,
        "cluster_version": {"status": {"desired": {"version": "4.21.0"}} | status(Progressing="False")},
        "feature_gate": {
            "status": {
                "featureGates": [
                    {"version": "4.21.0", "enabled": [{"name": "VSphereMultiVCenterDay2"}]},
                    {"version": "4.20.0", "enabled": [{"name": "VSphereMultiNetworks"}]},
                ]
            }
        },
        "cluster_operators": [operator("etcd", Available="True", Degraded="False", Progressing="True")],
        "machine_sets": [machine_set],
        "machines": [machine("m-0", "master", owned=False), machine("w-0", "worker")],
        "control_plane_machine_set": {
            "metadata": {"name": "cluster", "namespace": "openshift-machine-api"},
            "spec": {"replicas": 3, "state": "Active", "strategy": {"type": "RollingUpdate"}},
            "status": {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3},
        },
        "csi_driver": {"spec": {"managementState": "Removed"}},
        "persistent_volumes": [{"metadata": {"name": "nfs"}, "spec": {"nfs": {}}}],
        "health_checks": [
            {"metadata": {"namespace": "openshift-machine-api", "name": "machine-api-termination-handler"}}
        ],
        "vcenters": [VCenterFacts(server=OLD, instance_uuid="1"), VCenterFacts(server=NEW, instance_uuid="2")],
        "failure_domains": [
            DomainFacts(name="new-az1", template=Template(hardware_version=15, disk_gib=16), free_gib=10_000)
        ],
    }


def judged(world: World) -> list[tuple[str, str, list[str]]]:
    facts = Facts(**{name: value for name, value in world.items() if name != "spec"})
    assert Facts.model_validate_json(facts.model_dump_json()) == facts
    concerns = evaluate(MigrationSpec.model_validate(world["spec"]), facts)
    assert all(each.label and each.assessment and each.objects for each in concerns)
    assert all(each.remedy for each in concerns if each.category is not Category.INFORMATION)
    return [(each.id, each.category.value, each.objects) for each in concerns]


def put(path: str, value: Any) -> Change:
    """Set one field of the world, by path."""

    def change(world: World) -> None:
        *parents, last = path.split("/")
        at: Any = world
        for step in parents:
            at = at[int(step) if isinstance(at, list) else step]
        at[int(last) if isinstance(at, list) else last] = value

    return change


def append(field: str, value: Any) -> Change:
    return lambda world: world.setdefault(field, []).append(value)


VSPHERE = "infrastructure/spec/platformSpec/vsphere"
DOMAIN = "spec/failureDomains/0"
MHC = {"metadata": {"namespace": "openshift-machine-api", "name": "worker-mhc"}}
SOURCE_SET = f"openshift-machine-api/{INFRA}-worker-0"
DEVICE = "spec.template.spec.providerSpec.value.network.devices[0]"
PROVIDER = "machine_sets/0/spec/template/spec/providerSpec/value"


def pv(name: str, spec: KubeObject) -> KubeObject:
    return {"metadata": {"name": name}, "spec": spec}


def tagged(object_path: str, category: str, tag: str) -> Change:
    attached = [AttachedTag(object=object_path, category=category, tag=tag)]
    return put("failure_domains/0", DomainFacts(name="new-az1", attached=attached))


def second_source(world: World) -> None:
    vsphere = world["infrastructure"]["spec"]["platformSpec"]["vsphere"]
    vsphere["vcenters"].append({"server": "vc-b", "datacenters": ["b"]})


def four_in_all(world: World) -> None:
    second_source(world)
    (domain,) = world["spec"]["failureDomains"]
    world["spec"]["failureDomains"].append({**deepcopy(domain), "name": "x", "server": "vc-x"})


def single_node(world: World) -> None:
    put("control_plane_machine_set/spec/replicas", 1)(world)
    put("control_plane_machine_set/status", {})(world)


def two_networks_allowed(world: World) -> None:
    put(f"{DOMAIN}/topology/networks", ["a", "b"])(world)
    put("feature_gate/status/featureGates/0/enabled", [{"name": "VSphereMultiNetworks"}])(world)


def target_known_already(world: World) -> None:
    domains = world["infrastructure"]["spec"]["platformSpec"]["vsphere"]["failureDomains"]
    domains.append(world["spec"]["failureDomains"][0])


def left_over(world: World) -> None:
    twin = deepcopy(world["machine_sets"][0])
    twin["metadata"]["name"] = "left-over"
    twin["spec"]["template"]["spec"]["providerSpec"]["value"]["workspace"]["server"] = NEW
    world["machine_sets"].append(twin)


def half_listed(world: World) -> None:
    vsphere = world["infrastructure"]["spec"]["platformSpec"]["vsphere"]
    vsphere["vcenters"].append({"server": NEW, "datacenters": ["dc-new"]})


def one_number_for_two_sets(world: World) -> None:
    twin = deepcopy(world["machine_sets"][0])
    twin["metadata"]["name"] = "another"
    world["machine_sets"].append(twin)
    world["spec"]["machineSetConfig"] = {"replicas": 4}


def record(**fields: Any) -> Checkpoint:
    """Of an earlier migration of the same cluster."""
    return Checkpoint(request=request(), plan=PLAN, workflow="vcfm-ocp1", run="r1", phase=PhaseName.SCALE_OLD, **fields)


CASES: list[tuple[str, str, Change, list[str]]] = [
    ("migration.unfinished", "Critical", put("record", record()), ["vcfm-ocp1"]),
    ("migration.unfinished", "Critical", put("record", record(going_back=True)), ["vcfm-ocp1"]),
    ("migration.run.checkpoint-unreadable", "Critical", put("record_problem", "Secret vcfm-record is damaged. Restore it."), [f"vcfm-checkpoint-{INFRA}"]),
    ("infrastructure.unlisted", "Critical", put(f"{VSPHERE}/failureDomains", []), ["spec.platformSpec.vsphere.failureDomains"]),
    ("source.is-target", "Critical", put(f"{DOMAIN}/server", OLD), [OLD]),
    ("source.several", "Critical", second_source, ["vc-b", OLD]),
    ("vcenters.too-many", "Critical", four_in_all, [NEW, OLD, "vc-b", "vc-x"]),
    ("failure-domain.name-taken", "Critical", put(f"{DOMAIN}/name", "old-az1"), ["old-az1 (region, server, topology.computeCluster, topology.datacenter, topology.datastore, topology.folder, topology.networks[0], topology.resourcePool, topology.template, zone)"]),
    ("failure-domain.half-listed", "Critical", half_listed, [f"new-az1 on {NEW}"]),
    ("failure-domain.several-networks", "Critical", put(f"{DOMAIN}/topology/networks", ["a", "b"]), ["new-az1"]),
    ("cluster-version.upgrading", "Critical", put("cluster_version/status/conditions/0/status", "True"), ["4.21.0"]),
    ("operators.unhealthy", "Critical", append("cluster_operators", operator("kube-apiserver", Available="True", Degraded="True")), ["kube-apiserver"]),
    ("operators.unhealthy", "Critical", append("cluster_operators", operator("network")), ["network"]),
    ("operators.machine-config", "Warning", append("cluster_operators", operator("machine-config", Available="False", Degraded="True")), ["machine-config"]),
    ("cloud-config.unusable", "Critical", put("cloud_config_problem", "cloud-provider-config: it is empty"), ["openshift-config/cloud-provider-config"]),
    ("volumes.on-source", "Critical", append("persistent_volumes", pv("pv1", {"csi": {"driver": "csi.vsphere.vmware.com"}, "claimRef": {"namespace": "shop", "name": "db-0"}})), ["pv1 (shop/db-0)"]),
    ("volumes.on-source", "Critical", append("persistent_volumes", pv("pv2", {"vsphereVolume": {"volumePath": "x"}})), ["pv2"]),
    ("volumes.driver-active", "Warning", put("csi_driver", {"spec": {"managementState": "Managed"}}), ["ClusterCSIDriver/csi.vsphere.vmware.com"]),
    ("volumes.driver-active", "Warning", put("csi_driver", {}), ["ClusterCSIDriver/csi.vsphere.vmware.com"]),
    ("vcenter.unreadable", "Critical", put("vcenters/1", VCenterFacts(server=NEW, problem="The password is wrong.", remedy="Correct it.")), [f"{NEW}: The password is wrong. Correct it."]),
    ("source.same-vcenter", "Critical", put("vcenters/1", VCenterFacts(server=NEW, instance_uuid="1")), [f"{NEW} is {OLD}"]),
    ("inventory.missing", "Critical", put("failure_domains/0", DomainFacts(name="new-az1", missing=[MissingObject(kind="Datastore", path="/dc-new/datastore/vsan-1")])), [f"Datastore /dc-new/datastore/vsan-1 on {NEW}"]),
    ("template.missing", "Critical", put("failure_domains/0", DomainFacts(name="new-az1", missing=[MissingObject(kind="Template", path="/dc-new/vm/rhcos")])), [f"/dc-new/vm/rhcos on {NEW}"]),
    ("template.unfit", "Critical", put("failure_domains/0", DomainFacts(name="new-az1", template=Template(hardware_version=13))), ["/dc-new/vm/rhcos has hardware version 13, not 15 or later"]),
    ("template.unfit", "Critical", put("failure_domains/0", DomainFacts(name="new-az1", template=Template(disk_gib=121))), ["/dc-new/vm/rhcos has a disk of 121 GiB, more than the 120 GiB of a machine"]),
    ("privileges.missing", "Critical", put("vcenters/1", VCenterFacts(server=NEW, lacking=[MissingPrivileges(object="/", privileges=["c", "a"])])), [f"a, c on / of {NEW}"]),
    ("tags.other-value", "Critical", tagged("/dc-new", "openshift-region", "emea"), [f"/dc-new on {NEW} has openshift-region emea, not new-region"]),
    ("tags.other-value", "Critical", tagged("/dc-new/host/cluster-1", "openshift-zone", "z9"), [f"/dc-new/host/cluster-1 on {NEW} has openshift-zone z9, not new-zone-1"]),
    ("categories.unusable", "Critical", put("vcenters/1", VCenterFacts(server=NEW, unusable_categories={"openshift-zone": ["its cardinality is MULTIPLE, not SINGLE"]})), [f"openshift-zone on {NEW}: its cardinality is MULTIPLE, not SINGLE"]),
    ("datastore.tight", "Warning", put("failure_domains/0", DomainFacts(name="new-az1", free_gib=869)), [f"/dc-new/datastore/vsan-1 on {NEW} has 869 GiB free for 870 GiB of disks"]),
    ("machine-sets.unsupported", "Critical", put(f"{PROVIDER}/network/devices/0", {"nameservers": ["10.0.0.2"]}), [f"{SOURCE_SET}: {DEVICE}.nameservers"]),
    ("machine-sets.none", "Warning", put("machine_sets", []), [OLD]),
    ("machine-sets.ambiguous-total", "Critical", one_number_for_two_sets, ["openshift-machine-api/another", SOURCE_SET]),
    ("machine-sets.on-target", "Warning", left_over, ["openshift-machine-api/left-over"]),
    ("machines.alone", "Critical", append("machines", machine("w-9", "worker", owned=False)), ["openshift-machine-api/w-9"]),
    ("nodes.alone", "Critical", append("nodes", {"metadata": {"name": "by-hand"}}), ["by-hand"]),
    ("machines.workers-down", "Warning", append("machines", machine("w-9", "worker", "Failed")), ["openshift-machine-api/w-9"]),
    ("machines.control-plane-down", "Critical", append("machines", machine("m-9", "control-plane", "Provisioned")), ["openshift-machine-api/m-9"]),
    ("control-plane.missing", "Critical", put("control_plane_machine_set", None), ["openshift-machine-api/cluster"]),
    ("control-plane.strategy", "Critical", put("control_plane_machine_set/spec/strategy/type", "OnDelete"), ["OnDelete"]),
    ("control-plane.replicas", "Critical", single_node, ["1 replicas"]),
    ("control-plane.rolling", "Critical", put("control_plane_machine_set/status/updatedReplicas", 1), ["1 updated and 3 ready of 3"]),
    ("control-plane.rolling", "Critical", put("control_plane_machine_set/status/readyReplicas", 2), ["3 updated and 2 ready of 3"]),
    ("control-plane.unsupported", "Critical", put("control_plane_machine_set/spec/template", {"machines_v1beta1_machine_openshift_io": {"spec": {"providerSpec": {"value": {"network": {"devices": [{"addressesFromPools": [{"name": "p"}]}]}}}}}}), ["network.devices[0].addressesFromPools"]),
    ("control-plane.inactive", "Information", put("control_plane_machine_set/spec/state", "Inactive"), ["openshift-machine-api/cluster"]),
    ("machine-health-checks.paused", "Information", append("health_checks", MHC), ["openshift-machine-api/worker-mhc"]),
    ("autoscalers.set-aside", "Information", append("autoscalers", {"kind": "ClusterAutoscaler", "metadata": {"name": "default"}}), ["ClusterAutoscaler default"]),
]  # fmt: skip


def test_a_healthy_cluster_raises_no_concern(world: World) -> None:
    assert judged(world) == []


@pytest.mark.parametrize(
    ("concern", "category", "change", "objects"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)]
)
def test_concern(world: World, concern: str, category: str, change: Change, objects: list[str]) -> None:
    change(world)
    found = {each[0]: each for each in judged(world)}
    assert found[concern] == (concern, category, sorted(objects))


def test_every_check_has_a_case_and_a_name_of_its_own() -> None:
    names = [check.id for check in CHECKS]
    assert len(names) == len(set(names))
    assert {case[0] for case in CASES} == set(names)


@pytest.mark.parametrize(
    "change",
    [
        append("cluster_operators", operator("dns", Available="True")),  # Degraded not said
        put("cluster_version/status/conditions", []),  # Progressing not said
        put("csi_driver", None),
        put("record", record(ended=State.COMPLETED)),
        put("record", record(ended=State.ROLLED_BACK)),
        put("control_plane_machine_set/spec/strategy", {}),  # the API's default is RollingUpdate
        put("control_plane_machine_set/status", {}),
        put("failure_domains", []),  # its vCenter could not be asked; that is said elsewhere
        tagged("/dc-new", "openshift-region", "new-region"),
        tagged("/dc-new", "backup-policy", "gold"),
        tagged("/dc-new", "openshift-zone", "z9"),  # a zone of another cluster's, on the datacenter
        put("failure_domains/0", DomainFacts(name="new-az1", free_gib=870)),
        two_networks_allowed,
        target_known_already,
        put("spec/machineSetConfig", {"replicas": 4}),
    ],
)  # fmt: skip
def test_no_concern(world: World, change: Change) -> None:
    change(world)
    assert judged(world) == []


def test_everything_wrong_is_said_at_once_the_gravest_first(world: World) -> None:
    for case in (
        case for case in CASES if case[0] in {"autoscalers.set-aside", "datastore.tight", "control-plane.strategy"}
    ):
        case[2](world)
    assert [each[1] for each in judged(world)] == ["Critical", "Warning", "Information"]
    facts = Facts(**{name: value for name, value in world.items() if name != "spec"})
    concerns = evaluate(MigrationSpec.model_validate(world["spec"]), facts)
    assert [each.id for each in blocking(concerns)] == ["control-plane.strategy"]


def test_a_concern_about_thousands_names_a_hundred(world: World) -> None:
    world["persistent_volumes"] = [pv(f"pv{n:04}", {"csi": {"driver": "csi.vsphere.vmware.com"}}) for n in range(2000)]
    ((_, _, objects),) = judged(world)
    assert (len(objects), objects[-1]) == (101, "and 1900 more")


def test_an_unfinished_migration_is_told_with_the_way_out(world: World) -> None:
    put("record", record())(world)
    facts = Facts(**{name: value for name, value in world.items() if name != "spec"})
    (concern,) = evaluate(MigrationSpec.model_validate(world["spec"]), facts)
    assert "vcfm-ocp1 (run r1) had begun scale_old" in concern.assessment
    assert "`vcfm adopt --rollback`" in concern.remedy
