"""The client on a real Temporal: two people who start at once, and workers that prepare a namespace at once."""

import asyncio
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client, WorkflowExecutionStatus

import temporal
from cli.dev_server import dev_server
from client.errors import AlreadyRunning
from tests.support.serving import Serving
from tests.workflows.answers import request


async def test_of_two_who_start_at_once_one_starts_and_the_other_is_told(service: Serving) -> None:
    starts = [service.migrations.start(cluster="", spec=request().spec) for _ in range(2)]
    ends = await asyncio.gather(*starts, return_exceptions=True)
    assert service.migration in ends
    (refused,) = [each for each in ends if each != service.migration]
    assert isinstance(refused, AlreadyRunning)
    assert refused.id == service.migration


async def test_a_status_is_of_the_latest_run(service: Serving) -> None:
    runs = []
    for _ in range(2):
        await service.migrations.start(cluster="", spec=request().spec)
        runs.append(await service.migrations.run_id(service.migration))
        await service.client.get_workflow_handle(service.migration).result()
    assert runs[0] != runs[1]
    status = await service.migrations.status(service.migration)
    description = await service.client.get_workflow_handle(service.migration, run_id=runs[1]).describe()
    assert description.status is WorkflowExecutionStatus.COMPLETED
    assert status.started >= description.start_time


async def test_search_attributes_are_registered_once_however_many_workers_start(tmp_path: Path) -> None:
    async with dev_server(
        database=tmp_path / "temporal.db", port=0, ui_port=0, log=tmp_path / "temporal.log"
    ) as server:
        client = await Client.connect(server.address)
        await asyncio.gather(*[temporal.ensure_search_attributes(client) for _ in range(5)])
        await temporal.ensure_search_attributes(client)
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    wanted = {temporal.CLUSTER.name, temporal.PHASE.name, temporal.STATE.name, temporal.NEEDS_HUMAN.name}
    assert wanted <= set(listed.custom_attributes)
