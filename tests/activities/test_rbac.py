"""The shipped RBAC is what a migration needs, and not a verb more."""

from datetime import UTC, datetime

import pytest

from lab.cluster.access import shipped
from migration.audit.journal_views import JournalEntry
from tests.activities.rights import Right, granted, needed, needless
from tests.activities.walk import Walk

SERVICE = "openshift-vcf-migration"
RBAC = shipped()


def call(method: str, target: str, request: str = "") -> JournalEntry:
    return JournalEntry(
        id=1, at=datetime.now(UTC), seconds=0, phase="", activity="", attempt=1,
        system="kubernetes", server="", method=method, target=target, mutating=False, outcome="ok",
        request=request, response="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("calls", "right"),
    [
        ([call("GET", "/api/v1/nodes")], Right("list", "", "nodes")),
        ([call("GET", "/api/v1/namespaces/a/secrets/s")], Right("get", "", "secrets", "a", "s")),
        ([call("POST", "/api/v1/namespaces/a/secrets")], Right("create", "", "secrets", "a")),
        ([call("PATCH", "/apis/g.io/v1/things/x")], Right("patch", "g.io", "things", "", "x")),
        ([call("PATCH", "/apis/g.io/v1/things/x/status")], Right("patch", "g.io", "things/status", "", "x")),
        ([call("DELETE", "/apis/g.io/v1/namespaces/a/things/x")], Right("delete", "g.io", "things", "a", "x")),
        ([call("WATCH", "/apis/g.io/v1/namespaces/a/things", "{}")], Right("watch", "g.io", "things", "a")),
    ],
)
def test_a_call_needs_a_right(calls: list[JournalEntry], right: Right) -> None:
    assert needed(calls) == {right}


def test_a_watch_of_one_object_and_the_list_before_it_need_no_more_than_that_object() -> None:
    path, one = "/api/v1/namespaces/a/secrets", '{"fieldSelector": "metadata.name=s"}'
    assert needed([call("GET", path, one), call("WATCH", path, one)]) == {
        Right("list", "", "secrets", "a", "s"),
        Right("watch", "", "secrets", "a", "s"),
    }


@pytest.mark.parametrize(
    ("grants", "superfluous"),
    [
        ({Right("get", "", "pods", "a")}, set()),
        ({Right("get", "", "pods", "a", "x")}, set()),
        ({Right("get", "", "pods")}, set()),
        ({Right("get", "", "pods", "a"), Right("get", "", "pods")}, {Right("get", "", "pods")}),
        ({Right("get", "", "pods", "b")}, {Right("get", "", "pods", "b")}),
        ({Right("list", "", "pods", "a")}, {Right("list", "", "pods", "a")}),
        ({Right("get", "", "pods", "a", "y")}, {Right("get", "", "pods", "a", "y")}),
    ],
)
def test_a_right_that_no_call_needs_is_needless(grants: set[Right], superfluous: set[Right]) -> None:
    assert needless(grants, {Right("get", "", "pods", "a", "x")}) == superfluous


@pytest.mark.lab
def test_a_whole_migration_needs_every_right_that_is_granted(walked: Walk) -> None:
    backwards = Right("delete", "machine.openshift.io", "controlplanemachinesets", "openshift-machine-api", "cluster")
    assert needless(granted(RBAC), needed(walked.calls)) == {backwards}  # only a rollback makes it Inactive again


@pytest.mark.lab
def test_a_whole_migration_needs_no_right_that_is_not_granted(walked: Walk) -> None:
    grants = granted(RBAC)
    assert [each for each in needed(walked.calls) if not any(grant.covers(each) for grant in grants)] == []
    assert [each for each in walked.calls if each.outcome in {"401", "403"}] == []


def test_every_role_is_bound_to_the_service_account_alone() -> None:
    def address(document: dict[str, object], kind: str, name: str) -> tuple[str, str, str]:
        return kind, str(document["metadata"].get("namespace", "")), name  # type: ignore[attr-defined]

    documents = RBAC
    roles = {address(each, each["kind"], each["metadata"]["name"]) for each in documents if "rules" in each}
    bound = [
        (address(each, each["roleRef"]["kind"], each["roleRef"]["name"]), each["subjects"])
        for each in documents
        if "roleRef" in each
    ]
    assert sorted(role for role, _ in bound) == sorted(roles)
    account = {"kind": "ServiceAccount", "name": "vcf-migration", "namespace": SERVICE}
    assert all(subjects == [account] for _, subjects in bound)


def test_nothing_is_granted_by_wildcard_and_no_secret_is_readable_everywhere() -> None:
    grants = granted(RBAC)
    assert not any("*" in each for each in grants)
    assert all(each.namespace for each in grants if each.resource in {"secrets", "configmaps"})
    assert all(each.name for each in grants if each.resource == "secrets" and each.namespace != SERVICE)
