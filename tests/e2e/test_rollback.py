"""Going back, on the lab: the deepest way there is, and what an outsider sees of the cluster afterwards."""

import time
from pathlib import Path
from typing import Any

import pytest

from lab.commands import Lab, down, up
from lab.scenario import load
from lab.snapshot import snapshot
from migration.status import MigrationStatus, State
from tests.e2e.running import Running, running

EQUAL = {
    "config.openshift.io/v1/Infrastructure": ["/cluster"],
    "v1/Secret": [
        "kube-system/vsphere-creds",
        "openshift-machine-api/vsphere-cloud-credentials",
        "openshift-cloud-controller-manager/vsphere-cloud-credentials",
    ],
    "v1/ConfigMap": [
        "openshift-config/cloud-provider-config",
        "openshift-config-managed/kube-cloud-config",
        "openshift-cloud-controller-manager/cloud-conf",
    ],
    "machine.openshift.io/v1beta1/MachineSet": ["openshift-machine-api/ocp1-x7x2g-worker-0"],
    "machine.openshift.io/v1beta1/MachineHealthCheck": ["openshift-machine-api/workers"],
    "machine.openshift.io/v1/ControlPlaneMachineSet": ["openshift-machine-api/cluster"],
    "autoscaling.openshift.io/v1beta1/MachineAutoscaler": ["openshift-machine-api/ocp1-x7x2g-worker-0"],
}
"""What a migration edits or deletes, by `<version>/<kind>`: its content must be what it was, to the byte."""


@pytest.mark.parametrize("phase", ["create_tags", "recreate_cpms", "scale_old"])
async def test_the_cluster_is_as_it_was(phase: str, tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    lab = up(load("default"), tmp_path / "lab", attached=True)
    try:
        before = snapshot(lab.state_dir)
        async with running(lab, tmp_path / "service") as started:
            status = _back_from(started, phase)
            assert status.state is State.ROLLED_BACK, status.message
            assert [each.claim for each in status.report if not each.holds] == []
            same(before, snapshot(lab.state_dir), lab)
    finally:
        down(tmp_path / "lab")


def _back_from(started: Running, phase: str) -> MigrationStatus:
    """Ask for a rollback while a phase runs, and follow it to its end."""
    migration = started.submit().id
    end = time.monotonic() + 200
    while started.service.status(migration).phase != phase:
        assert time.monotonic() < end, f"{phase} never began"
        time.sleep(0.05)
    started.service.steer(migration, "rollback", by="a test", reason="to see")
    return started.follow(migration, seconds=400)


def same(before: dict[str, Any], after: dict[str, Any], lab: Lab) -> None:
    """Assert that two snapshots of a lab show the same cluster and the same target."""
    for kind, names in EQUAL.items():
        for name in names:
            assert _content(after["objects"][kind][name]) == _content(before["objects"][kind][name]), name
    machines = after["objects"]["machine.openshift.io/v1beta1/Machine"].values()
    source = next(each["server"] for each in lab.description["vcenters"] if each["role"] == "source")
    assert {each["spec"]["providerSpec"]["value"]["workspace"]["server"] for each in machines} == {source}
    assert len(machines) == len(before["objects"]["machine.openshift.io/v1beta1/Machine"])
    assert len(after["objects"]["machine.openshift.io/v1beta1/MachineSet"]) == 1
    assert _inventory(after) == _inventory(before), "the target has nothing that it did not have"


def _content(document: dict[str, Any]) -> dict[str, Any]:
    """What somebody wrote into it: neither what the API server counts nor what controllers report."""
    metadata = {key: document["metadata"].get(key) for key in ("labels", "annotations")}
    empty = {key: value or {} for key, value in metadata.items()}
    return {key: value for key, value in document.items() if key not in {"metadata", "status"}} | empty


def _inventory(found: dict[str, Any]) -> tuple[list[tuple[str, list[str]]], list[Any]]:
    target = found["vcenters"]["target"]
    return sorted((each["path"], each.get("tags") or []) for each in target["objects"]), target["categories"]
