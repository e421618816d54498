"""The verbs against a real API server: what they change, what they leave, and how a refusal reads."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from kubernetes.aio.config import incluster_config

from migration.audit.call import Call
from openshift.api.client import PAGE, Cluster
from openshift.api.resources import CONFIG_MAP, NAMESPACE, SECRET, Resource
from openshift.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    NotServed,
    Unauthorized,
    Unreachable,
)
from tests.openshift.real_control_plane import ADMIN, GUEST, ControlPlane, Proxy
from tests.support.timeouts import EVENT_SECONDS

SPACE = "default"
NO_SUCH_KIND = Resource(group="nowhere.example", version="v1", plural="nothings", kind="Nothing")
_FLOW_CONTROL = {"group": "flowcontrol.apiserver.k8s.io", "version": "v1", "namespaced": False}
FLOW_SCHEMA = Resource(plural="flowschemas", kind="FlowSchema", **_FLOW_CONTROL)
PRIORITY_LEVEL = Resource(plural="prioritylevelconfigurations", kind="PriorityLevelConfiguration", **_FLOW_CONTROL)


def config_map(name: str, **data: str) -> dict:
    return {"metadata": {"name": name, "namespace": SPACE}, "data": data}


async def test_a_dry_run_is_judged_and_not_done(cluster: Cluster, calls: list[Call]) -> None:
    await cluster.create(CONFIG_MAP, config_map("dry"), dry_run=True)
    assert await cluster.find(CONFIG_MAP, "dry", namespace=SPACE) is None
    with pytest.raises(Invalid) as refused:
        await cluster.create(CONFIG_MAP, config_map("Not A Name"), dry_run=True)
    assert refused.value.causes[0].startswith("metadata.name: ")
    assert not any(call.mutating for call in calls)


async def test_patches_touch_only_the_fields_they_name(cluster: Cluster) -> None:
    await cluster.create(CONFIG_MAP, config_map("shared", theirs="1", ours="1"))
    await cluster.patch_merge(CONFIG_MAP, "shared", {"data": {"ours": "2"}}, namespace=SPACE)
    add = [{"op": "add", "path": "/data/more", "value": "3"}]
    patched = await cluster.patch_json(CONFIG_MAP, "shared", add, namespace=SPACE)
    assert patched["data"] == {"theirs": "1", "ours": "2", "more": "3"}
    gone = await cluster.patch_merge(CONFIG_MAP, "shared", {"data": {"ours": None}}, namespace=SPACE)
    assert gone["data"] == {"theirs": "1", "more": "3"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/key", "value": "never"},
        {"op": "remove", "path": "/data/absent"},
        {"op": "add", "path": "/absent/deep", "value": "x"},
    ],
)
async def test_a_patch_that_does_not_fit_is_a_conflict(cluster: Cluster, operation: dict) -> None:
    if not await cluster.find(CONFIG_MAP, "misfit", namespace=SPACE):
        await cluster.create(CONFIG_MAP, config_map("misfit", key="value"))
    with pytest.raises(Conflict):
        await cluster.patch_json(CONFIG_MAP, "misfit", [operation], namespace=SPACE)


async def test_apply_owns_its_fields_and_meets_other_owners(cluster: Cluster) -> None:
    await cluster.apply(CONFIG_MAP, config_map("applied", a="1"))
    await cluster.patch_merge(CONFIG_MAP, "applied", {"data": {"b": "1"}}, namespace=SPACE)
    applied = await cluster.apply(CONFIG_MAP, config_map("applied", a="2"))
    assert applied["data"] == {"a": "2", "b": "1"}
    owners = {entry["manager"] for entry in applied["metadata"]["managedFields"]}
    assert owners == {"vcf-migration"}


async def test_a_delete_hits_only_the_object_that_was_observed(cluster: Cluster) -> None:
    created = await cluster.create(CONFIG_MAP, config_map("doomed"))
    with pytest.raises(Conflict):
        await cluster.delete(CONFIG_MAP, "doomed", namespace=SPACE, uid="00000000-0000-0000-0000-000000000000")
    stale = created["metadata"]["resourceVersion"]
    await cluster.patch_merge(CONFIG_MAP, "doomed", {"data": {"a": "b"}}, namespace=SPACE)
    with pytest.raises(Conflict):
        await cluster.delete(CONFIG_MAP, "doomed", namespace=SPACE, resource_version=stale)
    await cluster.delete(CONFIG_MAP, "doomed", namespace=SPACE, uid=created["metadata"]["uid"])
    with pytest.raises(NotFound):
        await cluster.get(CONFIG_MAP, "doomed", namespace=SPACE)


async def test_creating_twice_says_so(cluster: Cluster) -> None:
    await cluster.create(CONFIG_MAP, config_map("twice"))
    with pytest.raises(AlreadyExists, match="create ConfigMap default/twice"):
        await cluster.create(CONFIG_MAP, config_map("twice"))


async def test_a_kind_without_a_crd_is_told_from_a_missing_object(cluster: Cluster) -> None:
    with pytest.raises(NotServed):
        await cluster.list(NO_SUCH_KIND)
    with pytest.raises(NotFound) as missing:
        await cluster.get(NAMESPACE, "nowhere")
    assert not isinstance(missing.value, NotServed)


async def test_lists_come_in_pages_of_one_moment(cluster: Cluster, calls: list[Call]) -> None:
    marked = {"paged": "yes"}
    for number in range(PAGE + 1):
        document = config_map(f"page-{number:04}")
        document["metadata"]["labels"] = marked
        await cluster.create(CONFIG_MAP, document)
    calls.clear()
    found = await cluster.list(CONFIG_MAP, label_selector="paged=yes")
    assert len({each["metadata"]["name"] for each in found}) == PAGE + 1
    assert {each["kind"] for each in found} == {"ConfigMap"}
    assert [call.method for call in calls] == ["GET", "GET"]


async def test_a_guest_learns_verb_and_resource_and_whom_to_ask(control_plane: ControlPlane) -> None:
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig(token=GUEST)) as guest:
        with pytest.raises(Forbidden, match=r'list resource "secrets".*deploy/rbac'):
            await guest.list(SECRET)


async def test_an_unknown_token_is_unauthorized(control_plane: ControlPlane, calls: list[Call]) -> None:
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig(token="nobody"), recorder=calls.append) as nobody:
        with pytest.raises(Unauthorized):
            await nobody.list(SECRET)
    assert [call.outcome for call in calls] == ["401", "401"]


async def test_a_token_that_was_renewed_in_the_kubeconfig_is_picked_up(control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.kubeconfig(token="expired")
    async with Cluster.connect(kubeconfig=kubeconfig) as cluster:
        kubeconfig.write_text(control_plane.kubeconfig().read_text())
        await cluster.create(CONFIG_MAP, config_map("renewed"))


@pytest.mark.parametrize("text", [None, "", "a: [", "{}", '{"current-context": "x", "contexts": []}'])
async def test_a_kubeconfig_that_leads_nowhere_says_which(tmp_path: Path, text: str | None) -> None:
    kubeconfig = tmp_path / "broken"
    if text is not None:
        kubeconfig.write_text(text)
    with pytest.raises(Misconfigured, match="broken"):
        async with Cluster.connect(kubeconfig=kubeconfig):
            pass


async def test_in_a_pod_a_token_that_was_rotated_is_picked_up(
    control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("expired")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(control_plane.port))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(control_plane.certificate))
    async with Cluster.connect() as cluster:
        with pytest.raises(Unauthorized):
            await cluster.list(NAMESPACE)
        token.write_text(ADMIN)
        assert await cluster.list(NAMESPACE)


async def test_what_is_throttled_is_done_after_the_pause(
    control_plane: ControlPlane, cluster: Cluster, calls: list[Call]
) -> None:
    """The API server's own flow control is told to reject everything that the guest asks."""
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    subject = {"kind": "User", "user": {"name": "guest"}}
    limited = {"nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}
    schema = {
        "priorityLevelConfiguration": {"name": "nothing"},
        "matchingPrecedence": 2,
        "rules": [{"subjects": [subject], "resourceRules": [everything]}],
    }
    await cluster.apply(
        PRIORITY_LEVEL, {"metadata": {"name": "nothing"}, "spec": {"type": "Limited", "limited": limited}}
    )
    await cluster.apply(FLOW_SCHEMA, {"metadata": {"name": "guest"}, "spec": schema})
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig(token=GUEST), recorder=calls.append) as guest:
        calls.clear()
        async with asyncio.timeout(EVENT_SECONDS):
            while not any(call.outcome == "429" for call in calls):
                lists = [guest.list(NAMESPACE) for _ in range(50)]  # one at a time is let through even so
                answers = await asyncio.gather(*lists, return_exceptions=True)
        assert {type(each) for each in answers} == {Forbidden}
    await cluster.delete(FLOW_SCHEMA, "guest")


