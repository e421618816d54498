"""The few writes, against the real API server with OpenShift's own CRDs: what they change, leave, and refuse."""

from base64 import b64encode
from copy import deepcopy

import pytest

from migration.audit.call import Call
from migration.frozen_model import KubeObject
from openshift.api.client import Cluster
from openshift.api.resources import (
    CONFIG_MAP,
    CONTROL_PLANE_MACHINE_SET,
    INFRASTRUCTURE,
    MACHINE,
    MACHINE_AUTOSCALER,
    MACHINE_HEALTH_CHECK,
    MACHINE_SET,
    POD,
    SECRET,
    Resource,
)
from openshift.backups import load_backup, take_backup
from openshift.config_maps import read_cloud_config, replace_cloud_config
from openshift.control_plane import find_control_plane, make_inactive, point_at, pointing
from openshift.errors import AlreadyExists, Conflict, Invalid, NotFound, StillInUse, Unexpected
from openshift.infrastructure import get_infrastructure, patch_infrastructure
from openshift.machines import create_machine_set, delete_machine_set, scale
from openshift.pods import Workload, restart
from openshift.quiesce import (
    list_autoscalers,
    list_health_checks,
    pause,
    put_back,
    restore_pause,
    set_aside,
)
from openshift.secrets import Credentials, add_credentials, read_credentials, remove_credentials, restore_credentials

pytestmark = pytest.mark.usefixtures("openshift_kinds")

SPACE = "openshift-machine-api"
OURS = "openshift-vcf-migration"
SET_LABEL = "machine.openshift.io/cluster-api-machineset"


async def fresh(cluster: Cluster, resource: Resource, document: KubeObject) -> KubeObject:
    """The object anew, whatever another test left."""
    metadata = document["metadata"]
    if await cluster.find(resource, metadata["name"], namespace=metadata.get("namespace")):
        await cluster.delete(resource, metadata["name"], namespace=metadata.get("namespace"))
    return await cluster.create(resource, {"apiVersion": resource.api_version, "kind": resource.kind} | document)


def changes(calls: list[Call]) -> list[str]:
    return [call.method for call in calls if call.mutating]


def machine_set(name: str, *, replicas: int = 0, server: str = "vc1") -> KubeObject:
    provider = {"workspace": {"server": server}, "numCPUs": 4}
    template = {"metadata": {"labels": {SET_LABEL: name}}, "spec": {"providerSpec": {"value": provider}}}
    return {
        "apiVersion": MACHINE_SET.api_version,
        "kind": MACHINE_SET.kind,
        "metadata": {"name": name, "namespace": SPACE, "annotations": {"theirs": "kept"}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {SET_LABEL: name}}, "template": template},
    }


async def test_scaling_changes_replicas_and_nothing_else(cluster: Cluster, calls: list[Call]) -> None:
    before = await fresh(cluster, MACHINE_SET, machine_set("scaled", replicas=1))
    calls.clear()
    assert (await scale(cluster, "scaled", replicas=3)).replicas == 3
    assert (await scale(cluster, "scaled", replicas=3)).replicas == 3
    assert changes(calls) == ["PATCH"]
    after = await cluster.get(MACHINE_SET, "scaled", namespace=SPACE)
    assert after["spec"] == before["spec"] | {"replicas": 3}


async def test_a_machine_set_is_created_once_and_never_taken_for_another(cluster: Cluster, calls: list[Call]) -> None:
    document = machine_set("created")
    calls.clear()
    first = await create_machine_set(cluster, document)
    again = await create_machine_set(cluster, document)
    assert first.uid == again.uid
    assert changes(calls) == ["POST"]
    with pytest.raises(AlreadyExists, match="places its Machines elsewhere"):
        await create_machine_set(cluster, machine_set("created", server="vc2"))


async def test_a_machine_set_goes_only_when_nothing_hangs_on_it(cluster: Cluster) -> None:
    await fresh(cluster, MACHINE_SET, machine_set("emptied", replicas=1))
    with pytest.raises(StillInUse, match="replicas: 1"):
        await delete_machine_set(cluster, "emptied")
    await scale(cluster, "emptied", replicas=0)
    await fresh(cluster, MACHINE, {"metadata": {"name": "last", "namespace": SPACE, "labels": {SET_LABEL: "emptied"}}})
    with pytest.raises(StillInUse, match="last"):
        await delete_machine_set(cluster, "emptied")
    await cluster.delete(MACHINE, "last", namespace=SPACE)
    await delete_machine_set(cluster, "emptied")
    await delete_machine_set(cluster, "emptied")
    assert await cluster.find(MACHINE_SET, "emptied", namespace=SPACE) is None


