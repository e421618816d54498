"""`/api/v1/migrations` over the whole service: start, look, steer, and what is said when that cannot be."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from migration.audit.call import Call, Scope
from migration.phase import PhaseName
from migration.run.heartbeat import OUTAGE, Observation
from migration.run.status import MigrationStatus, MigrationSummary, State, Waiting
from tests.support.serving import Serving
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import TARGET, machine, request
from vsphere.errors import Unreachable

SPEC = request().spec.model_dump(mode="json", exclude={"state"}, exclude_none=True)
PERMANENT = ApplicationError("the folder is a VM", "rename it", type="Incompatible", non_retryable=True)
AWAY = ApplicationError("vCenter is away", "wait", type="Unreachable")
WAIT = Observation(
    waiting=Waiting(
        what="2 workers", since=datetime.now(UTC), at_most=timedelta(hours=2), unblock="look at the Machine"
    ),
    nodes=[machine("ocp1-worker-az1-a")],
)


@pytest.fixture
async def http(service: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=EVENT_SECONDS) as client:
        yield client


@pytest.fixture
async def refusing(idle: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """Where nothing that is asked may start a migration."""
    async with httpx.AsyncClient(base_url=f"{idle.url}/api/v1", timeout=EVENT_SECONDS) as client:
        yield client
    assert idle.world.calls == []


async def until(
    http: httpx.AsyncClient, service: Serving, holds: Callable[[MigrationStatus], object]
) -> MigrationStatus:
    """The first status for which it holds."""
    async with asyncio.timeout(EVENT_SECONDS):
        while True:
            answer = await http.get(f"/migrations/{service.migration}")
            status = MigrationStatus.model_validate(answer.json())
            if holds(status):
                return status


async def eventually(ask: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Temporal's index is a moment behind."""
    async with asyncio.timeout(EVENT_SECONDS):
        while await ask() != wanted:
            pass


def assert_problem(answer: httpx.Response, status: int, *said: str) -> dict[str, Any]:
    """It is an RFC 9457 document of that status that says all of this and the next step."""
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (document["type"], document["status"]) == ("about:blank", status)
    assert document.get("remedy") or document.get("problems")
    for each in said:
        assert each in answer.text
    return document


@pytest.mark.parametrize("state", [{}, {"state": "Running"}])
async def test_a_started_migration_is_followed_by_its_location(
    http: httpx.AsyncClient, service: Serving, state: dict[str, str]
) -> None:
    answer = await http.post("/migrations", json={"spec": SPEC | state})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/migrations/{service.migration}"
    assert MigrationStatus.model_validate(answer.json()).id == service.migration
    ended = await until(http, service, lambda status: status.state.final)
    assert (ended.state, ended.progress, ended.targets) == (State.COMPLETED, 100, [TARGET])
    assert service.world.inputs["preflight"][0].spec.failure_domains == request().spec.failure_domains


async def test_the_second_start_is_refused_and_names_the_first(http: httpx.AsyncClient, service: Serving) -> None:
    service.world.hold("wait_workers_ready", WAIT)
    assert (await http.post("/migrations", json={"spec": SPEC})).status_code == 201
    refused = await http.post("/migrations", json={"spec": SPEC})
    assert_problem(refused, 409, "at most one migration per cluster", f"vcfm status -w {service.migration}")
    assert refused.json()["link"] == f"/api/v1/migrations/{service.migration}"
    assert "location" not in refused.headers


async def test_a_cluster_may_be_migrated_again_once_its_migration_has_ended(
    http: httpx.AsyncClient, service: Serving
) -> None:
    for _ in range(2):
        assert (await http.post("/migrations", json={"spec": SPEC})).status_code == 201
        await until(http, service, lambda status: status.state.final)
    assert service.world.calls.count("preflight") == 2


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"spec": SPEC | {"state": "Paused"}}, ["spec.state"]),
        ({"spec": SPEC | {"state": "Pending"}}, ["spec.state"]),
        ({"spec": SPEC | {"state": "Paused", "speed": 3}}, ["spec.speed", "spec.state"]),
        ({"spec": {"failureDomains": []}}, ["spec.targetVCenterCredentialsSecret", "spec.failureDomains"]),
        ({"spec": SPEC, "dry": True, "cluster": 7}, ["dry", "cluster"]),
        ({}, ["spec"]),
        ([], ["body"]),
        ("Paused", ["body"]),
        ({"spec": SPEC | {"state": "\ud800"}}, ["body"]),
    ],
)
async def test_every_problem_of_a_submission_is_told_at_once(
    refusing: httpx.AsyncClient, body: Any, fields: list[str]
) -> None:
    answer = await refusing.post("/migrations", content=json.dumps(body), headers={"content-type": "application/json"})
    document = assert_problem(answer, 422)
    assert [each["field"] for each in document["problems"]] == fields
    assert all(each["rule"] and each["remedy"] for each in document["problems"])


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b'{"spec": ', 422, "is not JSON: Expecting value at character 9"),
        (b"", 422, "body"),
        (b"null", 422, "body"),
        (b"\xff\xfe", 422, "body"),
        (b"[" * 100_000, 400, "Bad Request"),
    ],
)
async def test_what_is_no_submission_at_all(
    refusing: httpx.AsyncClient, content: bytes, status: int, said: str
) -> None:
    answer = await refusing.post("/migrations", content=content, headers={"content-type": "application/json"})
    assert_problem(answer, status, said)


