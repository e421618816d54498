"""What Prometheus is told: how many migrations are in which state, which of them wait for a person, and since when.

Read from Temporal at each scrape, through the client that `vcfm list` and `vcfm status` use, so that they cannot
disagree; a count kept in memory would be forgotten by a restart. Every process tells the same, so that an alert does
not hang on one of them: aggregate with `max by (…)`. A migration is a label only while it needs a person, which bounds
the series by the number of clusters.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from prometheus_client import REGISTRY, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from temporalio.service import RPCError

from client.errors import ClientError
from client.reading import MigrationReader
from migration.run.status import MigrationSummary, State

_PATIENCE = 8.0
"""Seconds; Prometheus gives up after ten, and then loses what the process says of itself, too."""

Info("vcfm_build", "The release that runs.").info({"version": version("vcf-migration")})


@dataclass(frozen=True)
class _Need:
    """One migration that waits for a person; `since` is unknown while no worker answers."""

    migration: str
    cluster: str
    reason: str
    since: datetime | None


async def exposition(migrations: MigrationReader) -> bytes:
    """Everything, in Prometheus's text format; without migrations while Temporal is away."""
    reachable = GaugeMetricFamily("vcfm_temporal_reachable", "Whether Temporal told about migrations just now.")
    try:
        async with asyncio.timeout(_PATIENCE):
            families = await _census(migrations)
    except (RPCError, TimeoutError):
        families = []
    reachable.add_metric([], bool(families))
    return generate_latest(_Everything([reachable, *families]))


class _Everything(Collector):
    """What this scrape found, after what the process counts by itself."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from REGISTRY.collect()
        yield from self._families


async def _census(migrations: MigrationReader) -> list[Metric]:
    listed = [each async for each in migrations.list()]
    asking = [each for each in listed if each.needs_human and not each.state.final]
    needs = await asyncio.gather(*(_need(migrations, each) for each in asking))
    return [_states(listed), *_waiting([each for each in needs if each])]


async def _need(migrations: MigrationReader, listed: MigrationSummary) -> _Need | None:
    """Why and since when, from the migration itself: the list is a moment behind, and knows neither."""
    try:
        status = await migrations.status(listed.id)
    except ClientError:
        return None
    asked = status.gate or status.attention
    if asked is None and status.state not in {State.AWAITING_APPROVAL, State.NEEDS_ATTENTION}:
        return None
    reason = "approval" if status.state is State.AWAITING_APPROVAL else "attention"
    return _Need(status.id, status.cluster, reason, asked.since if asked else None)


def _states(listed: Sequence[MigrationSummary]) -> Metric:
    counted = Counter(each.state for each in listed)
    family = GaugeMetricFamily(
        "vcfm_migrations", "Migrations that Temporal remembers, by state; those that ended within its retention.",
        labels=["state"],
    )  # fmt: skip
    for state in State:
        family.add_metric([state], counted[state])
    return family


def _waiting(needs: Sequence[_Need]) -> list[Metric]:
    labels = ["migration", "cluster", "reason"]
    waits = GaugeMetricFamily("vcfm_needs_human", "1 while a migration cannot go on without a person.", labels=labels)
    since = GaugeMetricFamily(
        "vcfm_needs_human_since_timestamp_seconds", "Since when; absent while no worker can tell.", labels=labels
    )
    for each in needs:
        values = [each.migration, each.cluster, each.reason]
        waits.add_metric(values, 1)
        if each.since:
            since.add_metric(values, each.since.timestamp())
    return [waits, since]
