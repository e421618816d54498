"""The control plane's roll, when it cannot go on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.control_plane import ControlPlane, PointOrder, RollExpected
from lab.cluster.api_server import ApiServer, wait_for
from lab.commands import Lab
from lab.faults import fault
from lab.state import StateDir
from migration.frozen_model import KubeObject
from openshift.machines import NAMESPACE
from tests.activities.attempts import Attempts, attempts, vcenter_of
from tests.activities.by_hand import MERGE, admin, applied
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab
OPERATOR = "control-plane-machine-set-operator"


@pytest.fixture
async def meddling(legacy: Lab, tmp_path: Path) -> AsyncIterator[Attempts]:
    async with attempts(legacy, tmp_path) as meddling:
        yield meddling


def expected(lab: Lab) -> RollExpected:
    """The roll of a control plane that is where it is to be."""
    return RollExpected(
        cluster="", replicas=3, servers=[vcenter_of(lab, "source")["server"]], at_most=timedelta(minutes=1)
    )


@contextmanager
def unattended(lab: Lab) -> Iterator[None]:
    """Nobody looks after the control plane's Machines."""
    with fault(lab.state_dir, "stopped", OPERATOR):
        running = StateDir(lab.state_dir).pids / OPERATOR
        wait_for(lambda: not running.exists(), what="the operator to stop", timeout=EVENT_SECONDS)
        yield


async def test_a_control_plane_that_is_there_is_followed_no_further(legacy: Lab, meddling: Attempts) -> None:
    rolled = await meddling.run(ControlPlane.follow, expected(legacy))
    assert [each.ready for each in rolled.nodes] == [True] * 3
    assert rolled.evidence[1] == "etcd has 3 members, all on new nodes"


async def test_a_failed_replacement_ends_the_roll_with_what_to_do(legacy: Lab, meddling: Attempts) -> None:
    with admin(legacy) as api:
        pattern = masters(api)[0]
    doomed = {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "Machine",
        "metadata": {"name": "doomed-master", "namespace": NAMESPACE, "labels": pattern["metadata"]["labels"]},
        "spec": {"providerSpec": {"value": pattern["spec"]["providerSpec"]["value"] | {"template": "none"}}},
    }
    told = "Machine doomed-master is Failed: template not found"
    with unattended(legacy), applied(legacy, doomed), pytest.raises(ApplicationError, match=told) as error:
        await meddling.run(ControlPlane.follow, expected(legacy))
    assert (error.value.type, error.value.non_retryable) == ("WaitFailed", True)
    assert "delete the Failed Machine" in error.value.details[0]


async def test_a_control_plane_machine_set_that_somebody_deleted(legacy: Lab, meddling: Attempts) -> None:
    with admin(legacy) as api:
        with unattended(legacy):
            disown(api)
            path = f"{api.collection('machine.openshift.io/v1', 'ControlPlaneMachineSet', NAMESPACE)}/cluster"
            api.request("PATCH", path, body={"metadata": {"finalizers": None}}, kind=MERGE)
            api.request("DELETE", path)
            with pytest.raises(ApplicationError, match="the ControlPlaneMachineSet is gone") as error:
                await meddling.run(ControlPlane.follow, expected(legacy))
            with pytest.raises(ApplicationError) as absent:
                await meddling.run(ControlPlane.point_at, PointOrder(cluster="", failure_domains=["target-a"]))
        assert (error.value.type, error.value.non_retryable) == ("WaitFailed", True)
        assert "retry" in error.value.details[0]
        assert absent.value.type == "NotFound"
        wait_for(lambda: sets(api), what="its operator to make a new one", timeout=EVENT_SECONDS)


def masters(api: ApiServer) -> list[KubeObject]:
    machines = api.objects("machine.openshift.io/v1beta1", "Machine", NAMESPACE)
    return [each for each in machines if "-master-" in each["metadata"]["name"]]


def disown(api: ApiServer) -> None:
    """What the operator's finalizer does before a set goes: else its Machines are collected as garbage."""
    for each in masters(api):
        api.request("PATCH", api.path(each), body={"metadata": {"ownerReferences": None}}, kind=MERGE)


def sets(api: ApiServer) -> list[dict[str, object]]:
    return api.objects("machine.openshift.io/v1", "ControlPlaneMachineSet", NAMESPACE)