async def test_a_password_in_the_wrong_place_is_not_echoed(refusing: httpx.AsyncClient) -> None:
    spec = SPEC | {"password": "hunter2-secret", "targetVCenters": [{"server": "a", "password": "hunter2-secret"}]}
    answer = await refusing.post("/migrations", json={"spec": spec})
    assert_problem(answer, 422, "spec.password")
    assert "hunter2" not in answer.text


async def test_a_cluster_that_cannot_be_reached(http: httpx.AsyncClient, service: Serving) -> None:
    error = ApplicationError("no kubeconfig named 'west'", "add it", type="UnknownCluster", non_retryable=True)
    service.world.fail("read_identity", error)
    answer = await http.post("/migrations", json={"cluster": "west", "spec": SPEC})
    assert assert_problem(answer, 502, "no kubeconfig named 'west'")["remedy"] == "add it"
    assert service.world.inputs["read_identity"][0].cluster == "west"


async def test_a_cluster_that_is_slow_once_is_asked_again(http: httpx.AsyncClient, service: Serving) -> None:
    service.world.fail("read_identity", AWAY)
    assert (await http.post("/migrations", json={"spec": SPEC})).status_code == 201


@pytest.mark.parametrize("path", ["", "/plan", "/journal", "/decisions"])
async def test_an_unknown_migration(refusing: httpx.AsyncClient, path: str) -> None:
    for name in ("vcfm-nowhere", "x" * 2000, "vcfm-%20'%22"):
        assert_problem(await refusing.get(f"/migrations/{name}{path}"), 404, "vcfm list")
    assert_problem(await refusing.post("/migrations/vcfm-nowhere/retry"), 404)


async def test_another_workflow_is_no_migration(http: httpx.AsyncClient, service: Serving) -> None:
    await http.post("/migrations", json={"spec": SPEC})
    async for each in service.client.list_workflows("WorkflowType = 'IdentifyCluster'"):
        assert_problem(await http.get(f"/migrations/{each.id}"), 404, "No such migration")
        return
    pytest.fail("the start asked no cluster who it is")


async def test_a_wait_is_in_the_status_as_its_activity_reports_it(http: httpx.AsyncClient, service: Serving) -> None:
    released = service.world.hold("wait_workers_ready", WAIT)
    await http.post("/migrations", json={"spec": SPEC})
    status = await until(http, service, lambda status: status.waiting)
    assert (status.phase, status.waiting) == (PhaseName.CREATE_WORKERS, [WAIT.waiting])
    assert status.nodes == WAIT.nodes
    released.set()
    assert (await until(http, service, lambda status: status.state.final)).waiting == []


async def test_an_activity_that_keeps_failing_is_a_wait_with_its_reason(
    http: httpx.AsyncClient, service: Serving
) -> None:
    began = datetime.now(UTC)
    service.world.fail("ensure_folder", Unreachable("vCenter is away"), Unreachable("vCenter is away"))
    await http.post("/migrations", json={"spec": SPEC})
    (wait,) = (await until(http, service, lambda status: status.waiting)).waiting
    assert (wait.note, "06-create_folder.ensure" in wait.what) == ("vCenter is away", True)
    assert began <= wait.since + timedelta(seconds=1)
    assert wait.since <= datetime.now(UTC)
    assert wait.at_most == OUTAGE
    assert (await until(http, service, lambda status: status.state.final)).state is State.COMPLETED


