"""Every wait says what it waits for, ends in words when it took too long, and ends when it is cancelled."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.cloud_config import CloudConfig, GeneratedExpected
from activities.cluster.control_plane import ControlPlane, RollExpected
from activities.cluster.credentials import CopiesExpected, Credentials
from activities.cluster.health import Health, StableExpected
from activities.cluster.machine_sets import MachineSets, SetsGone, SetsReady
from activities.cluster.pods import Pods, ReplacedExpected
from activities.vcenter.virtual_machines import VirtualMachines, VmsGone
from lab.commands import Lab
from lab.faults import fault
from migration.frozen_model import FrozenModel, KubeObject
from migration.run.request import ClusterName
from openshift.api.resources import MACHINE_SET
from openshift.machines import MACHINE_SET_LABEL, NAMESPACE, list_machines
from tests.activities.attempts import Attempts, attempts, reference_to, vcenter_of
from tests.activities.by_hand import admin, applied, patched
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab
HOUR, NOW = timedelta(hours=1), timedelta(0)
Activity = Callable[..., Awaitable[Any]]


async def vms(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    names = [f"{lab.description['infrastructure_name']}-master-0"]
    return VmsGone(vcenter=reference_to(lab, "source"), datacenters=["dc-source"], names=names, at_most=at_most)


async def new_workers(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    return SetsReady(cluster="", replicas={"none": 1}, at_most=at_most)


async def old_workers(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    cluster = await trying.context.cluster("")
    (listed,) = {each["metadata"]["name"] for each in await cluster.list(MACHINE_SET)}
    return SetsGone(cluster="", names=[listed], nodes=[], at_most=at_most)


async def roll(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    return RollExpected(cluster="", replicas=3, servers=[vcenter_of(lab, "target")["server"]], at_most=at_most)


async def calm(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    return StableExpected(cluster="", excused=[], at_most=at_most)


async def configs(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    return GeneratedExpected(cluster="", servers=["vc.nowhere"], at_most=at_most)


async def pods(lab: Lab, trying: Attempts, at_most: timedelta) -> FrozenModel:
    return ReplacedExpected(old=await trying.run(Pods.observe, ClusterName()), at_most=at_most)


WAITS: list[tuple[Activity, Any, str, str]] = [
    (VirtualMachines.wait_gone, vms, "VMs to be gone from .*-master-0", "once its node is drained"),
    (MachineSets.wait_ready, new_workers, "new workers to be Ready nodes: no Machine yet", "conditions"),
    (MachineSets.wait_gone, old_workers, "old workers to be drained and deleted: .*worker.* is Running", "PodDisruption"),
    (ControlPlane.follow, roll, "the control plane to roll: .*master-0 is Running; .*master-1", "EtcdQuorumOperator"),
    (Health.wait_stable, calm, "the operators to stay stable for 3600 s", "only time can"),
    (CloudConfig.wait_generated, configs, "to list vc.nowhere: .*kube-cloud-config lists 127", "see its log"),
    (Pods.wait_replaced, pods, "new pods in the place of the old: .*old pods are still there", "events"),
]  # fmt: skip
each_wait = pytest.mark.parametrize(
    ("activity", "argument", "told", "unblock"), WAITS, ids=[each[1].__name__ for each in WAITS]
)


@each_wait
async def test_a_wait_that_lasts_too_long_ends_in_words(
    lab: Lab, tmp_path: Path, activity: Activity, argument: Any, told: str, unblock: str
) -> None:
    async with attempts(lab, tmp_path, health_window=3600) as trying:
        with pytest.raises(ApplicationError, match=told) as error:
            await trying.run(activity, await argument(lab, trying, NOW))
        assert (error.value.type, error.value.non_retryable) == ("WaitTimedOut", True)
        assert unblock in error.value.details[0]
        assert trying.changes() == []


@each_wait
async def test_a_cancelled_wait_ends(
    lab: Lab, tmp_path: Path, activity: Activity, argument: Any, told: str, unblock: str
) -> None:
    async with attempts(lab, tmp_path, health_window=3600) as trying:
        given = await argument(lab, trying, HOUR)
        with trying.environment(activity) as environment:
            running = asyncio.create_task(trying.start(environment, activity, given))
            async with asyncio.timeout(EVENT_SECONDS):
                await trying.noticed.wait()
                environment.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
        (*_, last) = trying.reported
        assert last.waiting.what
        assert last.waiting.at_most == HOUR
        assert unblock in last.waiting.unblock
        assert last.waiting.since == environment.info.scheduled_time


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("datastore-full", "unlucky-.* is Provisioning, no node yet: .*Insufficient disk space"),
        ("away", "unlucky-.* is new, no node yet: Failed to check if machine exists: .*EOF"),
    ],
)
async def test_a_machine_that_cannot_be_made_says_why(lab: Lab, trying: Attempts, kind: str, why: str) -> None:
    """Machine API tries it again for ever and never calls it Failed: nobody else would say."""
    wanted = SetsReady(cluster="", replicas={"unlucky": 1}, at_most=NOW)

    async def said() -> str:
        with pytest.raises(ApplicationError) as error:
            await trying.run(MachineSets.wait_ready, wanted)
        return str(error.value)

    async with asyncio.timeout(EVENT_SECONDS):
        with fault(lab.state_dir, kind, "source"), applied(lab, _one_worker(lab, "unlucky")):
            while not re.search(why, await said()):
                await asyncio.sleep(0.2)
    cluster = await trying.context.cluster("")
    async with asyncio.timeout(EVENT_SECONDS):
        while any(each.machine_set == "unlucky" for each in await list_machines(cluster)):
            await asyncio.sleep(0.5)


def _one_worker(lab: Lab, name: str) -> KubeObject:
    """A MachineSet like the lab's own, with one replica."""
    with admin(lab) as api:
        version, kind = "machine.openshift.io/v1beta1", "MachineSet"
        (like,) = api.objects(version, kind)
    labels = {MACHINE_SET_LABEL: name}
    like["spec"]["selector"] = {"matchLabels": labels}
    like["spec"]["template"]["metadata"]["labels"] |= labels
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": like["spec"] | {"replicas": 1}}


