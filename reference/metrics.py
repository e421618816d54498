"""The metrics that a process of ours exposes, read from an exposition in which each of them has a sample."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import cast

from prometheus_client.parser import text_string_to_metric_families

from client.migrations import Migrations
from journal.store import Journal
from migration.audit.call import Call
from migration.phase import PhaseName
from migration.run.status import Gate, MigrationStatus, MigrationSummary, State
from monitoring.metrics import exposition
from reference.markdown import code, page, table

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_OURS = "vcfm_"


_GATE = Gate(phase=PhaseName.CLEANUP, since=_AT, asks="", blast_radius=[], duration="", approve="", reject="")
_LISTED = MigrationSummary(
    id="", cluster="", phase=PhaseName.CLEANUP, state=State.AWAITING_APPROVAL, needs_human=True, started=_AT
)
_STATUS = MigrationStatus(
    id="",
    cluster="",
    state=State.AWAITING_APPROVAL,
    phase=PhaseName.CLEANUP,
    progress=0,
    message="",
    started=_AT,
    phases=[],
    gate=_GATE,
)
_CALL = Call(system="", server="", method="", target="", mutating=False, started=_AT, seconds=0, outcome="")


class _OneThatWaits:
    """As `Migrations`: one migration at a gate, since a metric about people has samples only while one is needed."""

    async def list(self) -> AsyncIterator[MigrationSummary]:
        """The one."""
        yield _LISTED

    async def status(self, _: str) -> MigrationStatus:
        """At its gate."""
        return _STATUS


def text() -> str:
    """The page."""
    _record_a_call()
    exposed = asyncio.run(exposition(cast("Migrations", _OneThatWaits()))).decode()
    rows = []
    for family in text_string_to_metric_families(exposed):
        samples = [each for each in family.samples if not each.name.endswith("_created")]
        if family.name.startswith(_OURS) and samples:
            labels = sorted({label for each in samples for label in each.labels})
            rows.append((code(samples[0].name), family.type, ", ".join(map(code, labels)), family.documentation))
    return page(
        "Metrics",
        "`/metrics` of the REST service, and of every process whose `VCFM_HEALTH_PORT` is set, in Prometheus's text "
        "format. Every process reports the same migrations: aggregate with `max by (…)`. Beside these stand the "
        "metrics that Python's Prometheus client exposes of the process itself. Temporal's SDK exposes its own "
        "(`temporal_…`) on `VCFM_TEMPORAL_METRICS_PORT`.",
        table(("metric", "type", "labels", "meaning"), sorted(rows)),
    )


def _record_a_call() -> None:
    """A counter with labels has no sample before it counts."""
    with TemporaryDirectory() as directory:
        journal = Journal(f"sqlite:///{directory}/journal.db")
        journal.open()
        journal.record(_CALL, None)
        journal.close()