async def test_the_reason_of_an_earlier_attempt_gives_way_to_what_the_present_one_sees(
    http: httpx.AsyncClient, service: Serving
) -> None:
    service.world.fail("wait_workers_ready", AWAY)
    service.world.hold("wait_workers_ready", WAIT)
    await http.post("/migrations", json={"spec": SPEC})
    status = await until(http, service, lambda status: WAIT.waiting in status.waiting)
    assert status.waiting == [WAIT.waiting]


async def test_plan(http: httpx.AsyncClient, service: Serving) -> None:
    released = service.world.hold("preflight", WAIT)
    await http.post("/migrations", json={"spec": SPEC})
    answer = await http.get(f"/migrations/{service.migration}/plan")
    assert (answer.status_code, answer.json()) == (200, None)
    released.set()
    await until(http, service, lambda status: status.state.final)
    plan = (await http.get(f"/migrations/{service.migration}/plan")).json()
    assert (plan["infrastructureName"], plan["strategy"]) == ("ocp1", "Day2")


async def test_retry(http: httpx.AsyncClient, service: Serving) -> None:
    retry = f"/migrations/{service.migration}/retry"
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    parked = await until(http, service, lambda status: status.attention)
    assert parked.attention is not None
    assert (parked.attention.diagnosis, parked.attention.remedy) == ("the folder is a VM", "rename it")
    assert_problem(await http.post(retry, json={"phase": "backup"}), 409, "create_folder is what waits now")
    assert_problem(await http.post(retry, json={"phase": "lunch"}), 422, "body.phase")
    answer = await http.post(retry, json={"by": "kim", "reason": "renamed"})
    assert (answer.status_code, answer.json()) == (200, {"answer": "create_folder runs again"})
    await until(http, service, lambda status: status.state.final)
    assert_problem(await http.post(retry), 409, "has ended")


async def test_a_run_that_was_ended_from_outside(http: httpx.AsyncClient, service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)
    await service.client.get_workflow_handle(service.migration).terminate("by mistake")
    status = await until(http, service, lambda status: status.state.final)
    assert (status.state, status.attention) == (State.FAILED, None)
    assert "create_folder" in status.message
    assert "vcfm adopt --rollback" in status.message
    assert status.completed is not None

    async def listed() -> list[State]:
        answer = await http.get("/migrations")
        found = [MigrationSummary.model_validate(each) for each in answer.json()]
        return [each.state for each in found if each.id == service.migration]

    await eventually(listed, [State.FAILED])


async def test_the_list_begins_with_what_runs(http: httpx.AsyncClient, service: Serving) -> None:
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.state.final)
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)

    async def mine() -> list[tuple[State, PhaseName, bool]]:
        found = [MigrationSummary.model_validate(each) for each in (await http.get("/migrations")).json()]
        return [(each.state, each.phase, each.needs_human) for each in found if each.id == service.migration]

    await eventually(
        mine,
        [(State.NEEDS_ATTENTION, PhaseName.CREATE_FOLDER, True), (State.COMPLETED, PhaseName.VERIFY, False)],
    )
    assert len((await http.get("/migrations", params={"limit": 1})).json()) == 1
    assert_problem(await http.get("/migrations", params={"limit": 0}), 422, "query.limit")


async def test_without_a_worker_the_status_is_what_temporal_remembers(
    http: httpx.AsyncClient, service: Serving
) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)
    await service.worker.aclose()
    status = MigrationStatus.model_validate((await http.get(f"/migrations/{service.migration}")).json())
    assert (status.state, status.phase) == (State.NEEDS_ATTENTION, PhaseName.CREATE_FOLDER)
    assert "no worker answers" in status.message
    answers = await asyncio.gather(
        http.get(f"/migrations/{service.migration}/plan"),
        http.post(f"/migrations/{service.migration}/retry"),
        http.post("/migrations", json={"spec": SPEC}),
    )
    for answer in answers:
        assert_problem(answer, 503, "No worker answers", "vcfm worker")


async def test_without_a_worker_one_that_ended_is_told_whole(http: httpx.AsyncClient, service: Serving) -> None:
    await http.post("/migrations", json={"spec": SPEC})
    told = await until(http, service, lambda status: status.state is State.COMPLETED)
    await service.worker.aclose()
    path = f"/migrations/{service.migration}"
    status = MigrationStatus.model_validate((await http.get(path)).json())
    assert (status.report, status.phases, status.message) == (told.report, told.phases, told.message)
    assert status.report