def control_plane(*, state: str, failure_domains: list[str]) -> KubeObject:
    labels = {
        "machine.openshift.io/cluster-api-machine-role": "master",
        "machine.openshift.io/cluster-api-machine-type": "master",
        "machine.openshift.io/cluster-api-cluster": "ocp1",
    }
    machines: KubeObject = {
        "metadata": {"labels": labels},
        "spec": {"providerSpec": {"value": {"workspace": {"server": "vc1"}, "memoryMiB": 16384}}},
    }
    if failure_domains:
        names = [{"name": each} for each in failure_domains]
        machines["failureDomains"] = {"platform": "VSphere", "vsphere": names}
    return {
        "metadata": {"name": "cluster", "namespace": SPACE},
        "spec": {
            "replicas": 3,
            "state": state,
            "strategy": {"type": "RollingUpdate"},
            "selector": {"matchLabels": labels},
            "template": {
                "machineType": "machines_v1beta1_machine_openshift_io",
                "machines_v1beta1_machine_openshift_io": machines,
            },
        },
    }


@pytest.mark.parametrize(
    ("state", "old", "new", "writes"),
    [
        ("Inactive", ["a"], ["b", "c"], 1),
        ("Active", ["a"], ["b"], 1),
        ("Active", ["a", "b"], ["b", "a"], 0),
        ("Inactive", ["a"], ["a"], 1),
        ("Active", [], ["a"], 1),
        ("Active", ["a"], [], 1),
        ("Active", [], [], 0),
    ],
)
async def test_the_control_plane_is_pointed_by_two_fields(
    cluster: Cluster, calls: list[Call], *, state: str, old: list[str], new: list[str], writes: int
) -> None:
    before = await fresh(cluster, CONTROL_PLANE_MACHINE_SET, control_plane(state=state, failure_domains=old))
    calls.clear()
    pointed = await point_at(cluster, failure_domains=new)
    assert (pointed.state, set(pointed.failure_domains)) == ("Active", set(new))
    assert (await point_at(cluster, failure_domains=new)) == pointed
    assert len(changes(calls)) == writes
    expected = deepcopy(before["spec"]) | {"state": "Active"}
    after = (await cluster.get(CONTROL_PLANE_MACHINE_SET, "cluster", namespace=SPACE))["spec"]
    for spec in (expected, after):
        spec["template"]["machines_v1beta1_machine_openshift_io"].pop("failureDomains", None)
    assert after == expected


async def test_a_pointing_that_was_overtaken_is_refused(cluster: Cluster) -> None:
    document = control_plane(state="Active", failure_domains=["a"])
    observed = await fresh(cluster, CONTROL_PLANE_MACHINE_SET, document)
    await point_at(cluster, failure_domains=["theirs"])
    stale = pointing(observed, failure_domains=["ours"])
    with pytest.raises(Conflict):
        await cluster.patch_json(CONTROL_PLANE_MACHINE_SET, "cluster", stale, namespace=SPACE)


async def test_an_active_control_plane_machine_set_is_deleted_to_become_inactive(cluster: Cluster) -> None:
    await fresh(cluster, CONTROL_PLANE_MACHINE_SET, control_plane(state="Inactive", failure_domains=["a"]))
    await make_inactive(cluster)
    assert await find_control_plane(cluster)
    await point_at(cluster, failure_domains=["a"])
    await make_inactive(cluster)
    await make_inactive(cluster)
    assert await find_control_plane(cluster) is None


async def test_the_rule_of_infrastructure_is_told_by_a_dry_run(cluster: Cluster) -> None:
    vsphere = {"vcenters": [{"server": "vc1", "port": 443, "datacenters": ["dc"]}]}
    spec = {"cloudConfig": {"name": "c"}, "platformSpec": {"type": "VSphere", "vsphere": vsphere}}
    await fresh(cluster, INFRASTRUCTURE, {"metadata": {"name": "cluster"}, "spec": spec})
    document = await get_infrastructure(cluster)
    path = "/spec/platformSpec/vsphere/vcenters"
    second = {"op": "add", "path": f"{path}/-", "value": {"server": "vc2", "port": 443, "datacenters": ["dc"]}}
    with pytest.raises(Invalid, match="vcenters cannot be added or removed once set"):
        await patch_infrastructure(cluster, [second], dry_run=True)
    swap = [
        {"op": "test", "path": path, "value": vsphere["vcenters"]},
        {"op": "replace", "path": f"{path}/0/server", "value": "vc2"},
    ]
    await patch_infrastructure(cluster, swap, dry_run=True)
    assert await get_infrastructure(cluster) == document
    await patch_infrastructure(cluster, swap)
    with pytest.raises(Conflict):
        await patch_infrastructure(cluster, swap)


