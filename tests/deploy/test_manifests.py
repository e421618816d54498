"""deploy/: rendered as users render it, judged by a real API server, and held against what the processes really do."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
import yaml
from dotenv import dotenv_values
from typer.main import get_group

from cli.main import app
from config.settings import Settings
from http_security.hosts import AllowedHosts
from journal.store import FLUSH_SECONDS
from lab.cluster.access import custom_resource, shipped
from lab.cluster.api_server import ApiError, ApiServer
from lab.commands import Lab, admin_api
from lab.state import StateDir
from tests.deploy.rendering import BASE, HUB, OVERLAY, ROOT, Document, container, of_kind, pod, rendered

pytestmark = pytest.mark.lab
NAMESPACE = "openshift-vcf-migration"
EVERYWHERE = [BASE, OVERLAY, HUB]
GRACEFUL = 10
"""Seconds that the worker gives its activities (worker/main.py)."""


def deployments(directory: str = BASE) -> dict[str, Document]:
    return of_kind(rendered(directory), "Deployment")


@pytest.fixture(scope="module")
def api(lab: Lab) -> Iterator[ApiServer]:
    with admin_api(StateDir(lab.state_dir)) as api:
        yield api


def dry_run(api: ApiServer, document: Document) -> Document:
    """What the API server would store; it refuses fields that it does not know."""
    query = "?fieldManager=test&force=true&dryRun=All&fieldValidation=Strict"
    return api.request("PATCH", api.path(document) + query, body=document, kind="application/apply-patch+yaml")


@pytest.mark.parametrize("directory", EVERYWHERE)
def test_the_api_server_accepts_every_document(api: ApiServer, directory: str) -> None:
    documents = rendered(directory)
    assert len(documents) > 10
    for document in documents:
        dry_run(api, document)


def test_the_api_server_would_have_refused_a_slip(api: ApiServer) -> None:
    document = yaml.safe_load(yaml.safe_dump(deployments()["vcf-migration-worker"]))
    document["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(ApiError, match="livenessprobe"):
        dry_run(api, document)


@pytest.mark.parametrize("directory", EVERYWHERE)
def test_pods_pass_the_restricted_pod_security_standard(api: ApiServer, directory: str) -> None:
    """The lab's API server judges Pods by the namespace's labels, which deploy/rbac has set."""
    for name, deployment in deployments(directory).items():
        template = deployment["spec"]["template"]
        metadata = {"name": name, "namespace": NAMESPACE, "labels": template["metadata"]["labels"]}
        dry_run(api, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        loose = yaml.safe_load(yaml.safe_dump(template["spec"]))
        del loose["containers"][0]["securityContext"]["capabilities"]
        with pytest.raises(ApiError, match="violates PodSecurity"):
            dry_run(api, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": loose})


@pytest.mark.parametrize("directory", EVERYWHERE)
def test_any_user_may_run_it_on_a_read_only_root(directory: str) -> None:
    for name, deployment in deployments(directory).items():
        security = pod(deployment)["securityContext"] | container(deployment)["securityContext"]
        assert security["readOnlyRootFilesystem"], name
        assert not {"runAsUser", "fsGroup", "runAsGroup"} & set(security), "OpenShift chooses them"
        state = next(each for each in container(deployment)["volumeMounts"] if each["name"] == "state")
        assert state["mountPath"] == environment()["VCFM_STATE_DIRECTORY"]
        assert all(each.get("readOnly") for each in container(deployment)["volumeMounts"] if each != state)


def environment() -> dict[str, str]:
    """What the image sets."""
    (block,) = re.findall(r"^ENV (.*?[^\\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL)
    return dict(each.split("=", 1) for each in block.replace("\\\n", " ").split())


def test_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    text = re.sub(r"^#   (?=\w+=)", "", (ROOT / BASE / "settings.env").read_text(), flags=re.MULTILINE)
    commented = dotenv_values(stream=StringIO(text))
    for name, value in (environment() | commented).items():
        assert value
        if name.startswith("VCFM_"):
            assert name.removeprefix("VCFM_").lower() in Settings.model_fields, name
            monkeypatch.setenv(name, value)
    assert Settings().journal_password_file


@pytest.mark.parametrize("directory", EVERYWHERE)
def test_rest_may_be_asked_by_its_services_names(directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By port-forward and by address too, as the image listens on all of them."""
    documents = rendered(directory)
    (settings,) = of_kind(documents, "ConfigMap").values()
    for name, value in (environment() | settings["data"]).items():
        monkeypatch.setenv(name, value)
    found = Settings()
    hosts = AllowedHosts.of(found.api_host, found.api_allowed_hosts)
    (service,) = of_kind(documents, "Service")
    for name in (
        service,
        f"{service}.{NAMESPACE}",
        f"{service}.{NAMESPACE}.svc",
        f"{service}.{NAMESPACE}.svc.cluster.local",
    ):
        assert hosts.allow(f"{name}:8080")
    assert hosts.allow("localhost:8080")
    assert hosts.allow("10.128.3.7:8080")
    assert not hosts.allow("evil.example:8080")


