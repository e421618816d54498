"""The observer sees what it is there for: each invariant broken once, by hand."""

import copy
from typing import Any

import pytest

from lab.simulation.cluster.kinds import CONFIG_MAP, MACHINE, NODE, SECRET
from tests.prove.audit import violations
from tests.prove.comparison import differences
from tests.prove.invariants import Wanted, credentials, edited, nothing_twice, one_index, quorum, workers
from tests.prove.view import MACHINE_SET, ROLE, ClusterView, Document, Inventory

SOURCE, TARGET = "127.0.11.1", "127.0.11.2"
WANTED = Wanted(masters=3, workers=1)
API = "openshift-machine-api"


def document(name: str, namespace: str = "", labels: dict[str, str] | None = None, **content: Any) -> Document:
    metadata = {"name": name, "namespace": namespace, "uid": name, "labels": labels or {}}
    return {"metadata": metadata, **content}


def machine(name: str, *, server: str = SOURCE, role: str = "master", phase: str = "Running") -> Document:
    spec = {"providerSpec": {"value": {"workspace": {"server": server, "resourcePool": "pool"}}}, "providerID": name}
    return document(name, API, {ROLE: role}, spec=spec, status={"phase": phase})


def node(name: str, *, master: bool, ready: bool = True) -> Document:
    labels = {"node-role.kubernetes.io/master": ""} if master else {}
    status = {
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "addresses": [{"type": "InternalIP", "address": f"ip-{name}"}],
    }
    return document(name, labels=labels, spec={"providerID": name}, status=status)


def vm(name: str) -> Document:
    return {"type": "VirtualMachine", "path": f"/dc/vm/ocp1/{name}", "instance_uuid": name}


@pytest.fixture
def view() -> ClusterView:
    """A cluster on its source, at rest."""
    calm = ClusterView(name="ocp1", servers={"source": SOURCE, "target": TARGET})
    masters = [f"ocp1-master-{index}" for index in range(3)]
    for each in masters:
        calm.apply(MACHINE, "ADDED", machine(each))
        calm.apply(NODE, "ADDED", node(each, master=True))
    calm.apply(MACHINE, "ADDED", machine("ocp1-worker-a", role="worker"))
    calm.apply(NODE, "ADDED", node("ocp1-worker-a", master=False))
    keys = {f"{SOURCE}.username": "", f"{SOURCE}.password": ""}
    calm.apply(SECRET, "ADDED", document("vsphere-creds", "kube-system", data=keys))
    members = {each: f"ip-{each}" for each in masters}
    calm.apply(CONFIG_MAP, "ADDED", document("etcd-endpoints", "openshift-etcd", data=members))
    template = {"metadata": {"labels": {ROLE: "worker"}}, "spec": machine("x")["spec"]}
    calm.apply(MACHINE_SET, "ADDED", document("ocp1-worker", API, spec={"replicas": 1, "template": template}))
    category = {"name": "openshift-zone", "tags": ["a"]}
    for role in ("source", "target"):
        vms = [vm(each) for each in [*masters, "ocp1-worker-a"]] if role == "source" else []
        calm.inventories[role] = Inventory(asked=0.0, objects=vms, categories=[category])
    return calm


def broken(view: ClusterView) -> set[str]:
    invariants = (credentials, one_index, quorum, workers, nothing_twice)
    return {each.__name__ for each in invariants if list(each(view, WANTED))}


def test_a_cluster_at_rest_breaks_nothing(view: ClusterView) -> None:
    assert broken(view) == set()


def test_keys_that_go_before_the_last_machine(view: ClusterView) -> None:
    view.apply(SECRET, "MODIFIED", document("vsphere-creds", "kube-system", data={}))
    assert broken(view) == {"credentials"}


def test_keys_that_go_before_the_last_vm_that_no_machine_names_any_more(view: ClusterView) -> None:
    for each in list(view.objects[MACHINE].values()):
        view.apply(MACHINE, "DELETED", each)
    view.apply(SECRET, "MODIFIED", document("vsphere-creds", "kube-system", data={}))
    assert not list(credentials(view, WANTED)), "the listing is older than the change"
    view.inventories["source"].asked = float("inf")
    assert list(credentials(view, WANTED))