async def test_while_the_api_server_is_away_patience_does_not_run_out(lab: Lab, trying: Attempts) -> None:
    at_most = timedelta(seconds=15)
    expected = GeneratedExpected(cluster="", servers=["vc.nowhere"], at_most=at_most)
    running = asyncio.create_task(trying.run(CloudConfig.wait_generated, expected))
    await trying.noticed.wait()
    with fault(lab.state_dir, "stopped", "kube-apiserver"):
        async with asyncio.timeout(EVENT_SECONDS):
            while "the API server has been away since" not in trying.reported[-1].waiting.note:
                await asyncio.sleep(0.1)
        await asyncio.sleep(at_most.total_seconds())  # the wait is older than it may become, and goes on
        assert not running.done()
    with pytest.raises(ApplicationError, match=r"waited .* for ") as error:
        await running
    assert error.value.type == "WaitTimedOut"
    assert trying.reported[-1].waiting.at_most > at_most * 1.5


async def test_a_copy_that_differs_is_named_with_its_keys(lab: Lab, trying: Attempts) -> None:
    data = {"vc.new.username": "YQ==", "vc.new.password": "Yg=="}
    expected = CopiesExpected(cluster="", servers=["vc.new"], at_most=NOW)
    with (
        fault(lab.state_dir, "hanging", "simulation"),  # and with it the cloud-credential-operator
        patched(lab, "v1", "Secret", "vsphere-creds", "kube-system", "data", data),
        pytest.raises(
            ApplicationError, match=r"openshift-machine-api/.* differs in vc\.new\.username, vc\.new\.password"
        ) as error,
    ):
        await trying.run(Credentials.wait_copied, expected)
    assert "Manual mode" in error.value.details[0]
    await trying.run(Credentials.wait_copied, expected.model_copy(update={"at_most": HOUR}))


async def test_absent_vms_are_gone_and_a_template_of_the_name_is_none(lab: Lab, trying: Attempts) -> None:
    seen = await trying.run(
        VirtualMachines.wait_gone,
        VmsGone(vcenter=reference_to(lab, "target"), datacenters=["dc-target"], names=["none", "rhcos-target-a"], at_most=HOUR),
    )  # fmt: skip
    assert seen.evidence.endswith("has none left of none, rhcos-target-a")