async def test_the_journal_in_pages(http: httpx.AsyncClient, service: Serving) -> None:
    path = f"/migrations/{service.migration}/journal"
    await http.post("/migrations", json={"spec": SPEC})
    run = await service.migrations.run_id(service.migration)
    for number in range(5):
        phase = "create_tags" if number < 2 else "cleanup"
        service.journal.record(
            Call(
                system="kubernetes",
                server="api:6443",
                method="PATCH" if number % 2 else "GET",
                target=f"/thing/{number}",
                started=datetime.now(UTC),
                seconds=0.1,
                mutating=bool(number % 2),
                outcome="200",
                request={"password": "hunter2-secret"},
                response=None,
            ),
            Scope(migration=service.migration, run=run, phase=phase, activity="a", attempt=1),
        )
    await asyncio.to_thread(service.journal.flush)

    async def targets(**query: Any) -> list[str]:
        answer = await http.get(path, params=query)
        assert "hunter2" not in answer.text
        return [each["target"][-1] for each in answer.json()]

    assert await targets() == ["0", "1", "2", "3", "4"]
    assert await targets(mutating=True) == ["1", "3"]
    assert await targets(phase="create_tags") == ["0", "1"]
    first = (await http.get(path, params={"limit": 2})).json()
    assert await targets(limit=2, after=first[-1]["id"]) == ["2", "3"]
    assert_problem(await http.get(path, params={"phase": "lunch", "after": -1}), 422, "query.phase", "query.after")


@pytest.mark.parametrize(("path", "table"), [("journal", "calls"), ("decisions", "decisions")])
async def test_a_journal_that_does_not_answer_is_no_bug_of_the_service(
    http: httpx.AsyncClient, service: Serving, tmp_path: Path, path: str, table: str
) -> None:
    await http.post("/migrations", json={"spec": SPEC})
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database:
        database.execute(f"alter table {table} rename to away")
    answer = await http.get(f"/migrations/{service.migration}/{path}")
    problem = assert_problem(answer, 503)
    assert f"no such table: {table}" in problem["detail"]
    assert "VCFM_JOURNAL" in problem["remedy"]


@pytest.mark.parametrize("claimed", ["temporal", "cr"])
async def test_the_decisions_of_every_run_outlive_what_temporal_remembers(
    http: httpx.AsyncClient, service: Serving, claimed: str
) -> None:
    path = f"/migrations/{service.migration}"
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)
    assert (await http.get(f"{path}/decisions")).json() == []
    await http.post(f"{path}/retry", json={"by": "kim", "reason": "renamed", "channel": claimed})
    await until(http, service, lambda status: status.state.final)
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)
    handle = service.client.get_workflow_handle(service.migration)
    await handle.signal("approve", {"by": "ann"})
    answer = await http.post(f"{path}/cancel", json={"by": "kim", "reason": "wrong day", "channel": "cli"})
    assert answer.status_code == 202
    await handle.result()
    found = (await http.get(f"{path}/decisions")).json()
    assert [(each["verb"], each["by"], each["reason"], each["channel"], each["outcome"]) for each in found] == [
        ("retry", "kim", "renamed", "rest", "granted"),
        ("approve", "ann", "", "temporal", "refused: nothing waits for approval: create_folder is NeedsAttention"),
        ("cancel", "kim", "wrong day", "cli", "granted"),
    ]
    assert {each["phase"] for each in found} == {"create_folder"}
    assert found[0]["run"] != found[1]["run"] == found[2]["run"] == await service.migrations.run_id(service.migration)
    page = (await http.get(f"{path}/decisions", params={"limit": 1, "after": found[0]["id"]})).json()
    assert page == found[1:2]


async def test_what_is_said_is_bounded(refusing: httpx.AsyncClient) -> None:
    answer = await refusing.post("/migrations/vcfm-x/approve", json={"by": "x" * 101, "reason": "y" * 1001})
    assert_problem(answer, 422, "body.by", "body.reason")


async def test_a_second_cancel_would_not_be_heard_and_is_refused(http: httpx.AsyncClient, service: Serving) -> None:
    path = f"/migrations/{service.migration}"
    service.world.fail("remove_vcenter", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.attention)
    assert (await http.post(f"{path}/cancel", json={"by": "kim"})).status_code == 202
    await until(http, service, lambda status: status.decisions)
    document = assert_problem(await http.post(f"{path}/cancel", json={"by": "ann"}), 409, service.migration)
    assert f"vcfm status {service.migration}" in document["remedy"]
    status = await until(http, service, lambda status: status.attention)
    assert [(each.verb, each.by) for each in status.decisions] == [("cancel", "kim")]