@pytest.mark.parametrize("theirs", [None, "", "by a colleague"])
async def test_a_pause_is_given_back_as_it_was(cluster: Cluster, calls: list[Call], theirs: str | None) -> None:
    annotations = {"other": "kept"} | ({} if theirs is None else {"cluster.x-k8s.io/paused": theirs})
    metadata = {"name": "workers", "namespace": SPACE, "annotations": annotations}
    spec = {"selector": {}, "unhealthyConditions": [{"type": "Ready", "status": "False", "timeout": "300s"}]}
    await fresh(cluster, MACHINE_HEALTH_CHECK, {"metadata": metadata, "spec": spec})
    (found,) = await list_health_checks(cluster)
    assert found.paused == theirs
    calls.clear()
    await pause(cluster, "workers")
    await pause(cluster, "workers")
    assert len(changes(calls)) == (theirs is None)
    (paused,) = await list_health_checks(cluster)
    assert paused.paused is not None
    await restore_pause(cluster, "workers", paused=theirs)
    await restore_pause(cluster, "workers", paused=theirs)
    after = await cluster.get(MACHINE_HEALTH_CHECK, "workers", namespace=SPACE)
    assert after["metadata"]["annotations"] == annotations
    await restore_pause(cluster, "deleted-meanwhile", paused=theirs)


async def test_an_autoscaler_is_set_aside_and_put_back(cluster: Cluster) -> None:
    target = {"apiVersion": MACHINE_SET.api_version, "kind": MACHINE_SET.kind, "name": "scaled"}
    spec = {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": target}
    metadata = {"name": "workers", "namespace": SPACE, "labels": {"theirs": "kept"}}
    before = await fresh(cluster, MACHINE_AUTOSCALER, {"metadata": metadata, "spec": spec})
    (found,) = await list_autoscalers(cluster)
    assert (found.machine_set, found.least, found.most) == ("scaled", 1, 4)
    await set_aside(cluster, "workers", uid="another one of that name")
    assert await list_autoscalers(cluster) == [found]
    await set_aside(cluster, "workers", uid=found.uid)
    await set_aside(cluster, "workers", uid=found.uid)
    assert await list_autoscalers(cluster) == []
    await put_back(cluster, before)
    await put_back(cluster, before)
    after = await cluster.get(MACHINE_AUTOSCALER, "workers", namespace=SPACE)
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])


