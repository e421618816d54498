"""docker-compose.yml: valid, complete, explained, and closed to everybody but this machine."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from config.settings import Settings
from tests.deploy.rendering import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
PROCESSES = {name: each for name, each in SERVICES.items() if "vcf-migration" in each["image"]}
JOBS = {
    name
    for each in SERVICES.values()
    for name, wanted in each.get("depends_on", {}).items()
    if wanted["condition"] == "service_completed_successfully"
}


def test_it_is_a_compose_file() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    ]
    judged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout


def test_every_variable_is_explained_with_the_default_it_has() -> None:
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    assert set(re.findall(r"\$\{?(\w+)", TEXT)) == set(used), "each has a default, so that it works without .env"
    assert used == dotenv_values(ROOT / ".env.example")
    blocks = re.split(r"(?<=\n)(?=#)", (ROOT / ".env.example").read_text())
    assert all(re.match(r"# .+", each) for each in blocks)


def test_the_processes_do_not_read_what_compose_is_told() -> None:
    """`vcfm` reads the `.env` of the directory that it is called in, which may be this one."""
    assert not [name for name in dotenv_values(ROOT / ".env.example") if name.startswith("VCFM_")]


@pytest.mark.parametrize("name", SERVICES)
def test_who_stays_is_watched_and_who_ends_is_waited_for(name: str) -> None:
    service = SERVICES[name]
    if name in JOBS:
        assert service["restart"] == "on-failure"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    for other, wanted in service.get("depends_on", {}).items():
        assert wanted["condition"] == ("service_completed_successfully" if other in JOBS else "service_healthy")


@pytest.mark.parametrize("name", SERVICES)
def test_it_listens_on_this_machine_alone(name: str) -> None:
    assert all(each.startswith("127.0.0.1:") for each in SERVICES[name].get("ports", []))
    assert SERVICES[name].get("network_mode") is None


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|PWD|TOKEN|KEYS|SECRET", key):
            assert key.endswith("_FILE"), key
            assert str(value).startswith(("/run/secrets/", "${")), key
    assert set(SERVICES[name].get("secrets", [])) <= set(DOCUMENT["secrets"])


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_may_little_and_is_told_what_it_reads(name: str) -> None:
    service = PROCESSES[name]
    assert service["command"] == [name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert f"{name}:/var/lib/vcfm" in service["volumes"]
    assert all(each.endswith(":ro") for each in service["volumes"] if not each.startswith(f"{name}:"))
    assert set(service["volumes"]) >= {"${FILES:-./.compose}/payload:/etc/vcfm/payload:ro"}
    for key in service["environment"]:
        if key.startswith("VCFM_"):
            assert key.removeprefix("VCFM_").lower() in Settings.model_fields, key


def test_what_is_not_set_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (each for process in PROCESSES.values() for each in process["environment"].items()):
        if str(value).endswith(":-}"):
            monkeypatch.setenv(key, "")
    assert Settings() == Settings.model_construct()


def test_each_process_has_the_keys_that_it_uses_and_no_other() -> None:
    having = {name for name, each in SERVICES.items() if any("/clusters:" in one for one in each.get("volumes", []))}
    assert having == {"worker", "bridge"}
    signing = {name for name, each in SERVICES.items() if any("/approval:" in one for one in each.get("volumes", []))}
    assert signing == {"api", "bridge"}, "whoever only works must not be able to approve"
    journal = {name for name, each in PROCESSES.items() if "journal-password" in each.get("secrets", [])}
    assert journal == {"api", "worker"} == {name for name in PROCESSES if told(name, "VCFM_JOURNAL_PASSWORD_FILE")}


def told(process: str, setting: str) -> object:
    return PROCESSES[process]["environment"].get(setting)


@pytest.mark.parametrize(
    ("setting", "processes"),
    [
        ("VCFM_NAMESPACE", {"worker", "bridge"}),
        ("VCFM_BUILD_ID", {"worker"}),
        ("VCFM_API_USER_HEADER", {"api", "bridge"}),
        ("VCFM_SEPARATE_APPROVER", {"api", "bridge"}),
    ],
)
def test_a_setting_reaches_every_process_that_acts_on_it(setting: str, processes: set[str]) -> None:
    assert {name for name in PROCESSES if told(name, setting) is not None} == processes


@pytest.mark.parametrize("script", sorted(each.name for each in (ROOT / "deploy/compose").glob("*.sh")))
def test_a_script_is_one_and_is_used(script: str) -> None:
    file = ROOT / "deploy/compose" / script
    assert subprocess.run(["/bin/sh", "-n", file], check=False).returncode == 0
    assert f"/{script}" in TEXT


STANDS_IN = """#!/bin/sh
printf '%s\\n' "$JOURNAL_PASSWORD" > "$SEEN/environment"
printf '%s\\n' "$@" > "$SEEN/arguments"
cat > "$SEEN/statements"
"""
"""For `psql`, which the image has."""


@pytest.mark.parametrize(("held", "refused"), [("it's $ecret\n", ""), ("\n", "empty"), (None, "No such file")])
def test_the_journals_password_is_in_no_list_of_processes(tmp_path: Path, held: str | None, refused: str) -> None:
    secret = tmp_path / "journal-password"
    if held is not None:
        secret.write_text(held)
    (tmp_path / "psql").write_text(STANDS_IN)
    (tmp_path / "psql").chmod(0o755)
    script = (ROOT / "deploy/compose/postgresql.sh").read_text().replace("/run/secrets/journal-password", str(secret))
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SEEN": str(tmp_path), "POSTGRES_USER": "temporal"}
    done = subprocess.run(["/bin/sh"], input=script, env=environment, capture_output=True, text=True, check=False)
    if refused:
        assert done.returncode != 0
        assert refused in done.stderr
        assert not (tmp_path / "arguments").exists(), "no role without a password"
        return
    assert (done.returncode, (tmp_path / "environment").read_text()) == (0, held)
    assert "ecret" not in (tmp_path / "arguments").read_text() + (tmp_path / "statements").read_text()
    assert "\\getenv password JOURNAL_PASSWORD" in (tmp_path / "statements").read_text()


def test_the_documentation_installs_what_the_processes_wait_for() -> None:
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "docs/install.md").read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [each for each in blocks if "docker compose up" in each]
    before = block.partition("docker compose up")[0]
    for each in ("oc apply -k deploy/rbac", "oc apply -k deploy/crd"):
        assert each in before
