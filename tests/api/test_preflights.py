"""`/api/v1/preflights`: what preflight would say, with nothing started."""

from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from migration.concern import Category, Concern
from migration.run.request import PreflightResult
from tests.api.test_migrations import SPEC, assert_problem, http, refusing  # noqa: F401 - fixtures of the neighbour
from tests.support.serving import Serving
from tests.workflows.answers import PLAN

FULL = Concern(id="storage.full", category=Category.CRITICAL, label="full", assessment="3 GiB free", remedy="make room")


@pytest.mark.parametrize("state", [{}, {"state": "Pending"}, {"state": "Running"}])
async def test_concerns_and_plan(http: httpx.AsyncClient, service: Serving, state: dict[str, str]) -> None:  # noqa: F811
    answer = await http.post("/preflights", json={"spec": SPEC | state, "requestedBy": "kim"})
    assert answer.status_code == 200
    found = PreflightResult.model_validate(answer.json())
    assert (found.plan, found.concerns) == (PLAN, [])
    (question,) = service.world.inputs["preflight"]
    assert question.migration == service.migration, "the very plan that a migration would pin"
    assert service.world.calls == ["read_identity", "preflight"]
    assert await service.migrations.latest(service.migration) is None


async def test_what_stands_in_the_way(http: httpx.AsyncClient, service: Serving) -> None:  # noqa: F811
    service.world.answer("preflight", PreflightResult(concerns=[FULL], plan=None, nodes=[]))
    found = PreflightResult.model_validate((await http.post("/preflights", json={"spec": SPEC})).json())
    assert (found.plan, found.concerns) == (None, [FULL])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"spec": {"failureDomains": []}}, ["spec.targetVCenterCredentialsSecret", "spec.failureDomains"]),
        ({"spec": SPEC | {"state": "Dreaming"}, "dry": True}, ["spec.state", "dry"]),
        ({}, ["spec"]),
        ([], ["body"]),
    ],
)
async def test_problems_of_the_body(refusing: httpx.AsyncClient, body: Any, fields: list[str]) -> None:  # noqa: F811
    document = assert_problem(await refusing.post("/preflights", json=body), 422)
    assert {each["field"] for each in document["problems"]} >= set(fields)


async def test_a_cluster_that_cannot_be_read(http: httpx.AsyncClient, service: Serving) -> None:  # noqa: F811
    error = ApplicationError("no kubeconfig named 'west'", "add it", type="UnknownCluster", non_retryable=True)
    service.world.fail("read_identity", error)
    answer = await http.post("/preflights", json={"cluster": "west", "spec": SPEC})
    assert assert_problem(answer, 502, "no kubeconfig named 'west'")["remedy"] == "add it"


async def test_without_a_worker(http: httpx.AsyncClient, service: Serving) -> None:  # noqa: F811
    await service.worker.aclose()
    assert_problem(await http.post("/preflights", json={"spec": SPEC}), 503, "No worker answers", "vcfm worker")