async def test_an_autoscaler_that_is_still_going_is_put_back_later(cluster: Cluster) -> None:
    metadata = {"name": "lingering", "namespace": SPACE, "finalizers": ["example.com/held"]}
    spec = {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": {"kind": MACHINE_SET.kind, "name": "scaled"}}
    before = await fresh(cluster, MACHINE_AUTOSCALER, {"metadata": metadata, "spec": spec})
    await set_aside(cluster, "lingering", uid=before["metadata"]["uid"])
    with pytest.raises(Conflict, match="still being deleted"):
        await put_back(cluster, before)
    await cluster.patch_merge(MACHINE_AUTOSCALER, "lingering", {"metadata": {"finalizers": None}}, namespace=SPACE)
    await put_back(cluster, before)
    await cluster.delete(MACHINE_AUTOSCALER, "lingering", namespace=SPACE)


def encoded(**values: str) -> dict[str, str]:
    return {key.replace("_", "."): b64encode(value.encode()).decode() for key, value in values.items()}


async def test_credentials_come_and_go_key_by_key(cluster: Cluster, calls: list[Call]) -> None:
    theirs = encoded(vc1_username="me", vc1_password="secret-1")
    address = {"name": "vsphere-creds", "namespace": "kube-system"}
    before = await fresh(cluster, SECRET, {"metadata": address, "data": theirs})
    login = Credentials(username="you", password="secret-2")
    calls.clear()
    assert await add_credentials(cluster, server="vc2", credentials=login) == ["vc2.username", "vc2.password"]
    assert await add_credentials(cluster, server="vc2", credentials=login) == []
    assert len(changes(calls)) == 1
    assert await read_credentials(cluster, server="vc2", **address) == login
    renewed = Credentials(username="you", password="secret-3")
    assert await add_credentials(cluster, server="vc2", credentials=renewed) == ["vc2.password"]
    assert await restore_credentials(cluster, server="vc2", before=before) == ["vc2.username", "vc2.password"]
    assert (await cluster.get(SECRET, "vsphere-creds", namespace="kube-system"))["data"] == theirs
    assert await remove_credentials(cluster, server="vc1") == ["vc1.username", "vc1.password"]
    assert await restore_credentials(cluster, server="vc1", before=before) == ["vc1.username", "vc1.password"]
    assert await remove_credentials(cluster, server="vc9") == []
    assert (await cluster.get(SECRET, "vsphere-creds", namespace="kube-system"))["data"] == theirs
    shown = repr(calls) + repr(login)
    assert not any(value in shown for value in ("secret-", *theirs.values(), *encoded(a="secret-2").values()))


async def test_cloud_config_is_replaced_only_where_it_is_what_was_edited(cluster: Cluster, calls: list[Call]) -> None:
    data = {"config": "old: 1 # kept\n", "ca-bundle.pem": "PEM"}
    metadata = {"name": "cloud-provider-config", "namespace": "openshift-config"}
    await fresh(cluster, CONFIG_MAP, {"metadata": metadata, "data": data})
    where = {"name": "cloud-provider-config", "key": "config"}
    calls.clear()
    await replace_cloud_config(cluster, **where, old=data["config"], new="new: 1\n", dry_run=True)
    assert await read_cloud_config(cluster, **where) == data["config"]
    await replace_cloud_config(cluster, **where, old=data["config"], new="new: 1\n")
    await replace_cloud_config(cluster, **where, old=data["config"], new="new: 1\n")
    assert len(changes(calls)) == 1
    with pytest.raises(Conflict):
        await replace_cloud_config(cluster, **where, old=data["config"], new="newer: 1\n")
    after = await cluster.get(CONFIG_MAP, "cloud-provider-config", namespace="openshift-config")
    assert after["data"] == data | {"config": "new: 1\n"}


async def test_a_before_image_is_taken_once(cluster: Cluster) -> None:
    document = {"metadata": {"name": "imaged", "namespace": OURS}, "data": {"password": "aHVudGVyMg=="}}
    before = await fresh(cluster, SECRET, document)
    order = {"namespace": OURS, "resource": SECRET, "name": "imaged", "object_namespace": OURS}
    first = await take_backup(cluster, migration="one", **order)
    await cluster.patch_merge(SECRET, "imaged", {"data": {"password": None}}, namespace=OURS)
    assert await take_backup(cluster, migration="one", **order) == first
    stored = await load_backup(cluster, namespace=OURS, secret=first.secret)
    assert stored["data"] == before["data"]
    assert "managedFields" not in stored["metadata"]
    later = await take_backup(cluster, migration="two", **order)
    assert (await load_backup(cluster, namespace=OURS, secret=later.secret)).get("data") is None
    await cluster.patch_merge(SECRET, first.secret, {"data": {"document.json.gz": "AAAA"}}, namespace=OURS)
    with pytest.raises(Unexpected, match="damaged"):
        await take_backup(cluster, migration="one", **order)
    with pytest.raises(NotFound):
        await take_backup(cluster, migration="one", **order | {"name": "absent"})


async def test_a_restart_deletes_the_pods_that_were_seen_and_no_others(cluster: Cluster) -> None:
    def pod(name: str) -> KubeObject:
        spec = {"containers": [{"name": "c", "image": "i"}], "terminationGracePeriodSeconds": 0}
        return {"metadata": {"name": name, "namespace": OURS}, "spec": spec}

    seen, replaced, other = [await fresh(cluster, POD, pod(name)) for name in ("seen", "replaced", "other")]
    pods = {"seen": seen["metadata"]["uid"], "replaced": "its predecessor", "gone": "long ago"}
    await restart(cluster, Workload(kind="Deployment", namespace=OURS, name="w", labels={}, pods=pods))
    left = {each["metadata"]["uid"] for each in await cluster.list(POD, namespace=OURS)}
    assert left == {replaced["metadata"]["uid"], other["metadata"]["uid"]}
