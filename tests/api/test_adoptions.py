"""`POST /api/v1/adoptions`: what can be taken over, which way, and what is said when it cannot."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State
from tests.api.test_migrations import PERMANENT, SPEC, assert_problem, until
from tests.support.serving import Serving, serving
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.world import World


@pytest.fixture
async def http(service: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=EVENT_SECONDS) as client:
        yield client


async def ended_in(http: httpx.AsyncClient, service: Serving, act: str) -> None:
    """A migration of this service's cluster that was parked on an act, and terminated."""
    service.world.fail(act, PERMANENT)
    body = {"spec": SPEC | {"rollbackOnFailure": False}}
    assert (await http.post("/migrations", json=body)).status_code == 201
    await until(http, service, lambda status: status.attention)
    await service.client.get_workflow_handle(service.migration).terminate("by mistake")


async def test_a_terminated_run_is_taken_over(http: httpx.AsyncClient, service: Serving) -> None:
    await ended_in(http, service, "ensure_folder")
    body = {"direction": "Rollback", "by": "kim", "reason": "CHG-1"}
    answer = await http.post("/adoptions", json=body)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/migrations/{service.migration}"
    status = MigrationStatus.model_validate(answer.json())
    assert (status.id, status.state) == (service.migration, State.PENDING)
    assert status.message.startswith("taking over")
    assert_problem(await http.post("/adoptions", json=body), 409, "at most one migration per cluster")
    ended = await until(http, service, lambda status: status.state.final)
    assert ended.state is State.ROLLED_BACK
    (decision,) = ended.decisions
    assert (decision.verb, decision.by, decision.reason, decision.channel) == (
        "adopt (Rollback)",
        "kim",
        "CHG-1",
        "rest",
    )
    assert service.world.calls.count("preflight") == 1


async def test_the_user_whom_the_proxy_named_takes_it_over(temporal_client: Client, tmp_path: Path) -> None:
    async with (
        serving(temporal_client, World(), tmp_path, api_user_header="X-User") as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"X-User": "ann"}, timeout=EVENT_SECONDS) as http,
    ):
        await ended_in(http, service, "ensure_folder")
        longest = {"by": "kim", "reason": "x" * 1000, "channel": "cr"}
        assert (await http.post("/adoptions", json=longest)).status_code == 201
        ended = await until(http, service, lambda status: status.state.final)
    (decision,) = ended.decisions
    assert (decision.by, decision.reason, decision.channel) == ("ann", "x" * 1000, "rest")


async def test_there_is_nothing_to_take_over(http: httpx.AsyncClient, service: Serving) -> None:
    refused = await http.post("/adoptions", json={})
    assert_problem(refused, 404, "Nothing to take over", "VCFM_NAMESPACE", "vcfm start")
    await http.post("/migrations", json={"spec": SPEC})
    await until(http, service, lambda status: status.state.final)
    refused = await http.post("/adoptions", json={"direction": "Rollback"})
    assert_problem(refused, 404, "has ended: Completed", "vcfm start")


async def test_one_that_runs_is_not_taken_over(http: httpx.AsyncClient, service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await http.post("/migrations", json={"spec": SPEC | {"rollbackOnFailure": False}})
    await until(http, service, lambda status: status.attention)
    refused = await http.post("/adoptions", json={"direction": "Rollback"})
    assert_problem(refused, 409, "at most one migration per cluster")
    assert refused.json()["link"] == f"/api/v1/migrations/{service.migration}"


async def test_past_the_point_of_no_return_only_forward(http: httpx.AsyncClient, service: Serving) -> None:
    await ended_in(http, service, "remove_vcenter")
    refused = await http.post("/adoptions", json={"direction": "Rollback"})
    assert_problem(refused, 409, "cannot be rolled back after cleanup has begun", "without --rollback")
    assert service.world.records[-1].phase is PhaseName.CLEANUP
    assert (await http.post("/adoptions", json={"direction": "Continue"})).status_code == 201


async def test_a_record_that_cannot_be_relied_on(http: httpx.AsyncClient, service: Serving) -> None:
    damaged = ApplicationError("Secret x is damaged", "restore it", type="CheckpointUnreadable", non_retryable=True)
    service.world.fail("read_checkpoint", damaged)
    refused = await http.post("/adoptions", json={})
    assert assert_problem(refused, 409, "Secret x is damaged")["remedy"] == "restore it"


async def test_a_record_that_cannot_be_read_now_is_the_clusters_failure(
    http: httpx.AsyncClient, service: Serving
) -> None:
    away = ApplicationError("the API server is away", "see that it runs", type="Unreachable", non_retryable=True)
    service.world.fail("read_checkpoint", away)
    assert (await http.post("/adoptions", json={})).status_code == 502


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"direction": "Sideways"}, "body.direction"),
        ({"spec": SPEC}, "body.spec"),
        ({"cluster": 7}, "body.cluster"),
        ({"by": "x" * 101}, "body.by"),
        ({"reason": "x" * 1001}, "body.reason"),
        ([], "body"),
    ],
)
async def test_what_cannot_be_meant(http: httpx.AsyncClient, service: Serving, body: Any, field: str) -> None:
    document = assert_problem(await http.post("/adoptions", json=body), 422)
    assert [each["field"] for each in document["problems"]] == [field]


async def test_clusters_and_workers_that_do_not_answer(http: httpx.AsyncClient, service: Serving) -> None:
    unknown = ApplicationError("no kubeconfig named 'west'", "add it", type="UnknownCluster", non_retryable=True)
    service.world.fail("read_identity", unknown)
    assert_problem(await http.post("/adoptions", json={"cluster": "west"}), 502, "no kubeconfig named 'west'")
    await service.worker.aclose()
    assert_problem(await http.post("/adoptions", json={}), 503, "vcfm worker")
