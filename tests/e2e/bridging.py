"""The service on a lab with its bridge as a process of its own, and people who know nothing but `oc`."""

import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bridge.resource.model import Resource
from cli.dev_server import DevServer, dev_server
from lab.commands import Lab, admin_api
from lab.state import StateDir
from migration.frozen_model import KubeObject
from migration.phase import FIRST_GATE, TABLE, number
from migration.run.status import PhaseState, State
from tests.bridge.resources import SUCCEEDED
from tests.e2e.running import Running

GATED = [each.name for each in TABLE if number(each.name) >= number(FIRST_GATE)]
"""The phases before which a Manual migration asks."""


class Bridged(Running):
    """With a bridge that can be killed and comes back, under its own account."""

    def __init__(self, *, lab: Lab, temporal: DevServer, directory: Path) -> None:
        super().__init__(lab=lab, temporal=temporal, directory=directory)
        self.environment["VCFM_KUBECONFIG"] = lab.description["kubeconfig_bridge"]
        self.bridge = self._start("bridge")
        self.kills = 0

    def kill_bridge(self) -> None:
        """SIGKILL, and at once a new one."""
        self.bridge.send_signal(signal.SIGKILL)
        self.bridge.wait()
        self.bridge = self._start("bridge")
        self.kills += 1

    def stop(self) -> None:
        """End all three processes."""
        self.bridge.terminate()
        try:
            self.bridge.wait(20)
        except subprocess.TimeoutExpired:
            self.bridge.kill()
            self.bridge.wait()
        super().stop()


class Cluster:
    """What people do with `oc` on a lab, and no more."""

    def __init__(self, lab: Lab) -> None:
        self._state = StateDir(lab.state_dir)
        self.namespace = lab.description["namespace"]

    def apply(self, name: str, spec: KubeObject) -> None:
        """`oc apply -f`."""
        document = {
            "apiVersion": "migration.openshift.io/v1alpha1",
            "kind": "VmwareCloudFoundationMigration",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        }
        with admin_api(self._state) as api:
            api.apply(document)

    def answer(self, name: str, phase: str) -> None:
        """`oc patch --type=json`: one more answer at the end of the list."""
        given = self.read(name).spec.get("approvals")
        one = {"phase": phase, "by": "kim", "reason": "CHG-1"}
        change = {"op": "add", "path": "/spec/approvals" + ("/-" if given else ""), "value": one if given else [one]}
        with admin_api(self._state) as api:
            api.request("PATCH", self._path(name), body=[change], kind="application/json-patch+json")

    def read(self, name: str) -> Resource:
        """`oc get -o yaml`."""
        with admin_api(self._state) as api:
            return Resource.read(api.request("GET", self._path(name)))

    def events(self, name: str) -> list[KubeObject]:
        """`oc events --for`, the earliest first."""
        with admin_api(self._state) as api:
            found: list[Any] = api.objects("events.k8s.io/v1", "Event", self.namespace)
        ours = [each for each in found if each.get("regarding", {}).get("name") == name]
        return sorted(ours, key=lambda each: str(each["eventTime"]))

    def until(self, name: str, holds: Callable[[Resource], object], *, seconds: float) -> Resource:
        """The resource once that holds, or once it needs somebody; looks three times a second."""
        end = time.monotonic() + seconds
        while not holds(found := self.read(name)):
            if found.status.state in {State.NEEDS_ATTENTION, State.FAILED, State.ROLLED_BACK}:
                raise AssertionError(f"{found.status.state}: {found.status.message}")
            if time.monotonic() > end:
                raise AssertionError(f"after {seconds} s it says: {found.status}")
            time.sleep(0.3)
        return found

    def _path(self, name: str) -> str:
        group = f"/apis/migration.openshift.io/v1alpha1/namespaces/{self.namespace}"
        return f"{group}/vmwarecloudfoundationmigrations/{name}"


def completed(cluster: Cluster, name: str) -> None:
    """Assert that a resource tells a whole migration: conditions, history, manifests, Events each once."""
    status = cluster.read(name).status
    assert (status.state, status.progress) == (State.COMPLETED, 100)
    assert {each.type: each.status for each in status.conditions} == SUCCEEDED
    assert [each.phase for each in status.phase_history] == [each.name for each in TABLE]
    assert {each.status for each in status.phase_history} == {PhaseState.COMPLETED}
    times = [(each.start_time, each.completion_time) for each in status.phase_history]
    assert all(start and end and start <= end for start, end in times)
    assert times == sorted(times), "one phase after the other"
    assert status.start_time
    assert status.completion_time
    assert all(each.checksum.startswith("sha256:") and len(each.checksum) == 71 for each in status.backup_manifests)
    assert len(status.backup_manifests) >= 5
    assert len(status.model_dump_json()) < 50_000
    reasons = [each["reason"] for each in cluster.events(name)]
    for once in ("MigrationStarted", "MigrationCompleted"):
        assert reasons.count(once) == 1
    for each in ("PhaseStarted", "PhaseCompleted"):
        assert reasons.count(each) == len(TABLE), reasons


@asynccontextmanager
async def bridged(lab: Lab, directory: Path) -> AsyncIterator[Bridged]:
    """The service with its bridge on a lab, in an existing directory, for as long as the block lasts."""
    async with dev_server(
        database=directory / "temporal.db", port=0, ui_port=0, log=directory / "temporal.log"
    ) as temporal:
        started = Bridged(lab=lab, temporal=temporal, directory=directory)
        try:
            yield started
        finally:
            started.stop()


def official(lab: Lab) -> KubeObject:
    """A spec as the official operator takes it; but for the port, which no lab has where that operator looks."""
    ours = lab.description["migration"]["spec"]
    return {
        "state": "Running",
        "targetVCenterCredentialsSecret": {"name": ours["targetVCenterCredentialsSecret"]["name"]},
        "failureDomains": ours["failureDomains"],
        "targetVCenters": ours["targetVCenters"],
    }


def original(lab: Lab) -> KubeObject:
    """A spec as the original controller takes it, with every field that it requires; but for the port."""
    ours = lab.description["migration"]["spec"]
    domain = ours["failureDomains"][0]["name"]
    return {
        "state": "Running",
        "approvalMode": "Automatic",
        "rollbackOnFailure": True,
        "targetVCenterCredentialsSecret": ours["targetVCenterCredentialsSecret"],
        "failureDomains": ours["failureDomains"],
        "machineSetConfig": {"replicas": 3, "failureDomain": domain},
        "controlPlaneMachineSetConfig": {"failureDomain": domain},
        "targetVCenters": ours["targetVCenters"],
    }
