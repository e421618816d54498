"""What the lab writes in an installer's stead, where a rule decides it."""

import json

import pytest

from lab.cluster.installation import DAY2_GATE, feature_gate
from lab.cluster.machines import control_plane_machine_set, machine_documents, machine_sets
from lab.scenario import Pool, Scenario
from lab.vcenters.site import Site, plan_site

SERVER = "127.0.11.1"


def source(scenario: Scenario) -> Site:
    return plan_site("source", scenario, server=SERVER, port=8443, admin="127.0.0.1:20001")


@pytest.mark.parametrize(
    ("replicas", "failure_domains", "dealt"),
    [(3, 1, [3]), (3, 3, [1, 1, 1]), (5, 3, [2, 2, 1]), (1, 2, [1, 0]), (0, 2, [0, 0])],
)
def test_replicas_are_dealt_round(replicas: int, failure_domains: int, dealt: list[int]) -> None:
    scenario = Scenario(source_failure_domains=failure_domains)
    sets = machine_sets(scenario, source(scenario), Pool(replicas=replicas))
    assert [each["spec"]["replicas"] for each in sets] == dealt


def test_masters_are_dealt_over_the_failure_domains() -> None:
    scenario = Scenario(source_failure_domains=2)
    documents = machine_documents(scenario, source(scenario))
    zones = [each["metadata"]["labels"]["machine.openshift.io/zone"] for each in documents if each["kind"] == "Machine"]
    assert zones == ["source-a", "source-b", "source-a"]


def test_a_pool_of_its_own_brings_role_labels_and_taints() -> None:
    taint = {"key": "infra", "effect": "NoSchedule"}
    scenario = Scenario(pools=[Pool(name="infra", labels={"tier": "router"}, taints=[taint])])
    [made] = machine_sets(scenario, source(scenario), scenario.pools[0])
    spec = made["spec"]["template"]["spec"]
    assert spec["metadata"]["labels"] == {"node-role.kubernetes.io/infra": "", "tier": "router"}
    assert spec["taints"] == [taint]


def test_the_control_plane_set_leaves_to_failure_domains_what_they_say() -> None:
    scenario = Scenario(source_failure_domains=2)
    template = control_plane_machine_set(scenario, source(scenario))["spec"]["template"]
    template = template["machines_v1beta1_machine_openshift_io"]
    assert template["failureDomains"]["vsphere"] == [{"name": "source-a"}, {"name": "source-b"}]
    assert template["spec"]["providerSpec"]["value"]["workspace"] == {}


@pytest.mark.parametrize(("rules", "enabled"), [("day2", True), ("open", False), ("legacy", False)])
def test_the_gate_stands_with_the_rules(rules: str, *, enabled: bool) -> None:
    [gates] = feature_gate(Scenario.model_validate({"rules": rules}))["status"]["featureGates"]
    assert ({"name": DAY2_GATE} in gates["enabled"]) == enabled


def test_the_target_is_handed_over_without_anything_of_openshift() -> None:
    target = plan_site("target", Scenario(), server=SERVER, port=8443, admin="127.0.0.1:20002")
    inventory = json.loads(target.inventory(other_vms=0))
    assert [inventory[each] for each in ("folder", "ownership", "region")] == ["", "", ""]
    assert [each["zone"] for each in inventory["clusters"]] == [""]
