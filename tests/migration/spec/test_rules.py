"""Specs: what is right passes, and every problem is told at once with its field, its value and a remedy."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.frozen_model import KubeObject
from migration.spec.model import MigrationSpec
from migration.spec.problem import Problem
from migration.spec.rules import InvalidSpec, parse, parse_submission, problems
from tests.migration.conftest import domain

FD = "spec.failureDomains[0]"


def put(document: KubeObject, path: str, value: Any) -> KubeObject:
    document = deepcopy(document)
    *parents, last = path.split("/")
    at: Any = document
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[last] = value
    return document


def told(document: Any) -> list[tuple[str, str, str]]:
    found = problems(document)
    assert all(each.rule and each.remedy for each in found)
    return [(each.field, each.rule, each.remedy) for each in found]


@pytest.fixture
def two(spec_document: KubeObject, second_domain: KubeObject) -> KubeObject:
    spec_document["failureDomains"].append(second_domain)
    return spec_document


def test_a_right_spec_is_parsed(two: KubeObject) -> None:
    assert problems(two) == []
    assert parse(two) == MigrationSpec.model_validate(two)
    assert parse(parse(two).model_dump(by_alias=False)) == parse(two)  # the other spelling


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("failureDomains/0/topology/resourcePool", "/dc-new/host/cluster-1//Resources"),  # as the installer writes it
        ("failureDomains/0/topology/resourcePool", "/dc-new/host/cluster-1/Resources/ocp/prod"),
        ("failureDomains/0/topology/folder", "/dc-new/vm/team/ocp"),
        ("failureDomains/0/topology/networks", ["VM Network", "/dc-new/network/front"]),
        ("failureDomains/0/server", "10.0.0.7"),
        ("failureDomains/0/server", "VC-New"),
        ("failureDomains/0/zoneAffinity", {"type": "ComputeCluster"}),
        ("failureDomains/0/regionAffinity", {"type": "Datacenter"}),
        ("targetVCenters", [{"server": "vc-new.example.com", "port": 8443}]),
        ("machineSetConfig", {"failureDomain": "new-az2"}),
        ("controlPlaneMachineSetConfig", {}),
    ],
)
def test_what_is_allowed(two: KubeObject, path: str, value: object) -> None:
    assert problems(put(two, path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "field", "rule", "remedy"),
    [
        ("state", "Runing", "spec.state", "must be 'Pending', 'Running'", "exactly"),
        ("machineSetConfig/replicas", 0, "spec.machineSetConfig.replicas", "greater than or equal to 1", "Correct"),
        ("machineSetConfig/replicas", "many", "spec.machineSetConfig.replicas", "a whole number", "Correct"),
        ("rollbackOnFailure", "maybe", "spec.rollbackOnFailure", "true or false", "Correct"),
        ("failureDomains", [], "spec.failureDomains", "must not be empty", "at least one"),
        ("failureDomains", {}, "spec.failureDomains", "must be a list", "Correct"),
        ("failureDomains/0/name", "", f"{FD}.name", "must not be empty", "Fill it in"),
        ("failureDomains/0/name", "n" * 257, f"{FD}.name", "at most 256 characters", "Shorten"),
        ("failureDomains/0/regoin", "x", f"{FD}.regoin", "not a field", "Did you mean region?"),
        ("zzz", 1, "spec.zzz", "not a field", "Leave it out"),
        ("targetVCenterCredentialsSecret", {}, "spec.targetVCenterCredentialsSecret.name", "is required", "Add it"),
        ("targetVCenters", [{"server": "vc-new.example.com"}] * 4, "spec.targetVCenters", "at most 3", "Remove"),
        ("failureDomains/0/topology/folder", "x", f"{FD}.topology.folder", "absolute inventory path", "/<datacenter>/vm/<folder>"),
        ("failureDomains/0/topology/networks", [], f"{FD}.topology.networks", "must not be empty", "at least one"),
        # over several fields
        ("failureDomains/1/name", "new-az1", "spec.failureDomains[1].name", "another failure domain too", "own name"),
        ("failureDomains/1/name", "New_AZ1", "spec.failureDomains[1].name", "same MachineSet name as 'new-az1'", "differ"),
        ("failureDomains/0/topology/datastore", "/dc-2/datastore/x", f"{FD}.topology.datastore", "below /dc-new/datastore/", "/dc-new/datastore/<name>"),
        ("failureDomains/0/topology/computeCluster", "/dc-2/host/c", f"{FD}.topology.computeCluster", "below /dc-new/host/", "/dc-new/host/<name>"),
        ("failureDomains/0/topology/folder", "/dc-2/vm/x", f"{FD}.topology.folder", "below /dc-new/vm/", "/dc-new/vm/<name>"),
        ("failureDomains/0/topology/folder", "/dc-new/vm/", f"{FD}.topology.folder", "below /dc-new/vm/", "/dc-new/vm/<name>"),
        ("failureDomains/0/topology/folder", "/dc-new/vm/a//b/", f"{FD}.topology.folder", "a slash too many", "Write /dc-new/vm/a/b."),
        ("failureDomains/0/topology/template", "/dc-2/vm/x", f"{FD}.topology.template", "below /dc-new/vm/", "/dc-new/vm/<name>"),
        ("failureDomains/0/topology/resourcePool", "/dc-new/host/cluster-12/Resources", f"{FD}.topology.resourcePool", "no resource pool of the compute cluster", "/dc-new/host/cluster-1/Resources"),
        ("failureDomains/0/topology/networks", [" "], f"{FD}.topology.networks[0]", "must not be empty", "port group"),
        ("failureDomains/0/topology/networks", ["/dc-2/network/x"], f"{FD}.topology.networks[0]", "another datacenter", "/dc-new/network/<name>"),
        ("failureDomains/0/topology/datacenter", "/dc-new", f"{FD}.topology.datacenter", "must be a name", "Write dc-new."),
        ("failureDomains/0/region", "north south", f"{FD}.region", "becomes a label", "at most 63"),
        ("failureDomains/0/zone", "z" * 64, f"{FD}.zone", "becomes a label", "at most 63"),
        ("failureDomains/1/region", "other", "spec.failureDomains[1].region", "differs from 'new-region'", "another datacenter"),
        ("failureDomains/1/topology/computeCluster", "/dc-new/host/cluster-1", "spec.failureDomains[1].zone", "differs from 'new-zone-1'", "another compute cluster"),
        ("failureDomains/0/zoneAffinity", {"type": "HostGroup"}, f"{FD}.zoneAffinity.hostGroup", "required when type is HostGroup", "Add vmGroup"),
        ("failureDomains/0/zoneAffinity", {"type": "HostGroup"}, f"{FD}.zoneAffinity.type", "cannot build yet", "one compute cluster for each zone"),
        ("failureDomains/0/zoneAffinity", {"type": "ComputeCluster", "hostGroup": {"vmGroup": "a", "hostGroup": "b", "vmHostRule": "c"}}, f"{FD}.zoneAffinity.hostGroup", "only for type HostGroup", "Leave it out"),
        ("failureDomains/0/regionAffinity", {"type": "ComputeCluster"}, f"{FD}.regionAffinity.type", "cannot build yet", "Leave regionAffinity out"),
        ("machineSetConfig", {"failureDomain": "nowhere"}, "spec.machineSetConfig.failureDomain", "name of no failure domain", "new-az1, new-az2"),
        ("controlPlaneMachineSetConfig", {"failureDomain": "nowhere"}, "spec.controlPlaneMachineSetConfig.failureDomain", "name of no failure domain", "new-az1, new-az2"),
        ("gates", ["cleanup", "preflight"], "spec.gates[1]", "it only reads", "Gate backup"),
        ("targetVCenters", [{"server": "vc-newer"}], "spec.targetVCenters[0].server", "no failure domain", "vc-new.example.com"),
        ("targetVCenters", [{"server": "vc-new.example.com"}] * 2, "spec.targetVCenters[1].server", "listed twice", "Keep one"),
        ("targetVCenters", [{"server": "vc-new.example.com", "port": 40000}], "spec.targetVCenters[0].port", "above 32767", "lower"),
        ("targetVCenters", [{"server": "vc-new.example.com", "port": 70000}], "spec.targetVCenters[0].port", "less than or equal to 65535", "Correct"),
    ],
)  # fmt: skip
def test_one_problem(two: KubeObject, path: str, value: object, field: str, rule: str, remedy: str) -> None:
    found = {(where, what): how for where, what, how in told(put(two, path, value))}
    matching = {key: how for key, how in found.items() if key[0] == field and rule in key[1]}
    assert len(matching) == 1, found
    assert remedy in next(iter(matching.values()))


@pytest.mark.parametrize(
    ("server", "remedy"),
    [
        ("https://vc/ui/", "Write vc."),
        ("HTTPS://vc/sdk", "Write vc."),
        ("http://vc", "Write vc."),
        ("  vc  ", "Write vc."),
        ("vc/", "Write vc."),
        ("vc.example.com.", "Write vc.example.com."),
        ("vc:443", "Write vc, and port 443 in targetVCenters."),
        ("https://root:hunter2@vc:8443/sdk?x#y", "Write vc, and port 8443 in targetVCenters."),
        ("10.0.0.7:", "Write 10.0.0.7."),
        ("fd00::7", "Use the vCenter's host name."),
        ("[fd00::7]", "Use the vCenter's host name."),
        ("v c", "Write the vCenter's fully qualified name."),
        ("vc_new", "Write the vCenter's fully qualified name."),
        ("-vc", "Write the vCenter's fully qualified name."),
    ],
)
def test_a_server_is_a_host_name_alone(spec_document: KubeObject, server: str, remedy: str) -> None:
    found = problems(put(spec_document, "failureDomains/0/server", server))
    assert [(each.field, each.remedy) for each in found] == [(f"{FD}.server", remedy)]
    assert "hunter2" not in str(found)


def test_three_target_vcenters_are_too_many(two: KubeObject, target_domain: KubeObject) -> None:
    for number in range(2):
        two["failureDomains"].append({**target_domain, "name": f"more-{number}", "server": f"vc-{number}"})
    assert [field for field, _, _ in told(two)] == ["spec.failureDomains"]


def test_duplicates_are_each_named_once(spec_document: KubeObject, target_domain: KubeObject) -> None:
    names = ["fd-a", "fd-a", "fd-b", "fd-b", "fd-b"]
    spec_document["failureDomains"] = [{**target_domain, "name": name} for name in names]
    found = problems(spec_document)
    assert [each.field for each in found] == [f"spec.failureDomains[{index}].name" for index in (1, 3, 4)]


def test_every_problem_at_once(two: KubeObject) -> None:
    wrong = put(two, "state", "Runing")
    del wrong["failureDomains"][0]["topology"]["datastore"]
    wrong["failureDomains"][1]["server"] = "https://vc"
    wrong["machineSetConfig"] = {"failureDomain": "nowhere", "replicas": -1}
    with pytest.raises(InvalidSpec) as caught:
        parse(wrong)
    assert {each.field for each in caught.value.problems} == {
        "spec.state",
        "spec.failureDomains[0].topology.datastore",
        "spec.failureDomains[1].server",
        "spec.machineSetConfig.failureDomain",
        "spec.machineSetConfig.replicas",
    }
    assert str(caught.value).count("\n") == 4


def test_a_password_in_the_wrong_place_is_not_repeated(spec_document: KubeObject) -> None:
    wrong = put(spec_document, "targetVCenterCredentialsSecret/password", "hunter2")
    (problem,) = problems(wrong)
    assert problem.value == ""
    assert "hunter2" not in str(InvalidSpec([problem]))


def test_long_values_are_shortened(spec_document: KubeObject) -> None:
    (problem,) = problems(put(spec_document, "failureDomains/0/name", "n" * 300))
    assert len(problem.value) == 80
    assert problem.value.endswith("…")


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"failureDomains": None}, {"failureDomains": [None, 7]}])
def test_nonsense_is_told_and_not_thrown(document: object) -> None:
    assert told(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "failureDomains", "server", "topology", "targetVCenters", "port"]), inner
        )
    ),
)


@given(JSON)
def test_any_json_gets_an_answer(document: Any) -> None:
    assert all(isinstance(each, Problem) for each in problems(document))


def test_a_submission(spec_document: KubeObject) -> None:
    spec = parse(spec_document)
    assert parse_submission({"cluster": "prod", "spec": spec_document}) == ("prod", spec)
    assert parse_submission({"spec": spec_document}) == ("", spec)
    assert parse_submission({"cluster": None, "spec": spec_document}) == ("", spec)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (None, ["body"]),
        ([], ["body"]),
        ({}, ["spec"]),
        ({"cluster": 7, "spec": None, "x": 1}, ["x", "cluster", "spec"]),
        ({"requestedBy": 7, "spec": None}, ["requestedBy", "spec"]),
        ({"requestedBy": "x" * 101}, ["requestedBy", "spec"]),
    ],
)
def test_problems_of_a_submission(body: object, fields: list[str]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_submission(body)
    assert [each.field for each in caught.value.problems] == fields


TWO: KubeObject = {
    "targetVCenterCredentialsSecret": {"name": "vcf-target"},
    "failureDomains": [domain("new"), domain("new", 2)],
}
BREAKS: list[tuple[str, Any, str]] = [
    ("state", "Runing", "spec.state"),
    ("approvalMode", 7, "spec.approvalMode"),
    ("gates", ["preflight"], "spec.gates[0]"),
    ("targetVCenterCredentialsSecret/name", "", "spec.targetVCenterCredentialsSecret.name"),
    ("machineSetConfig", {"failureDomain": "nowhere"}, "spec.machineSetConfig.failureDomain"),
    ("controlPlaneMachineSetConfig", {"failureDomain": "nowhere"}, "spec.controlPlaneMachineSetConfig.failureDomain"),
    *(
        (f"failureDomains/{index}/{path}", value, f"spec.failureDomains[{index}].{field}")
        for index in (0, 1)
        for path, value, field in [
            ("regoin", "x", "regoin"),
            ("server", "HTTPS://VC/", "server"),
            ("region", "north south", "region"),
            ("zone", "", "zone"),
            ("zoneAffinity", {"type": "HostGroup"}, "zoneAffinity.type"),
            ("regionAffinity", {"type": "ComputeCluster"}, "regionAffinity.type"),
            ("topology/datacenter", "", "topology.datacenter"),
            ("topology/datastore", 7, "topology.datastore"),
            ("topology/folder", "/dc-new/vm/a//b", "topology.folder"),
            ("topology/template", "x", "topology.template"),
            ("topology/resourcePool", "/dc-new/host/other/Resources", "topology.resourcePool"),
            ("topology/networks", [" ", 7], "topology.networks[0]"),
        ]
    ),
]


@given(st.sets(st.sampled_from(range(len(BREAKS))), min_size=1))
def test_however_many_fields_are_broken_each_is_told(chosen: set[int]) -> None:
    document = deepcopy(TWO)
    for each in chosen:
        document = put(document, BREAKS[each][0], BREAKS[each][1])
    found = {each.field for each in problems(document)}
    assert {BREAKS[each][2] for each in chosen} <= found


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"server": "HTTPS://VC/", "topology": {"datacenter": ""}}, {"server", "topology.datacenter"}),
        ({"server": "HTTPS://VC/", "topology": None}, {"server", "topology"}),
        ({"server": 7, "zone": "a b", "topology": {"networks": [" "]}}, {"server", "zone", "topology.networks[0]"}),
        ({"topology": {"datacenter": "/dc-2/", "folder": "/dc/vm/x"}}, {"topology.datacenter", "topology.folder"}),
        ({"zoneAffinity": 7, "regionAffinity": {"type": "ComputeCluster"}}, {"zoneAffinity", "regionAffinity.type"}),
        ({"zoneAffinity": {"type": "HostGroup"}, "name": ""}, {"zoneAffinity.hostGroup", "zoneAffinity.type", "name"}),
    ],
)
def test_every_field_that_can_be_judged_is(wrong: KubeObject, fields: set[str]) -> None:
    """Whatever is missing or wrong beside it."""
    told_of = {each.field for each in problems({"failureDomains": [wrong]})}
    assert {f"{FD}.{each}" for each in fields} <= told_of


def test_a_path_is_judged_by_the_datacenter_that_was_meant() -> None:
    """Not once more for its spelling; and an entry is told of once."""
    found = problems(put(TWO, "failureDomains/0/topology/datacenter", "/dc-new/"))
    assert [each.field for each in found] == [f"{FD}.topology.datacenter"]
