"""A canary in every run: success, failure and rollback leave no secret anywhere but in Secrets."""

import base64
from pathlib import Path

import pytest
import yaml

from lab.commands import Lab, admin_api, down, up
from lab.faults import fault
from lab.scenario import load
from lab.state import StateDir
from migration.status import State
from tests.e2e.conftest import Migrated
from tests.e2e.leaks import leaks, places, spellings
from tests.e2e.running import running

WRONG = "canary-7f2c<&\"'\\%41 wrong"
"""A password that no vCenter takes: errors quote what they refuse."""


@pytest.mark.parametrize("around", ["{}", "a{}", "ab{}", "administrator@target.lab:{}"])
def test_a_secret_is_found_however_it_is_spelt(around: str) -> None:
    text = around.format(WRONG)
    for held in (text.encode(), base64.b64encode(text.encode()), base64.b64encode(f"{text}, and more".encode())):
        assert any(form in held for form in spellings(WRONG)), held


async def test_success_leaves_none(migrated: Migrated) -> None:
    assert await leaks(migrated.running, secrets_of(migrated.running.lab)) == []
    names = {name for name, _ in await places(migrated.running)}
    assert {"journal.db", "temporal.db", "worker.log", "api.log", f"history of {migrated.status.id}"} <= names


async def test_failure_and_rollback_leave_none(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    lab = up(load("default"), tmp_path / "lab", attached=True)
    try:
        async with running(lab, tmp_path / "service") as started:
            right = _password(lab, WRONG)
            refused = started.follow(started.submit().id, seconds=60)
            assert (refused.state, refused.phase) == (State.FAILED, "preflight"), refused.message
            _password(lab, right)
            with fault(lab.state_dir, "privilege-missing", "target"):
                returned = started.follow(started.submit().id, seconds=200)
            assert returned.state is State.ROLLED_BACK, returned.message
            assert await leaks(started, [WRONG, *secrets_of(lab)]) == []
    finally:
        down(tmp_path / "lab")


def secrets_of(lab: Lab) -> list[str]:
    """What the service holds on a lab: the vCenters' passwords and its own token."""
    kubeconfig = yaml.safe_load(Path(lab.description["kubeconfig_service"]).read_text())
    return [*(each["password"] for each in lab.description["vcenters"]), kubeconfig["users"][0]["user"]["token"]]


def _password(lab: Lab, password: str) -> str:
    """Write the target's password into the credentials Secret; returns the one before."""
    reference = lab.description["credentials_secret"]
    target = next(each["server"] for each in lab.description["vcenters"] if each["role"] == "target")
    path = f"/api/v1/namespaces/{reference['namespace']}/secrets/{reference['name']}"
    with admin_api(StateDir(lab.state_dir)) as api:
        before = api.request("GET", path)["data"][f"{target}.password"]
        encoded = base64.b64encode(password.encode()).decode()
        api.request("PATCH", path, body={"data": {f"{target}.password": encoded}}, kind="application/merge-patch+json")
    return base64.b64decode(before).decode()
