"""`vcfm` against the whole service: what is printed, what it ends with, and that an error is one message, no stack."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.responses import JSONResponse, PlainTextResponse
from temporalio.exceptions import ApplicationError
from typer.testing import CliRunner, Result

from api.app import create_app
from cli import following
from cli.main import app
from cli.rest import Service, Unavailable
from config.settings import Settings
from migration.audit.call import Call, Scope
from migration.run.heartbeat import Observation
from migration.run.status import MigrationStatus, State, Waiting
from tests.support.serving import Serving, listening
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request

SPEC = request().spec.model_dump(mode="json", exclude={"state"}, exclude_none=True)
RESOURCE = {
    "apiVersion": "migration.openshift.io/v1alpha1",
    "kind": "VmwareCloudFoundationMigration",
    "metadata": {"name": "m", "namespace": "openshift-vcf-migration"},
    "spec": SPEC | {"state": "Running"},
}
PERMANENT = ApplicationError("the folder is a VM", "rename it", type="Incompatible", non_retryable=True)
WAIT = Observation(
    waiting=Waiting(what="two workers", since=datetime.now(UTC), at_most=timedelta(hours=2), unblock="look", total=2)
)

Vcfm = Callable[..., Awaitable[Result]]


def commands(url: str) -> Vcfm:
    """Runs commands beside the service there."""

    async def run(*args: str, stdin: str = "", api: str = url) -> Result:
        environment = {"VCFM_API": api, "COLUMNS": "100", "USER": "kim"}
        return await asyncio.to_thread(CliRunner().invoke, app, list(args), input=stdin, env=environment)

    return run


@pytest.fixture
def vcfm(service: Serving) -> Vcfm:
    return commands(service.url)


@pytest.fixture
def refused(idle: Serving) -> Iterator[Vcfm]:
    """Where no command may start a migration."""
    yield commands(idle.url)
    assert idle.world.calls == []


def spoken(result: Result, code: int, *said: str) -> str:
    """The output of a command that ended so, and said all of this."""
    output: str = result.output
    assert result.exit_code == code, f"{output}\n{result.exception!r}"
    assert "Traceback" not in output
    for each in said:
        assert each in " ".join(output.split())
    return output


@pytest.mark.parametrize(
    ("document", "dump"),
    [
        (SPEC, yaml.safe_dump),
        (RESOURCE, yaml.safe_dump),
        ({"cluster": "west", "spec": SPEC}, json.dumps),
    ],
)
async def test_start_takes_a_spec_a_resource_or_a_body(
    vcfm: Vcfm, service: Serving, tmp_path: Path, document: dict[str, Any], dump: Callable[[Any], str]
) -> None:
    file = tmp_path / "migration"
    file.write_text(dump(document))
    spoken(await vcfm("start", "-f", str(file)), 0, f"{service.migration} started", "vcfm status -w")
    assert service.world.inputs["read_identity"][0].cluster == document.get("cluster", "")


async def test_start_from_standard_input_names_the_cluster_and_watches(vcfm: Vcfm, service: Serving) -> None:
    result = await vcfm("start", "-f", "-", "--cluster", "east", "-w", stdin=json.dumps({"cluster": "w", "spec": SPEC}))
    output = spoken(result, 0, "Completed 100% verify", "Verification report: 2 of 2 claims hold")
    told = [line for line in output.splitlines() if line.startswith("No return:")]
    assert [each.split(":")[1].strip() for each in told] == ["ahead", "crossed"], "once before it, once when it is past"
    assert service.world.inputs["read_identity"][0].cluster == "east"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "not YAML: expected ',' or ']'"),
        ("- 1\n", "holds no object; give a spec, a custom resource"),
        ("", "holds no object"),
        ("a: .nan", "neither YAML nor JSON"),
        ("a: 1\n---\nb: 2", "not YAML: but found another document in line 2"),
        ("kind: Deployment\nspec: {}", "is a Deployment, and only a VmwareCloudFoundationMigration"),
        ("kind: VmwareCloudFoundationMigration", "spec: must be an object"),
        ("failureDomains: 2024-01-01\nspeed: 3", "spec.speed: is not a field of a migration's spec"),
        (yaml.safe_dump(SPEC | {"state": "Paused"}), 'spec.state ("Paused"): cannot be asked for here'),
    ],
)
async def test_what_cannot_be_started(refused: Vcfm, text: str, said: str) -> None:
    spoken(await refused("start", "-f", "-", stdin=text), 1, said)


async def test_a_missing_file(refused: Vcfm) -> None:
    spoken(
        await refused("start", "-f", "nowhere.yaml"), 1, "nowhere.yaml: No such file or directory; give a file, or -"
    )


async def test_a_second_start_names_the_first(vcfm: Vcfm, service: Serving) -> None:
    service.world.hold("wait_workers_ready", WAIT)
    await vcfm("start", "-f", "-", stdin=json.dumps(SPEC))
    refused = await vcfm("start", "-f", "-", stdin=json.dumps(SPEC))
    spoken(refused, 1, "at most one migration per cluster", f"`vcfm status -w {service.migration}`")


async def test_a_parked_migration_asks_for_a_person_and_goes_on_after_a_retry(vcfm: Vcfm, service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    watched = await vcfm("start", "-f", "-", "-w", stdin=json.dumps(SPEC))
    spoken(watched, 5, "NeedsAttention", "create_folder: the folder is a VM")
    shown = await vcfm("status", service.migration)
    spoken(shown, 5, "A person is needed", "Next: rename it", f"vcfm retry {service.migration}")
    spoken(shown, 5, "No return: ahead: cleanup", "A rollback would do now, in this order = create_folder: delete")
    spoken(await vcfm("retry", service.migration, "--reason", "renamed"), 0, "create_folder runs again")
    spoken(await vcfm("status", "-w", service.migration), 0, "Completed 100%")
    refused = await vcfm("retry", service.migration)
    spoken(refused, 1, "Command refused", service.migration, "Next: ")


async def test_an_answer_that_names_a_phase_opens_no_other(vcfm: Vcfm, service: Serving) -> None:
    gated = SPEC | {"gates": ["create_workers", "cleanup"]}
    watched = await vcfm("start", "-f", "-", "-w", stdin=json.dumps(gated))
    spoken(watched, 2, "AwaitingApproval", "create_workers")
    approve = ("approve", service.migration, "--phase", "create_workers")
    shown = spoken(await vcfm("status", service.migration), 2)
    assert " ".join(approve) in " ".join(shown.split())
    spoken(await vcfm(*approve), 0, "create_workers begins")
    spoken(await vcfm("status", "-w", service.migration), 2, "AwaitingApproval", "cleanup")
    spoken(await vcfm(*approve), 1, "Command refused: cleanup is what waits now, not create_workers")
    spoken(await vcfm("approve", service.migration, "--phase", "lunch"), 64, "'lunch' is not one of")
    spoken(await vcfm("approve", service.migration, "--phase", "cleanup"), 0, "cleanup begins")


async def test_a_watch_tells_each_change_once(vcfm: Vcfm, service: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[MigrationStatus] = []
    look = Service.status

    def counted(self: Service, migration: str) -> MigrationStatus:
        looks.append(look(self, migration))
        return looks[-1]

    monkeypatch.setattr(Service, "status", counted)
    released = service.world.hold("wait_workers_ready", WAIT)
    await vcfm("start", "-f", "-", stdin=json.dumps(SPEC))
    watching = asyncio.create_task(vcfm("status", "-w", "-o", "json", service.migration))
    async with asyncio.timeout(EVENT_SECONDS):
        while sum(bool(each.waiting) for each in looks) < 3:
            await asyncio.sleep(0.1)
    released.set()
    seen = [MigrationStatus.model_validate_json(line) for line in (await watching).stdout.splitlines()]
    assert seen[-1].state is State.COMPLETED
    assert WAIT.waiting in [wait for each in seen for wait in each.waiting]
    assert all(before != after for before, after in pairwise(seen))


async def test_a_failed_migration(vcfm: Vcfm, service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await vcfm("start", "-f", "-", "-w", stdin=json.dumps(SPEC))
    await service.client.get_workflow_handle(service.migration).terminate("by mistake")
    spoken(await vcfm("status", service.migration), 4, "terminated from outside during create_folder")


async def test_a_terminated_migration_is_taken_over(vcfm: Vcfm, service: Serving) -> None:
    spoken(await vcfm("adopt"), 1, "Nothing to take over", "VCFM_NAMESPACE", "Next: ")
    service.world.fail("ensure_folder", PERMANENT)
    await vcfm("start", "-f", "-", "-w", stdin=json.dumps(SPEC))
    spoken(await vcfm("adopt", "--rollback"), 1, "at most one migration per cluster")
    await service.client.get_workflow_handle(service.migration).terminate("by mistake")
    spoken(
        await vcfm("adopt", "--rollback", "--reason", "CHG-1", "--cluster", "east"), 0, "is taken over: `vcfm status -w"
    )
    assert service.world.inputs["read_identity"][-1].cluster == "east"
    watched = await vcfm("status", "-w", "-o", "json", service.migration)
    ended = MigrationStatus.model_validate_json(watched.stdout.splitlines()[-1])
    assert (watched.exit_code, ended.state) == (3, State.ROLLED_BACK)
    assert [(each.verb, each.by, each.channel) for each in ended.decisions] == [("adopt (Rollback)", "kim", "cli")]


async def test_list(vcfm: Vcfm, service: Serving) -> None:
    await vcfm("start", "-f", "-", "-w", stdin=json.dumps(SPEC))
    while "Completed" not in (line := await _listed(vcfm, service)):
        pass
    assert "verify" in line
    entries = json.loads((await vcfm("list", "-o", "json")).stdout)
    assert service.migration in [each["id"] for each in entries]


async def _listed(vcfm: Vcfm, service: Serving) -> str:
    lines = spoken(await vcfm("list"), 0, "ID STATE PHASE STARTED TOOK").splitlines()
    return next((each for each in lines if service.migration in each), "")


async def test_the_journal_of_calls_and_of_decisions(vcfm: Vcfm, service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await vcfm("start", "-f", "-", "-w", stdin=json.dumps(SPEC))
    needed = f"! needs a person: `vcfm status {service.migration}` shows why"
    while needed not in (await vcfm("list")).output:  # Temporal's index is a moment behind
        pass
    run = await service.migrations.run_id(service.migration)
    for number, phase in enumerate(["preflight", *["create_tags"] * 600]):
        call = Call(
            system="kubernetes",
            server="api:6443",
            method="PATCH" if number % 2 else "GET",
            target=f"/thing/{number}",
            started=datetime.now(UTC),
            seconds=0.1,
            mutating=bool(number % 2),
            outcome="200",
        )
        service.journal.record(call, Scope(migration=service.migration, run=run, phase=phase, activity="a"))
    await asyncio.to_thread(service.journal.flush)
    everything = spoken(await vcfm("journal", service.migration), 0, "= preflight =", "= create_tags =", "/thing/600")
    assert everything.count("/thing/") == 601
    changes = spoken(await vcfm("journal", service.migration, "--mutating", "--phase", "create_tags"), 0, "PATCH 200")
    assert changes.count("/thing/") == 300
    lines = (await vcfm("journal", service.migration, "-o", "json", "--phase", "preflight")).stdout.splitlines()
    assert [json.loads(each)["target"] for each in lines] == ["/thing/0"]
    spoken(await vcfm("journal", service.migration, "--decisions"), 0, "no such entries")
    await vcfm("retry", service.migration, "--reason", "renamed")
    spoken(await vcfm("status", "-w", service.migration), 0, "Completed 100%")
    shown = await vcfm("status", service.migration)
    spoken(shown, 0, "= Last decisions =", "retry in create_folder by kim (cli): renamed granted")
    said = await vcfm("journal", service.migration, "--decisions")
    spoken(said, 0, f"= Run {run} =", "retry in create_folder by kim (cli) “renamed” granted")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["journal", "m", "--decisions", "--mutating"], 64, "--decisions shows no calls"),
        (["journal", "m", "--phase", "lunch"], 64, "'lunch' is not one of"),
        (["status", "vcfm-nowhere"], 1, "no migration 'vcfm-nowhere' Next: `vcfm list`"),
        (["status", "../healthz"], 1, "Method Not Allowed"),
        (["list", "--api", "http://127.0.0.1:1"], 1, "does not answer ([Errno 111] Connection refused): start it"),
        (["list", "--api", "127.0.0.1:8080"], 1, "URL (--api)"),
        (["list", "--api", "http://host:port"], 1, "is not a valid URL"),
        (["explode"], 64, "No such command 'explode'"),
        (["--explode"], 64, "No such option: --explode"),
        (["start"], 64, "Missing option '--file'"),
        (["status", "-o", "xml"], 64, "'xml' is not one of 'text', 'json'"),
    ],
)
async def test_errors_are_one_plain_message(refused: Vcfm, args: list[str], code: int, said: str) -> None:
    spoken(await refused(*args), code, said)


async def test_somebody_elses_service(refused: Vcfm) -> None:
    async with listening(PlainTextResponse("It works!")) as url:
        spoken(await refused("list", api=url), 1, "answers HTTP 200 without JSON", "URL (--api)")


async def test_a_service_of_another_version(refused: Vcfm) -> None:
    async with listening(JSONResponse({"id": "m", "news": 1})) as url:
        spoken(await refused("status", "m", api=url), 1, "cannot parse", "install the service's version of vcfm")


async def test_a_watch_outlives_the_service(service: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_LOOK", 0.0)
    service.world.hold("wait_workers_ready", WAIT)
    started = await service.migrations.start(cluster="", spec=request().spec)
    settings = Settings(state_directory=tmp_path)
    async with listening(create_app(settings, client=service.client)) as url:
        watched = following.follow(Service(url), started)
        assert (await asyncio.to_thread(next, watched)).message != "starting"
    assert "as it was 0s ago: the service at" in (await asyncio.to_thread(next, watched)).message
    async with listening(create_app(settings, client=service.client), port=int(url.rpartition(":")[2])):
        assert (await asyncio.to_thread(next, watched)).state is State.RUNNING


async def test_a_service_that_stays_away_ends_the_watch(
    service: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LOOK", 0.0)
    monkeypatch.setattr(following, "_PATIENCE", 0.0)
    service.world.hold("wait_workers_ready", WAIT)
    started = await service.migrations.start(cluster="", spec=request().spec)
    async with listening(create_app(Settings(state_directory=tmp_path), client=service.client)) as url:
        watched = following.follow(Service(url), started)
        await asyncio.to_thread(next, watched)
    with pytest.raises(Unavailable, match="does not answer"):
        await asyncio.to_thread(next, watched)


@pytest.mark.parametrize("args", [["--help"], ["status", "--help"]])
async def test_help_explains_the_exit_codes(refused: Vcfm, args: list[str]) -> None:
    spoken(await refused(*args), 0, "Exit codes: 0 ", "5 needs attention")


def test_settings_are_named_as_the_environment_spells_them() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "api"],
        env={"VCFM_API_PORT": "http", "VCFM_HEALTH_WINDOW": "-1"},
        capture_output=True,
        text=True,
        timeout=EVENT_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == ["VCFM_API_PORT", "VCFM_HEALTH_WINDOW"]
