"""The lab's own endpoint of a vCenter: who may use it, and that its faults and delays do what they say."""

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from lab.cluster.api_server import wait_for
from lab.commands import Lab
from lab.scenario import Delays
from lab.state import StateDir
from lab.vcenters.admin import VCenterAdmin, VCenterAdminError
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab


@pytest.fixture
def endpoint(lab: Lab) -> dict[str, str]:
    found: dict[str, str] = json.loads(StateDir(lab.state_dir).private.read_text())["target"]
    return found


@pytest.fixture
def admin(lab: Lab, endpoint: dict[str, str]) -> Iterator[VCenterAdmin]:
    made = VCenterAdmin(**endpoint)
    yield made
    made.clear_faults()
    made.mend()
    made.set_delays(Delays.model_validate(lab.description["delays"]), seed=None)


@pytest.fixture
def content(lab: Lab) -> Iterator[Any]:
    target = next(each for each in lab.description["vcenters"] if each["role"] == "target")
    login = {"user": target["username"], "pwd": target["password"]}
    trusting = ssl.create_default_context(cafile=target["ca_file"])
    service = SmartConnect(host=target["server"], port=target["port"], sslContext=trusting, **login)
    yield service.content
    Disconnect(service)


def folder_of(content: Any) -> Any:
    return content.rootFolder.childEntity[0].vmFolder


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guessed"}])
def test_without_the_token_it_answers_nothing(endpoint: dict[str, str], headers: dict[str, str]) -> None:
    answer = httpx.get(f"http://{endpoint['address']}/inventory", headers=headers)
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_a_fault_strikes_as_often_as_asked_and_then_no_more(admin: VCenterAdmin, content: Any) -> None:
    admin.inject({"method": "CreateFolder", "fault": "NoPermission", "message": "not yours", "times": 2, "skip": 1})
    made = [folder_of(content).CreateFolder("skipped")]
    for _ in range(2):
        with pytest.raises(vim.fault.NoPermission, match="not yours"):
            folder_of(content).CreateFolder("refused")
    made.append(folder_of(content).CreateFolder("allowed"))
    assert admin.faults()["injected"] == 2
    for each in made:
        each.Destroy_Task()


def test_an_unknown_fault_is_refused(admin: VCenterAdmin) -> None:
    with pytest.raises(VCenterAdminError, match="has no fault"):
        admin.inject({"method": "CreateFolder", "fault": "NoSuchThing"})


def test_a_cleared_fault_is_gone(admin: VCenterAdmin, content: Any) -> None:
    admin.inject({"method": "CreateFolder", "fault": "NoPermission"})
    admin.clear_faults()
    folder_of(content).CreateFolder("cleared").Destroy_Task()


def test_a_lost_answer_is_of_a_call_that_worked(admin: VCenterAdmin, content: Any) -> None:
    admin.lose_answers("CreateFolder", times=1)
    with pytest.raises(ConnectionError):
        folder_of(content).CreateFolder("made-in-silence")
    [made] = [each for each in folder_of(content).childEntity if each.name == "made-in-silence"]
    made.Destroy_Task()


def test_a_broken_wire_breaks_every_call_until_it_is_mended(admin: VCenterAdmin, content: Any) -> None:
    admin.break_connections()
    with pytest.raises(ConnectionError):
        folder_of(content)
    admin.mend()
    assert folder_of(content).name == "vm"


def test_a_slow_clone_is_a_running_task_that_blocks_nobody(admin: VCenterAdmin, content: Any) -> None:
    admin.set_delays(Delays(clone=600), seed=None)
    vms = folder_of(content)
    template = next(each for each in vms.childEntity if each.name == "templates").childEntity[0]
    where = vim.vm.RelocateSpec(pool=content.rootFolder.childEntity[0].hostFolder.childEntity[0].resourcePool)
    task = template.Clone(folder=vms, name="slow", spec=vim.vm.CloneSpec(location=where))
    assert task.info.state == "running"
    assert template.name.startswith("rhcos")
    assert "slow" not in [each.name for each in vms.childEntity]


def test_destroying_a_clone_leaves_the_template_its_disk(admin: VCenterAdmin, content: Any) -> None:
    admin.set_delays(Delays(clone=0, power_on=0), seed=None)
    vms = folder_of(content)
    template = next(each for each in vms.childEntity if each.name == "templates").childEntity[0]
    for round_number in range(2):  # the second clone fails when the first took the disk away
        clone = done(template.Clone(folder=vms, name=f"clone-{round_number}", spec=clone_spec(content, template)))
        done(clone.Destroy_Task())
    assert disk_of(template).backing.fileName.startswith("[datastore-target-a] rhcos-target-a/")


def test_a_guest_has_an_address_while_it_runs(admin: VCenterAdmin, content: Any) -> None:
    admin.set_delays(Delays(clone=0, power_on=0), seed=None)
    vms = folder_of(content)
    template = next(each for each in vms.childEntity if each.name == "templates").childEntity[0]
    clone = done(template.Clone(folder=vms, name="guest", spec=clone_spec(content, template)))
    done(content.rootFolder.childEntity[0].PowerOnMultiVM_Task(vm=[clone]))
    assert clone.runtime.powerState == "poweredOn"
    assert clone.guest.ipAddress.startswith("10.12.")
    assert list(clone.guest.net[0].ipAddress) == [clone.guest.ipAddress]
    done(clone.PowerOffVM_Task())
    assert not clone.guest.ipAddress
    done(clone.Destroy_Task())


def clone_spec(content: Any, template: Any) -> Any:
    cluster = content.rootFolder.childEntity[0].hostFolder.childEntity[0]
    where = vim.vm.RelocateSpec(pool=cluster.resourcePool, datastore=cluster.datastore[0])
    disk = disk_of(template)
    disk.capacityInKB *= 2
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)
    return vim.vm.CloneSpec(location=where, config=vim.vm.ConfigSpec(deviceChange=[change]))


def disk_of(machine: Any) -> Any:
    return next(each for each in machine.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk))


def done(task: Any) -> Any:
    wait_for(lambda: task.info.state in {"success", "error"}, what=f"{task.info.descriptionId}", timeout=EVENT_SECONDS)
    assert task.info.state == "success", task.info.error
    return task.info.result
