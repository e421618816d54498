"""What the real API server answers under each rule set, with OpenShift's own Infrastructure CRDs (lab.md's table).

Only the stores of a lab run here: no controllers, no nodes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.binaries.build import build
from lab.bring_up import VCENTER_PORT, BringUp
from lab.cluster import installation, machines, rules
from lab.cluster.api_server import ApiError, ApiServer, wait_for
from lab.commands import down
from lab.processes import supervisor
from lab.scenario import Pool, Scenario
from lab.state import StateDir
from tests.support.timeouts import EVENT_SECONDS

pytestmark = pytest.mark.lab
INFRASTRUCTURE = "/apis/config.openshift.io/v1/infrastructures/cluster"
ALL_OR_NONE = "vcenters cannot be added or removed once set"
ONE_AT_A_TIME = "Cannot add and remove vCenters at the same time"
NEVER_UNSET = "vcenters is required once set and cannot be removed"


class Stores:
    """A lab that has no more than stores, and an Infrastructure under one rule set."""

    def __init__(self, name: str, state_dir: Path) -> None:
        self.scenario = Scenario.model_validate({"rules": name})
        state = StateDir(state_dir)
        state.create()
        supervisor.spawn(state, attached=True)
        built = build(report=print)
        self.lab = BringUp(scenario=self.scenario, state=state, built=built, port=VCENTER_PORT, report=print)
        self.lab.start_stores()
        self.api: ApiServer = self.lab.administrator()
        self.api.wait_ready(timeout=EVENT_SECONDS)
        rules.install_definitions(self.api, built, self.scenario)
        for each in ("openshift-machine-api", "openshift-vcf-migration"):
            self.api.apply(installation.namespace(each))

    def set_vcenters(self, *names: str, dry_run: bool = False) -> None:
        """Make the Infrastructure list exactly these vCenters, with their failure domains."""
        sites = [getattr(self.lab, each) for each in names]
        path = "/spec/platformSpec/vsphere"
        patch = [
            {"op": "add", "path": f"{path}/vcenters", "value": [each.vcenter for each in sites]},
            {
                "op": "add",
                "path": f"{path}/failureDomains",
                "value": [fd for each in sites for fd in each.failure_domains],
            },
        ]
        if not names:
            patch[0] = {"op": "remove", "path": f"{path}/vcenters"}
        query = "?dryRun=All" if dry_run else ""
        self.api.request("PATCH", INFRASTRUCTURE + query, body=patch, kind="application/json-patch+json")

    def start_over(self, *names: str) -> None:
        """A new Infrastructure that lists these: a rule judges changes only, so what is made is free."""
        document = installation.infrastructure(self.scenario, self.lab.source, api_url=self.lab.url)
        platform = document["spec"]["platformSpec"]["vsphere"]
        sites = [getattr(self.lab, each) for each in names]
        platform["vcenters"] = [each.vcenter for each in sites]
        platform["failureDomains"] = [fd for each in sites for fd in each.failure_domains]
        if any(self.api.objects("config.openshift.io/v1", "Infrastructure")):
            self.api.request("DELETE", INFRASTRUCTURE)
        self.api.apply(document)


@pytest.fixture(scope="module", params=["legacy", "open", "day2"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    state_dir = tmp_path_factory.mktemp(request.param) / "state"
    made = Stores(request.param, state_dir)
    with made.api:
        yield made
    down(state_dir)


ANSWERS: dict[str, dict[tuple[str, str], str | None]] = {
    "legacy": {
        ("source", "target"): None,
        ("source", "source target"): ALL_OR_NONE,
        ("source target", "target"): ALL_OR_NONE,
        ("source", ""): None,
    },
    "open": {
        ("source", "target"): None,
        ("source", "source target"): None,
        ("source target", "target"): None,
        ("source", ""): None,
    },
    "day2": {
        ("source", "target"): ONE_AT_A_TIME,
        ("source", "source target"): None,
        ("source target", "target"): None,
        ("source", ""): NEVER_UNSET,
    },
}


@pytest.mark.parametrize(("before", "after"), list(ANSWERS["day2"]))
def test_a_change_of_vcenters_is_answered_as_on_a_real_cluster(stores: Stores, before: str, after: str) -> None:
    stores.start_over(*before.split())
    refusal = ANSWERS[stores.scenario.rules][before, after]
    if refusal is None:
        stores.set_vcenters(*after.split(), dry_run=True)
    else:
        with pytest.raises(ApiError, match=refusal):
            stores.set_vcenters(*after.split(), dry_run=True)


def user_of_the_source(stores: Stores, kind: str) -> dict[str, Any]:
    site, scenario = stores.lab.source, stores.scenario
    if kind == "Machine":
        return machines.master(scenario, site, 0)
    if kind == "MachineSet":
        return machines.machine_sets(scenario, site, Pool())[0]
    return machines.control_plane_machine_set(scenario, site)


@pytest.mark.parametrize("stores", ["day2"], indirect=True)
@pytest.mark.parametrize("kind", ["Machine", "MachineSet", "ControlPlaneMachineSet"])
def test_a_failure_domain_in_use_cannot_be_dropped_under_day2(stores: Stores, kind: str) -> None:
    rules.install_policies(stores.api, stores.scenario)
    stores.start_over("source", "target")
    user = stores.api.apply(user_of_the_source(stores, kind))

    def refusal() -> str:
        try:
            stores.set_vcenters("target", dry_run=True)
        except ApiError as error:
            return str(error)
        return ""

    wanted = f"in use by {kind} {user['metadata']['name']}"
    wait_for(lambda: wanted in refusal(), what="the policy to see what uses the failure domain", timeout=EVENT_SECONDS)
    stores.api.request("DELETE", stores.api.path(user))
    wait_for(lambda: not refusal(), what="the failure domain to be free", timeout=EVENT_SECONDS)


@pytest.mark.parametrize("kept", ["legacy", "open", "day2"])
def test_controller_config_embeds_the_very_rules_of_infrastructure(kept: str) -> None:
    """Else machine-config would be Degraded in a rule set that allows what Infrastructure says."""
    definitions = {each.name.split(".")[0]: each for each in build(report=lambda _: None).definitions(rules=kept)}
    told = {
        name: {each for each in (ALL_OR_NONE, ONE_AT_A_TIME, NEVER_UNSET) if each in _in_one_line(definitions[name])}
        for name in ("infrastructures", "controllerconfigs")
    }
    assert told["controllerconfigs"] == told["infrastructures"]


def _in_one_line(definition: Path) -> str:
    return " ".join(definition.read_text().split())
