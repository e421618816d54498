"""The CustomResourceDefinition on a real API server: it is up to date, it is bounded, and it judges what it can."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bridge.crd.definition import FILE, text
from bridge.resource.status import ResourceStatus
from migration.commands import LONGEST_NAME, LONGEST_REASON
from migration.frozen_model import KubeObject
from migration.spec.rules import problems
from openshift.api.client import Cluster
from openshift.api.resources import MIGRATION
from openshift.errors import Invalid
from tests.bridge.conftest import DEPLOY
from tests.bridge.resources import OFFICIAL, ORIGINAL, SERVER, domain, ours, resource

STARTED = {"startTime": "2026-03-01T12:00:00Z", "migration": "vcfm-x", "run": "r-1"}
KIM = {"phase": "create_workers", "by": "kim"}


def test_the_file_is_what_the_models_say() -> None:
    assert (DEPLOY / "crd" / FILE).read_text() == text(), "run `make generate`"


def nodes(node: KubeObject, path: str = "") -> Iterator[tuple[str, KubeObject]]:
    """Every schema in a schema, by its path."""
    yield path, node
    for name, each in node.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


def schema() -> KubeObject:
    found: KubeObject = yaml.safe_load(text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def test_everything_is_bounded_and_explained() -> None:
    unbounded, unexplained = [], []
    for path, node in nodes(schema()):
        if not path.startswith((".spec", ".status")):
            continue
        kind = node["type"]
        if kind == "array" and "maxItems" not in node:
            unbounded.append(path)
        if kind == "string" and not {"maxLength", "enum", "format"} & set(node):
            unbounded.append(path)
        if "description" not in node and not path.endswith("[]"):
            unexplained.append(path)
    assert (unbounded, unexplained) == ([], [])


@pytest.mark.parametrize(
    "spec",
    [
        ours(),
        ORIGINAL,
        OFFICIAL,
        ours(failureDomains=[domain("a"), domain("b", zone="az2")], gates=["recreate_cpms", "cleanup"]),
        ours(targetVCenters=[{"server": SERVER, "port": 8443}], approvalMode="Manual"),
        ours(state="Paused", approvals=[KIM, KIM | {"decision": "Retry", "reason": "mended"}]),
        ours(failureDomains=[domain(zoneAffinity={"type": "HostGroup", "hostGroup": dict.fromkeys(("vmGroup", "hostGroup", "vmHostRule"), "g")})]),
        ours(failureDomains=[domain(f"fd-{number}", zone=f"z{number}") for number in range(32)]),
    ],
)  # fmt: skip
async def test_what_is_accepted(admin: Cluster, spec: KubeObject) -> None:
    created = await admin.create(MIGRATION, resource(spec, name="" if spec is not OFFICIAL else "cluster"))
    assert created["spec"]["state"] == spec.get("state", "Pending")
    assert created["spec"]["approvalMode"] == spec.get("approvalMode", "Automatic")
    assert created["spec"]["rollbackOnFailure"] is True
    assert spec.items() <= created["spec"].items() or "approvals" in spec or "targetVCenters" in spec


@pytest.mark.parametrize("file", ["migration", "dialects/official-operator", "dialects/original-controller"])
async def test_the_examples_are_accepted_as_they_are(admin: Cluster, file: str) -> None:
    document = yaml.safe_load((DEPLOY / "examples" / f"{file}.yaml").read_text())
    document["metadata"] |= {"name": "example"}
    applied = await admin.create(MIGRATION, document, dry_run=True)
    assert applied["spec"]["failureDomains"] == document["spec"]["failureDomains"]
    assert problems(document["spec"]) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "spec.failureDomains: Required value"),
        (ours(failureDomains=[]), "should have at least 1 items"),
        (ours(failureDomains=[domain(), domain()]), "Duplicate value"),
        (ours(failureDomains=[domain(str(number)) for number in range(33)]), "must have at most 32 items"),
        (ours(failureDomains=[domain("n" * 257)]), "may not be more than 256"),
        (ours(failureDomains=[domain(zoneAffinity={"type": "HostGroup"})]), "hostGroup is required when type is HostGroup"),
        (ours(failureDomains=[domain(topology={"datacenter": "d", "computeCluster": "wld01", "datastore": "/d/datastore/x", "networks": ["n"]})]), "computeCluster"),
        (ours(state="Running!"), "Unsupported value"),
        (ours(gates=["lunch"]), "Unsupported value"),
        (ours(gates=["cleanup", "cleanup"]), "Duplicate value"),
        (ours(approvals=[{"phase": "create_workers"}]), "by: Required value"),
        (ours(approvals=[{"phase": "lunch", "by": "kim"}]), "Unsupported value"),
        (ours(approvals=[KIM] * 65), "must have at most 64 items"),
        (ours(approvals=[KIM | {"by": "b" * (LONGEST_NAME + 1)}]), f"may not be more than {LONGEST_NAME}"),
        (ours(approvals=[KIM | {"reason": "r" * (LONGEST_REASON + 1)}]), f"may not be more than {LONGEST_REASON}"),
        (ours(requestedBy="b" * (LONGEST_NAME + 1)), f"may not be more than {LONGEST_NAME}"),
        (ours(targetVCenters=[{"server": "elsewhere"}]), "targetVCenters must name servers of failureDomains"),
        (ours(targetVCenters=[{"server": SERVER, "port": 0}]), "greater than or equal to 1"),
        (ours(machineSetConfig={"replicas": 0}), "greater than or equal to 1"),
        (ours(machineSetConfig={"failureDomain": "other"}), "machineSetConfig.failureDomain must be the name"),
        (ours(controlPlaneMachineSetConfig={"failureDomain": "other"}), "must be the name of one of failureDomains"),
        (ours(targetVCenterCredentialsSecret={"namespace": "n"}), "name: Required value"),
    ],
)  # fmt: skip
async def test_what_is_refused(admin: Cluster, spec: KubeObject, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        await admin.create(MIGRATION, resource(spec))


async def changed(admin: Cluster, before: KubeObject, status: KubeObject, change: KubeObject) -> KubeObject:
    """A resource with that status, after somebody changed its spec."""
    created = await admin.create(MIGRATION, resource(before))
    name, namespace = created["metadata"]["name"], created["metadata"]["namespace"]
    if status:
        await admin.patch_merge(MIGRATION, name, {"status": status}, namespace=namespace, subresource="status")
    return await admin.patch_merge(MIGRATION, name, {"spec": change}, namespace=namespace)


RUNNING = ours(state="Running", approvals=[KIM])
ENDED = STARTED | {"completionTime": "2026-03-01T13:00:00Z"}


@pytest.mark.parametrize(
    ("before", "status", "change"),
    [
        (ours(), {}, {"failureDomains": [domain("another")], "approvalMode": "Manual"}),
        (RUNNING, {}, {"state": "Pending", "rollbackOnFailure": False}),
        (RUNNING, {"startTime": "2026-03-01T12:00:00Z"}, {"state": "Pending", "approvalMode": "Manual"}),
        (RUNNING, STARTED, {"state": "Paused"}),
        (RUNNING, STARTED, {"state": "Rollback"}),
        (RUNNING, STARTED, {"approvals": [KIM, KIM, KIM | {"decision": "Reject"}]}),
        (RUNNING, ENDED | {"state": "RolledBack"}, {"state": "Pending", "failureDomains": [domain("another")]}),
        (RUNNING, ENDED | {"state": "Failed", "phase": "preflight"}, {"state": "Pending", "approvalMode": "Manual"}),
    ],
)
async def test_what_may_be_changed(admin: Cluster, before: KubeObject, status: KubeObject, change: KubeObject) -> None:
    after = await changed(admin, before, status, change)
    assert all(after["spec"][key] == value for key, value in change.items() if key != "approvals")


FROZEN = "only state and approvals can be changed"


@pytest.mark.parametrize(
    ("before", "status", "change", "said"),
    [
        (RUNNING, STARTED, {"failureDomains": [domain("another")]}, FROZEN),
        (RUNNING, STARTED, {"failureDomains": [domain(), domain("more", zone="z2")]}, FROZEN),
        (RUNNING, STARTED, {"approvalMode": "Manual"}, FROZEN),
        (RUNNING, STARTED, {"gates": ["cleanup"]}, FROZEN),
        (RUNNING, STARTED, {"rollbackOnFailure": False}, FROZEN),
        (RUNNING, STARTED, {"machineSetConfig": {"replicas": 1}}, FROZEN),
        (RUNNING, STARTED, {"targetVCenters": [{"server": SERVER}]}, FROZEN),
        (RUNNING, STARTED, {"targetVCenterCredentialsSecret": {"name": "other"}}, FROZEN),
        (RUNNING, ENDED | {"state": "Completed"}, {"approvalMode": "Manual"}, FROZEN),
        (RUNNING, STARTED, {"state": "Pending"}, "the migration has started: set Paused"),
        (RUNNING, ENDED | {"state": "Completed"}, {"state": "Pending"}, "the migration has started: set Paused"),
        (
            RUNNING,
            ENDED | {"state": "Failed", "phase": "create_tags"},
            {"state": "Pending"},
            "the migration has started: set Paused",
        ),
        (RUNNING, {}, {"approvals": None}, "approvals are append-only"),
        (RUNNING, STARTED, {"approvals": []}, "approvals are append-only"),
        (RUNNING, STARTED, {"approvals": [KIM | {"by": "lou"}]}, "approvals are append-only"),
        (RUNNING, STARTED, {"approvals": [KIM | {"by": "lou"}, KIM]}, "approvals are append-only"),
    ],
)
async def test_what_must_not_be_changed(
    admin: Cluster, before: KubeObject, status: KubeObject, change: KubeObject, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        await changed(admin, before, status, change)


async def test_a_full_resource_can_still_be_written(admin: Cluster) -> None:
    """Every list as long and every text as wide as the schema allows: the rules stay within the server's budget."""
    approvals = [KIM | {"by": "b" * LONGEST_NAME, "reason": "r" * LONGEST_REASON} for _ in range(63)]
    topology: dict[str, Any] = {
        "datacenter": "d" * 80,
        "computeCluster": "/d/host/" + "c" * 2040,
        "datastore": "/d/datastore/" + "s" * 2035,
        "networks": ["n" * 2048] * 10,
    }
    domains = [domain(f"{number:03}" + "n" * 253, topology=topology) for number in range(32)]
    after = await changed(
        admin, ours(failureDomains=domains, approvals=approvals), STARTED, {"approvals": [*approvals, KIM]}
    )
    assert len(after["spec"]["approvals"]) == 64


def test_a_status_of_another_version_is_read_as_far_as_it_must_not_be_forgotten() -> None:
    found = ResourceStatus.read(STARTED | {"state": "Dreaming", "speed": 3})
    assert (found.migration, found.run, found.ended) == ("vcfm-x", "r-1", False)
    assert found.start_time is not None