async def test_secrets_stay_out_of_calls_and_errors(cluster: Cluster, calls: list[Call]) -> None:
    value = "cGFzc3dvcmQ="
    document = {"metadata": {"name": "creds", "namespace": SPACE}, "data": {"vc.password": value}}
    document["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(document)}
    await cluster.create(SECRET, document)
    await cluster.get(SECRET, "creds", namespace=SPACE)
    await cluster.list(SECRET)
    await cluster.patch_merge(SECRET, "creds", {"data": {"more": value}}, namespace=SPACE)
    refusals = []
    for operation in (
        {"op": "test", "path": "/data/vc.password", "value": value + "x"},
        {"op": "add", "path": "/data/bad key!", "value": value},
        {"op": "add", "path": "/data/undecodable", "value": value + "%"},
        {"op": "add", "path": "/data", "value": [value]},
    ):
        with pytest.raises((Conflict, Invalid)) as refused:
            await cluster.patch_json(SECRET, "creds", [operation], namespace=SPACE)
        refusals.append(str(refused.value))
    assert "data[bad key!]" in refusals[1]
    assert value not in repr(calls) + repr(refusals)
    assert "vc.password" in repr(calls)


async def test_a_frozen_server_is_given_up_in_time(control_plane: ControlPlane, impatient: Cluster) -> None:
    await impatient.list(NAMESPACE)
    control_plane.signal_api(signal.SIGSTOP)
    try:
        with pytest.raises(Unreachable, match="silent"):
            await impatient.patch_merge(CONFIG_MAP, "any", {}, namespace=SPACE)
    finally:
        control_plane.signal_api(signal.SIGCONT)


async def test_a_write_that_is_cancelled_half_way_is_on_record(
    impatient: Cluster, proxy: Proxy, calls: list[Call]
) -> None:
    await impatient.list(NAMESPACE)
    proxy.freeze()
    calls.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await impatient.create(CONFIG_MAP, config_map("cancelled"))
    (call,) = calls
    assert (call.method, call.outcome, call.mutating) == ("POST", "cancelled", True)


async def test_a_read_over_a_half_open_connection_goes_through_on_a_fresh_one(
    impatient: Cluster, proxy: Proxy, calls: list[Call]
) -> None:
    await impatient.list(NAMESPACE)
    proxy.freeze()
    proxy.thaw()  # the VIP has moved: the old connection hangs for ever, a new one is answered
    calls.clear()
    assert await impatient.list(NAMESPACE)
    assert [call.outcome for call in calls] == ["Unreachable", "ok"]
    assert proxy.accepted == 2
