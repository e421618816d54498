"""A whole migration with its payloads encrypted: Temporal holds nothing readable, and people read everything."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

import temporal
from api.app import create_app
from client.errors import CommandRefused
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.heartbeat import Observation
from migration.run.status import MigrationStatus, State, Waiting
from tests.api.test_migrations import assert_problem
from tests.codec.rings import line, written
from tests.support.serving import Serving, listening
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import SOURCE, TARGET, machine, request

PERMANENT = ApplicationError("the folder is a VM", "rename the VM", type="Incompatible", non_retryable=True)
AWAY = ApplicationError("no route to the API", "wait for it", type="Unreachable")
WAIT = Observation(
    waiting=Waiting(
        what="two of the workers", since=datetime.now(UTC), at_most=timedelta(hours=2), unblock="look at the Machine"
    ),
    nodes=[machine("ocp1-worker-az1-a")],
)
FAILED = "workflow_task_failed_event_attributes"
SAID = [
    *(SOURCE, TARGET),
    *(PERMANENT.message, "rename the VM", AWAY.message),
    *(WAIT.waiting.what, WAIT.waiting.unblock, "ocp1-worker-az1-a"),
    *("renamed it", "kim@example.com"),
]
"""What must not be readable in Temporal: servers, diagnoses, remedies, waits, machines, and who said what."""


async def until(service: Serving, holds: Callable[[MigrationStatus], object]) -> MigrationStatus:
    """The first status for which it holds."""
    async with asyncio.timeout(EVENT_SECONDS):
        while True:
            status = await service.migrations.status(service.migration)
            if holds(status):
                return status


async def lived(service: Serving) -> bytes:
    """Lets a migration fail, wait and end; returns all that Temporal keeps of it, as bytes."""
    world = service.world
    world.fail("ensure_folder", PERMANENT)
    world.fail("add_vcenters", AWAY, AWAY, AWAY)
    released = world.hold("wait_workers_ready", WAIT)
    migration = await service.migrations.start(cluster="", spec=request().spec)

    parked = await until(service, lambda status: status.attention)
    assert parked.attention is not None
    assert (parked.attention.diagnosis, parked.attention.remedy) == (PERMANENT.message, "rename the VM")
    with pytest.raises(CommandRefused, match="create_folder is what waits now, not backup"):
        await service.migrations.steer(migration, Verb.RETRY, Instruction(phase=PhaseName.BACKUP))
    await service.migrations.steer(migration, Verb.RETRY, Instruction(by="kim@example.com", reason="renamed it"))

    retrying = await until(service, lambda status: any(each.note for each in status.waiting))
    assert retrying.waiting[0].note == AWAY.message
    kept = await described(service)
    waiting = await until(service, lambda status: status.nodes == WAIT.nodes)
    assert waiting.waiting == [WAIT.waiting]
    kept += await described(service)
    released.set()
    assert (await until(service, lambda status: status.state.final)).state is State.COMPLETED
    history = await service.client.get_workflow_handle(migration).fetch_history()
    return kept + await described(service) + b"".join(each.SerializeToString() for each in history.events)


async def described(service: Serving) -> bytes:
    """What Temporal shows of the migration: attributes, heartbeats and last failures."""
    description = await service.client.get_workflow_handle(service.migration).describe()
    return description.raw_description.SerializeToString()


async def test_temporal_holds_nothing_readable(encrypted: Serving) -> None:
    kept = await lived(encrypted)
    assert [each for each in SAID if each.encode() in kept] == []


async def test_the_same_run_without_keys_shows_all_of_it(service: Serving) -> None:
    kept = await lived(service)
    assert [each for each in SAID if each.encode() not in kept] == []


async def test_a_run_that_began_in_clear_goes_on_encrypted(
    temporal_client: Client, service: Serving, encrypted: Serving
) -> None:
    released = service.world.hold("wait_workers_ready", WAIT)
    migration = await service.migrations.start(cluster="", spec=request().spec)
    await until(service, lambda status: status.nodes == WAIT.nodes)
    released.set()
    assert (await until(service, lambda status: status.state.final)).state is State.COMPLETED
    status = await encrypted.migrations.status(migration)
    assert (status.state, status.targets) == (State.COMPLETED, [TARGET])


async def test_a_door_that_lacks_a_key_says_so_and_what_to_do(encrypted: Serving, tmp_path: Path) -> None:
    """As while keys are rotated, if the worker has the new one first."""
    migration = await encrypted.migrations.start(cluster="", spec=request().spec)
    await until(encrypted, lambda status: status.state.final)
    (tmp_path / "old").mkdir()
    client = await connected(encrypted, written(tmp_path / "old", line("2024-11")))
    async with (
        listening(create_app(Settings(state_directory=tmp_path), client=client)) as url,
        httpx.AsyncClient(base_url=url, timeout=EVENT_SECONDS) as http,
    ):
        answer = await http.get(f"/api/v1/migrations/{migration}")
    assert_problem(answer, 503, "'2026-11'", "VCFM_PAYLOAD_KEYS_FILE", "below the others for every process first")


async def test_a_signal_under_a_key_that_is_missing_waits_for_it(
    encrypted: Serving, payload_keys: Path, tmp_path: Path
) -> None:
    """It holds the migration up, and is neither refused nor lost: with the key it is what it would have been."""
    migration = await encrypted.migrations.start(cluster="", spec=request(gates=[PhaseName.CLEANUP]).spec)
    await until(encrypted, lambda status: status.gate)
    queue = (await encrypted.client.get_workflow_handle(migration).describe()).task_queue
    (tmp_path / "theirs").mkdir()
    theirs = line("theirs")
    await (
        (await connected(encrypted, written(tmp_path / "theirs", theirs)))
        .get_workflow_handle(migration)
        .signal("approve", {"by": "kim"})
    )
    async with asyncio.timeout(EVENT_SECONDS):
        while not await held_up(encrypted, "VCFM_PAYLOAD_KEYS_FILE"):
            await asyncio.sleep(0.5)
    await encrypted.worker.aclose()
    payload_keys.write_text(payload_keys.read_text() + theirs)
    repaired = await connected(encrypted, payload_keys)
    async with encrypted.world.working(repaired, settings=Settings(task_queue=queue)):
        status = MigrationStatus.model_validate(await repaired.get_workflow_handle(migration).result())
    assert status.state is State.COMPLETED
    assert [(each.verb, each.by, each.outcome) for each in status.decisions] == [("approve", "kim", "granted")]


async def connected(service: Serving, keys: Path) -> Client:
    """A client of the same Temporal with the keys of that file."""
    address = service.client.service_client.config.target_host
    return await Client.connect(address, data_converter=temporal.converter(keys))


async def held_up(service: Serving, why: str) -> bool:
    """Whether a task of the workflow failed, and said so."""
    history = await service.client.get_workflow_handle(service.migration).fetch_history()
    failed = [each.workflow_task_failed_event_attributes.failure for each in history.events if each.HasField(FAILED)]
    return any([why in str(await service.client.data_converter.decode_failure(each)) for each in failed])
