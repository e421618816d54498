"""A fault is there while its block lasts, and gone afterwards."""

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from lab.cluster.api_server import ApiError, ApiServer, wait_for
from lab.cluster.machines import machine_sets
from lab.commands import Lab, LabError, admin_api, status
from lab.faults import KINDS, fault
from lab.scenario import Pool, Scenario
from lab.state import StateDir
from lab.vcenters.site import plan_site
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab


def login(lab: Lab) -> Any:
    target = next(each for each in lab.description["vcenters"] if each["role"] == "target")
    trusting = ssl.create_default_context(cafile=target["ca_file"])
    who = {"user": target["username"], "pwd": target["password"]}
    return SmartConnect(host=target["server"], port=target["port"], sslContext=trusting, **who)


def test_a_vcenter_that_is_away_answers_nobody(lab: Lab) -> None:
    target = next(each for each in lab.description["vcenters"] if each["role"] == "target")
    url = f"https://{target['server']}:{target['port']}/sdk/vimServiceVersions.xml"
    trusting = ssl.create_default_context(cafile=target["ca_file"])
    with fault(lab.state_dir, "away", "target"), pytest.raises(httpx.TransportError):
        httpx.get(url, verify=trusting)
    assert httpx.get(url, verify=trusting).status_code == httpx.codes.OK


def test_a_fault_from_the_command_line_is_mended_whatever_ends_it(lab: Lab) -> None:
    command = [sys.executable, "-m", "cli", "lab", "fault", "hanging", "nodelink-controller"]
    pid = status(lab.state_dir)["parts"]["nodelink-controller"]
    with subprocess.Popen([*command, "--state-dir", str(lab.state_dir)], stdout=subprocess.DEVNULL) as theirs:
        wait_for(lambda: condition_of(pid) == "T", what="the part to stand still", timeout=EVENT_SECONDS)
        theirs.terminate()
        assert theirs.wait(EVENT_SECONDS) == 130
    assert condition_of(pid) != "T"


def test_an_expired_session_reads_nothing(lab: Lab) -> None:
    service = login(lab)
    with fault(lab.state_dir, "session-expired", "target"), pytest.raises(vim.fault.NotAuthenticated):
        assert service.content.rootFolder.name
    assert service.content.rootFolder.name == "Datacenters"
    Disconnect(service)


@pytest.mark.parametrize(
    ("kind", "error"), [("privilege-missing", vim.fault.NoPermission), ("lost-answer", ConnectionError)]
)
def test_a_folder_is_not_created_or_not_known_to_be(lab: Lab, kind: str, error: type[Exception]) -> None:
    service = login(lab)
    folder = service.content.rootFolder.childEntity[0].vmFolder
    arguments = ["target", "CreateFolder"] if kind == "lost-answer" else ["target"]
    with fault(lab.state_dir, kind, *arguments), pytest.raises(error):
        folder.CreateFolder(kind)
    made = [each for each in folder.childEntity if each.name == kind]
    assert len(made) == (kind == "lost-answer")
    for each in made:
        each.Destroy_Task()
    Disconnect(service)


@pytest.mark.parametrize(("kind", "error"), [("datastore-full", vim.fault.NoDiskSpace), ("template-gone", Exception)])
def test_a_machine_cannot_be_cloned(lab: Lab, kind: str, error: type[Exception]) -> None:
    service = login(lab)
    folder = service.content.rootFolder.childEntity[0].vmFolder
    template = next(each for each in folder.childEntity if each.name == "templates").childEntity[0]
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec())
    with fault(lab.state_dir, kind, "target"), pytest.raises(error):
        template.Clone(folder=folder, name=kind, spec=spec)
    Disconnect(service)


def test_a_hanging_part_stands_still_and_goes_on(lab: Lab) -> None:
    pid = status(lab.state_dir)["parts"]["nodelink-controller"]
    with fault(lab.state_dir, "hanging", "nodelink-controller"):
        wait_for(lambda: condition_of(pid) == "T", what="the part to stand still", timeout=EVENT_SECONDS)
    wait_for(lambda: condition_of(pid) != "T", what="the part to go on", timeout=EVENT_SECONDS)


def condition_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_stopped_part_is_gone_and_comes_back(lab: Lab) -> None:
    file = StateDir(lab.state_dir).pids / "nodelink-controller"
    before = int(file.read_text())
    with fault(lab.state_dir, "stopped", "nodelink-controller"):
        wait_for(lambda: not file.exists(), what="the part to be gone", timeout=EVENT_SECONDS)
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)
    wait_for(file.exists, what="the part to be back", timeout=EVENT_SECONDS)


def test_budgets_are_as_they_were(lab: Lab) -> None:
    def budgets(api: ApiServer) -> list[Any]:
        return [each["spec"]["minAvailable"] for each in api.objects("policy/v1", "PodDisruptionBudget")]

    with admin_api(StateDir(lab.state_dir)) as api:
        before = budgets(api)
        with fault(lab.state_dir, "no-eviction"):
            assert budgets(api) == ["100%"]
        assert budgets(api) == before == [2]


def test_a_webhook_that_is_down_refuses_machine_sets(lab: Lab) -> None:
    scenario = Scenario()
    site = plan_site("source", scenario, server="127.0.11.1", port=8443, admin="127.0.0.1:20001")
    [document] = machine_sets(scenario, site, Pool(name="refused", replicas=0))
    with admin_api(StateDir(lab.state_dir)) as api:
        path = api.collection("machine.openshift.io/v1beta1", "MachineSet", "openshift-machine-api") + "?dryRun=All"

        def refusal() -> str:
            try:
                api.request("POST", path, body=document)
            except ApiError as error:
                return str(error)
            return ""

        with fault(lab.state_dir, "webhook-down"):
            wait_for(
                lambda: "failed calling webhook" in refusal(), what="the webhook to be asked", timeout=EVENT_SECONDS
            )
        wait_for(lambda: not refusal(), what="the webhook to be forgotten", timeout=EVENT_SECONDS)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (["flood"], "name one of.*away"),
        (["away"], "away ROLE"),
        (["away", "moon"], "name one of source, target"),
        (["hanging", "moon"], "name one of.*etcd"),
        (["stopped", "vcenter-source"], "keeps its inventory in memory"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(lab: Lab, asked: list[str], answer: str) -> None:
    with pytest.raises(LabError, match=answer), fault(lab.state_dir, *asked):
        pass


def test_every_kind_says_what_it_means() -> None:
    assert all(kind.meaning for kind in KINDS.values())
