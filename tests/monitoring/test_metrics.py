"""What Prometheus is told of migrations, over the whole service."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from api.app import create_app
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.run.status import State
from migration.spec.model import ApprovalMode
from tests.support.serving import Serving, listening
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request

PERMANENT = ApplicationError("the folder is a VM", "rename it", type="Incompatible", non_retryable=True)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(url: str) -> Samples:
    async with httpx.AsyncClient(timeout=EVENT_SECONDS) as http:
        answer = await http.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def named(samples: Samples, name: str, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
    return {
        having: value
        for (each, having), value in samples.items()
        if each == name and labels.items() <= dict(having).items()
    }


async def scraped(service: Serving, holds: Callable[[Samples], object]) -> Samples:
    """Temporal's index is a moment behind."""
    async with asyncio.timeout(EVENT_SECONDS):
        while not holds(samples := await scrape(service.url)):
            await asyncio.sleep(0.05)
    return samples


def needs(service: Serving) -> Callable[[Samples], object]:
    return lambda samples: named(samples, "vcfm_needs_human", migration=service.migration)


def reachable(samples: Samples) -> bool:
    """Whether Temporal told about every migration within the scrape's own bound, which a busy machine may exceed."""
    return named(samples, "vcfm_temporal_reachable") == {frozenset(): 1}


async def test_a_gate_waits_for_a_person_until_it_is_answered(service: Serving) -> None:
    before = time.time()
    await service.migrations.start(cluster="", spec=request(approval_mode=ApprovalMode.MANUAL).spec)
    samples = await scraped(service, needs(service))
    labels = frozenset(
        {("migration", service.migration), ("cluster", service.migration.removeprefix("vcfm-")), ("reason", "approval")}
    )
    assert named(samples, "vcfm_needs_human", migration=service.migration) == {labels: 1}
    assert before - 5 < samples["vcfm_needs_human_since_timestamp_seconds", labels] < time.time() + 5
    assert samples["vcfm_migrations", frozenset({("state", State.AWAITING_APPROVAL.value)})] >= 1
    await service.migrations.steer(service.migration, Verb.REJECT, Instruction())
    await scraped(service, lambda samples: not needs(service)(samples))


async def test_a_failure_needs_attention_and_is_told_even_when_no_worker_is_left(service: Serving) -> None:
    service.world.fail("ensure_folder", PERMANENT)
    await service.migrations.start(cluster="", spec=request().spec)
    samples = await scraped(service, needs(service))
    (labels,) = named(samples, "vcfm_needs_human", migration=service.migration)
    assert ("reason", "attention") in labels
    assert ("vcfm_needs_human_since_timestamp_seconds", labels) in samples
    await service.worker.aclose()
    samples = await scraped(service, reachable)
    assert samples["vcfm_needs_human", labels] == 1
    assert ("vcfm_needs_human_since_timestamp_seconds", labels) not in samples
    await service.client.get_workflow_handle(service.migration).terminate()
    samples = await scraped(service, lambda samples: not needs(service)(samples))
    assert samples["vcfm_migrations", frozenset({("state", State.FAILED.value)})] >= 1


async def test_every_state_is_told_even_of_no_migration(idle: Serving) -> None:
    samples = await scraped(idle, reachable)
    assert {dict(each)["state"] for each in named(samples, "vcfm_migrations")} == {each.value for each in State}
    assert named(samples, "vcfm_temporal_reachable") == {frozenset(): 1}
    assert ("process_resident_memory_bytes", frozenset()) in samples
    assert named(samples, "vcfm_build_info")


async def test_the_process_is_still_told_of_while_temporal_is_away(
    departed: Callable[[], Awaitable[Client]], tmp_path: Path
) -> None:
    app = create_app(Settings(state_directory=tmp_path), client=await departed())
    async with listening(app) as url:
        samples = await scrape(url)
    assert named(samples, "vcfm_temporal_reachable") == {frozenset(): 0}
    assert named(samples, "vcfm_migrations") == {}
    assert ("process_resident_memory_bytes", frozenset()) in samples
