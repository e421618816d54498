"""A canary in every run: success, failure and rollback leave no secret anywhere but in Secrets."""

import base64
import time
from pathlib import Path

import pytest
import yaml

from lab.commands import Lab, admin_api
from lab.faults import fault
from lab.scenario import load
from lab.state import StateDir
from migration.run.status import State
from tests.e2e.bridging import Cluster, bridged, official
from tests.e2e.conftest import Migrated
from tests.e2e.leaks import leaks, places, spellings
from tests.e2e.world import World
from tests.support.labs import standing
from tests.support.timeouts import EVENT_SECONDS, MIGRATION_SECONDS

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
    with standing(load("default"), tmp_path) as lab:
        async with bridged(lab, tmp_path / "service") as started:
            started.wait_until_ready()
            cluster = Cluster(lab)
            right = _password(lab, WRONG)
            cluster.apply("refused", official(lab))
            refused = cluster.until(
                "refused", lambda each: each.status.state is State.FAILED, seconds=EVENT_SECONDS
            ).status
            assert refused.phase == "preflight", refused.message
            _password(lab, right)
            with fault(lab.state_dir, "privilege-missing", "target"):
                cluster.apply("returned", official(lab))
                cluster.until(
                    "returned", lambda each: each.status.state is State.NEEDS_ATTENTION, seconds=MIGRATION_SECONDS
                )
            cluster.apply("returned", official(lab) | {"state": "Rollback"})
            _until_rolled_back(cluster, "returned")
            shown = World(lab).everything_but_secrets
            for each in ("refused", "returned"):
                told = [event["metadata"]["name"] for event in cluster.events(each)]
                assert told
                assert all(f"'name': '{name}'" in shown for name in [each, *told]), "they are looked through"
            assert "bridge.log" in {name for name, _ in await places(started)}
            assert await leaks(started, [WRONG, *secrets_of(lab), _token(lab.description["kubeconfig_bridge"])]) == []


def _until_rolled_back(cluster: Cluster, name: str) -> None:
    """It needs somebody for a moment still, which `Cluster.until` takes for the end."""
    end = time.monotonic() + 200
    while (status := cluster.read(name).status).state is not State.ROLLED_BACK:
        assert time.monotonic() < end, status.message
        time.sleep(0.3)


def secrets_of(lab: Lab) -> list[str]:
    """What the service holds on a lab: the vCenters' passwords and its own token."""
    return [*(each["password"] for each in lab.description["vcenters"]), _token(lab.description["kubeconfig_service"])]


def _token(kubeconfig: str) -> str:
    token: str = yaml.safe_load(Path(kubeconfig).read_text())["users"][0]["user"]["token"]
    return token


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