@pytest.mark.parametrize("directory", EVERYWHERE)
def test_every_file_that_a_setting_names_is_mounted(directory: str) -> None:
    (settings,) = of_kind(rendered(directory), "ConfigMap").values()
    named = {name: value for name, value in settings["data"].items() if re.search("_(FILE|DIRECTORY)$", name)}
    worker = container(deployments(directory)["vcf-migration-worker"])
    mounts = [each["mountPath"] for each in worker["volumeMounts"]]
    for name, value in named.items():
        assert any(value == mount or value.startswith(f"{mount}/") for mount in mounts), name


def test_probes_ask_the_port_that_the_image_answers_on() -> None:
    for deployment in deployments().values():
        ports = {each["name"]: each["containerPort"] for each in container(deployment)["ports"]}
        assert ports["health"] == int(environment()["VCFM_HEALTH_PORT"])
        for probe, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
            asked = container(deployment)[f"{probe}Probe"]
            assert asked["httpGet"] == {"path": path, "port": "health"}
            assert asked.get("timeoutSeconds", 1) <= asked["periodSeconds"]
        resources = container(deployment)["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"])
        assert "memory" in resources["limits"]


def test_a_worker_has_time_to_end() -> None:
    assert pod(deployments()["vcf-migration-worker"])["terminationGracePeriodSeconds"] > GRACEFUL + FLUSH_SECONDS


def test_a_disruption_budget_never_holds_a_drain() -> None:
    found = deployments()
    for name, budget in of_kind(rendered(BASE), "PodDisruptionBudget").items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in budget["spec"]
        assert budget["spec"]["selector"] == found[name]["spec"]["selector"]


def test_each_process_is_a_command_and_all_are_there() -> None:
    started = [argument for each in deployments().values() for argument in container(each)["args"]]
    assert sorted(started) == ["api", "bridge", "worker"]
    assert set(started) <= set(get_group(app).commands)


def test_rest_has_no_rights_on_the_cluster() -> None:
    api = pod(deployments()["vcf-migration-api"])
    assert api["automountServiceAccountToken"] is False
    bound = {subject["name"] for each in rendered(BASE) for subject in each.get("subjects", [])}
    assert api["serviceAccountName"] not in bound
    assert bound == {pod(deployments()[f"vcf-migration-{name}"])["serviceAccountName"] for name in ("worker", "bridge")}


def test_the_lab_runs_under_the_very_rights_that_are_rendered() -> None:
    for document in [*shipped(), *custom_resource()]:
        assert document in rendered(BASE)


def test_elsewhere_the_service_has_no_rights_at_all() -> None:
    assert not [each for each in rendered(HUB) if "Role" in each["kind"] or "Definition" in each["kind"]]
    accounts = of_kind(rendered(HUB), "ServiceAccount")
    assert {name: each["automountServiceAccountToken"] for name, each in accounts.items()} == dict.fromkeys(
        accounts, False
    )
    for name in ("vcf-migration-worker", "vcf-migration-bridge"):
        assert "clusters" in {each["name"] for each in container(deployments(HUB)[name])["volumeMounts"]}


def test_an_overlay_changes_image_and_temporal() -> None:
    assert {container(each)["image"] for each in deployments(OVERLAY).values()} == {
        "registry.example.com/platform/vcf-migration:0.1.0"
    }
    (settings,) = of_kind(rendered(OVERLAY), "ConfigMap").values()
    assert settings["data"]["TEMPORAL_ADDRESS"] == "temporal.example.com:7233"
    references = {
        each["configMapRef"]["name"] for one in deployments(OVERLAY).values() for each in container(one)["envFrom"]
    }
    assert references == {settings["metadata"]["name"]}


def _egress(policies: list[Document]) -> set[int]:
    return {port["port"] for policy in policies for rule in policy["spec"].get("egress", []) for port in rule["ports"]}


def test_nothing_goes_in_or_out_that_is_not_named() -> None:
    policies = of_kind(rendered(BASE), "NetworkPolicy")
    assert policies["vcf-migration-deny"]["spec"].keys() == {"podSelector", "policyTypes"}
    for name, ways in {"worker": {443, 6443}, "bridge": {6443}, "api": set()}.items():
        labels = deployments()[f"vcf-migration-{name}"]["spec"]["template"]["metadata"]["labels"]
        mine = [each for each in policies.values() if _selects(each["spec"]["podSelector"], labels)]
        assert policies["vcf-migration-deny"] in mine
        assert _egress(mine) == {7233, 5432, 53, 5353} | ways
        inward = {port["port"] for each in mine for rule in each["spec"].get("ingress", []) for port in rule["ports"]}
        assert inward == ({8080, 8081, 8082} if name == "api" else {8081, 8082})


def _selects(selector: Document, labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )
