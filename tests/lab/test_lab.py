"""The session's lab is what its description says it is. Nothing here changes what other tests rely on."""

import json
import ssl
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lab.commands import Lab, LabError, admin_api, status, up
from lab.scenario import Scenario
from lab.snapshot import snapshot
from lab.state import StateDir

pytestmark = pytest.mark.lab
VAPI_SESSION = "/rest/com/vmware/cis/session"


def vcenter(lab: Lab, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in lab.description["vcenters"] if each["role"] == role)
    return found


def base(each: dict[str, Any]) -> str:
    return f"https://{each['server']}:{each['port']}"


def test_it_is_healthy_and_says_so(lab: Lab) -> None:
    found = status(lab.state_dir)
    assert (found["healthy"], found["complaints"]) == (True, [])
    assert all(found["parts"].values())


def test_a_second_one_in_the_same_directory_is_refused_with_the_remedy(lab: Lab) -> None:
    with pytest.raises(LabError, match="vcfm lab down"):
        up(Scenario(), lab.state_dir)


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(LabError, match="not a lab"):
        up(Scenario(), tmp_path)
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("role", ["source", "target"])
def test_a_vcenters_certificate_is_verified(lab: Lab, role: str) -> None:
    each = vcenter(lab, role)
    trusting = ssl.create_default_context(cafile=each["ca_file"])
    answer = httpx.post(base(each) + VAPI_SESSION, verify=trusting, auth=(each["username"], each["password"]))
    assert answer.status_code == httpx.codes.OK
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.post(base(each) + VAPI_SESSION)


def test_a_vcenters_certificate_is_of_no_use_for_the_other(lab: Lab) -> None:
    source, target = vcenter(lab, "source"), vcenter(lab, "target")
    trusting = ssl.create_default_context(cafile=source["ca_file"])
    client = httpx.Client(verify=trusting)
    with client, pytest.raises(httpx.ConnectError, match="IP address mismatch"):
        client.post(base(source) + VAPI_SESSION, extensions={"sni_hostname": target["server"]})


def test_a_wrong_password_is_refused(lab: Lab) -> None:
    each = vcenter(lab, "target")
    trusting = ssl.create_default_context(cafile=each["ca_file"])
    answer = httpx.post(base(each) + VAPI_SESSION, verify=trusting, auth=(each["username"], "wrong"))
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_the_service_account_reaches_the_api_server_by_its_own_kubeconfig(lab: Lab) -> None:
    config = yaml.safe_load(Path(lab.description["kubeconfig_service"]).read_text())
    trusting = ssl.create_default_context(cafile=str(StateDir(lab.state_dir).authority))
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
    url = config["clusters"][0]["cluster"]["server"]
    infrastructure = "/apis/config.openshift.io/v1/infrastructures/cluster"
    assert httpx.get(url + infrastructure, headers=headers, verify=trusting).status_code == httpx.codes.OK
    assert httpx.get(url + infrastructure, verify=trusting).status_code == httpx.codes.FORBIDDEN


def test_passwords_are_in_no_command_line_and_in_no_readable_file(lab: Lab) -> None:
    state = StateDir(lab.state_dir)
    secrets = [each["password"] for each in lab.description["vcenters"]]
    secrets += [each["token"] for each in json.loads(state.private.read_text()).values()]
    for pid in status(lab.state_dir)["parts"].values():
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        assert not any(secret in arguments for secret in secrets)
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    for log in state.logs.iterdir():
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), log


def test_the_ready_migration_names_only_what_the_target_has(lab: Lab) -> None:
    paths = {each["path"] for each in snapshot(lab.state_dir)["vcenters"]["target"]["objects"]}
    target = vcenter(lab, "target")
    spec = lab.description["migration"]["spec"]
    assert spec["targetVCenters"] == [{"server": target["server"], "port": target["port"]}]
    for each in spec["failureDomains"]:
        topology = each["topology"]
        assert {topology[key] for key in ("computeCluster", "datastore", "resourcePool", "template")} <= paths
        assert {f"/{topology['datacenter']}/network/{name}" for name in topology["networks"]} <= paths
        assert topology["folder"] not in paths


def test_the_source_is_as_an_installer_left_it(lab: Lab) -> None:
    found = {each["path"]: each for each in snapshot(lab.state_dir)["vcenters"]["source"]["objects"]}
    name = lab.description["infrastructure_name"]
    owned = f"openshift-{name}/{name}"
    assert found["/dc-source"]["tags"] == ["openshift-region/source"]
    assert found["/dc-source/host/cluster-source-a"]["tags"] == ["openshift-zone/source-a"]
    assert found[f"/dc-source/vm/{name}"]["tags"] == [owned]
    machines = [each for path, each in found.items() if path.startswith(f"/dc-source/vm/{name}/")]
    assert [(each["power"], each["tags"]) for each in machines] == [("poweredOn", [owned])] * 6


def test_a_snapshot_holds_every_kind_once(lab: Lab) -> None:
    objects = snapshot(lab.state_dir)["objects"]
    kinds = [each.rpartition("/")[2] for each in objects if not each.endswith("/Event")]
    assert {"Machine", "MachineSet", "ControlPlaneMachineSet", "Infrastructure", "Secret"} <= set(kinds)
    assert len(kinds) == len(set(kinds))


def test_the_control_plane_set_is_active_and_has_nothing_to_roll(lab: Lab) -> None:
    with admin_api(StateDir(lab.state_dir)) as api:
        [found] = api.objects("machine.openshift.io/v1", "ControlPlaneMachineSet", "openshift-machine-api")
    assert found["spec"]["state"] == "Active"
    assert found["status"]["updatedReplicas"] == found["status"]["replicas"] == 3