@pytest.mark.parametrize("spare", [["ocp1-master-b-0", "ocp1-master-c-1"], ["ocp1-master-b-0", "ocp1-master-c-0"]])
def test_two_replacements_at_once(view: ClusterView, spare: list[str]) -> None:
    for each in spare:
        assert broken(view) == set()
        view.apply(MACHINE, "ADDED", machine(each, phase="Provisioning"))
    assert broken(view) == {"one_index"}


def test_masters_that_are_not_ready(view: ClusterView) -> None:
    view.apply(NODE, "MODIFIED", node("ocp1-master-0", master=True, ready=False))
    assert broken(view) == set(), "one may be lost"
    view.apply(NODE, "MODIFIED", node("ocp1-master-1", master=True, ready=False))
    assert broken(view) == {"quorum"}


def test_a_cordoned_worker_is_one_less(view: ClusterView) -> None:
    cordoned = node("ocp1-worker-a", master=False)
    cordoned["spec"]["unschedulable"] = True
    view.apply(NODE, "MODIFIED", cordoned)
    assert broken(view) == {"workers"}


def test_an_unreachable_worker_is_one_less_only_when_its_machine_goes(view: ClusterView) -> None:
    unreachable = node("ocp1-worker-a", master=False)
    unreachable["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    view.apply(NODE, "MODIFIED", unreachable)
    assert broken(view) == set()
    view.apply(MACHINE, "MODIFIED", machine("ocp1-worker-a", role="worker", phase="Deleting"))
    assert broken(view) == {"workers"}


def test_things_that_are_there_twice(view: ClusterView) -> None:
    calm = copy.deepcopy(view)
    twin = copy.deepcopy(next(iter(view.objects[MACHINE_SET].values())))
    twin["metadata"]["name"] = "ocp1-worker-again"
    view.apply(MACHINE_SET, "ADDED", twin)
    assert broken(view) == {"nothing_twice"}
    calm.inventories["source"].objects.append(vm("ocp1-worker-a"))
    assert broken(calm) == {"nothing_twice"}


def test_a_clone_under_way_has_no_identity_yet(view: ClusterView) -> None:
    for name in ("ocp1-worker-b", "ocp1-worker-c"):
        clone = vm(name)
        del clone["instance_uuid"]
        view.inventories["target"].objects.append(clone)
    assert broken(view) == set()


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        (("providerID",), "other", False),
        (("providerSpec", "value", "workspace", "server"), TARGET, False),
        (("lifecycleHooks",), {"preDrain": []}, True),
    ],
)
def test_a_machine_that_is_edited(path: tuple[str, ...], value: object, *, allowed: bool) -> None:
    before = machine("ocp1-master-0")
    after = copy.deepcopy(before)
    place = after["spec"]
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    assert (not list(edited(before, after, MACHINE))) is allowed


@pytest.mark.parametrize(
    ("resource", "verb", "body", "allowed"),
    [
        ("machinesets", "patch", {"spec": {"replicas": 0}}, True),
        ("machinesets", "patch", {"spec": {"template": {}}}, False),
        ("machines", "patch", {"spec": {"lifecycleHooks": None}}, False),
        ("machines", "delete", None, False),
        ("nodes", "delete", None, False),
        ("configmaps", "patch", None, True),
    ],
)
def test_what_the_service_account_may_write(
    view: ClusterView, resource: str, verb: str, body: Any, *, allowed: bool
) -> None:
    where = {"resource": resource, "namespace": API, "name": "ocp1-worker"}
    event = {"verb": verb, "objectRef": where, "requestURI": "/", "requestObject": body}
    assert (not list(violations(event, view))) is allowed


def test_nothing_differs_from_itself_and_everything_from_nothing() -> None:
    kinds = {
        "v1/Node": {"/a": node("a", master=False)},
        "machine.openshift.io/v1beta1/Machine": {f"{API}/a": machine("ocp1-master-0")},
        "v1/Secret": {"kube-system/vsphere-creds": document("vsphere-creds", "kube-system", data={})},
    }
    vcenters = {role: {"objects": [vm("ocp1-master-0")], "categories": []} for role in ("source", "target")}
    before = {"objects": kinds, "vcenters": vcenters}
    assert differences(before, before, "ocp1") == []
    nothing: Document = {"objects": {}, "vcenters": {role: {"objects": [], "categories": []} for role in vcenters}}
    assert len(differences(before, nothing, "ocp1")) == 5
