"""`make prove-bridge`: a resource of each dialect, applied as it is, and again with the bridge killed five times.

Four whole migrations; prints a row for each, and how long after a change of the migration its resource said so.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from lab.commands import Lab, down, up
from lab.scenario import load
from migration.frozen_model import KubeObject
from migration.run.status import MigrationStatus, State
from tests.e2e import claims
from tests.e2e.bridging import Bridged, Cluster, bridged, completed, official, original
from tests.support.timeouts import MIGRATION_SECONDS

KILLS = 5
SEED = 20261125
DIALECTS: dict[str, tuple[str, Callable[[Lab], KubeObject]]] = {
    "original": ("dc-a-to-vcf", original),
    "official": ("cluster", official),
}


class Proven(NamedTuple):
    """One migration; `delays` are seconds from a phase's change in the workflow to the resource that tells it."""

    dialect: str
    kills: int
    seconds: float
    delays: list[float]


async def prove(dialect: str, *, kills: int, directory: Path) -> Proven:
    """One migration from a resource of that dialect; raises AssertionError when anything about it is not right."""
    name, spec = DIALECTS[dialect]
    (directory / "service").mkdir(parents=True)
    lab = await asyncio.to_thread(up, load("default"), directory / "lab", attached=True)
    try:
        async with bridged(lab, directory / "service") as started:
            cluster = Cluster(lab)
            began = time.monotonic()
            cluster.apply(name, spec(lab))
            delays = await asyncio.to_thread(_follow, started, cluster, name, kills)
            seconds = time.monotonic() - began
            assert started.kills == kills, f"the run ended after {started.kills} kills"
            completed(cluster, name)
            claims.migrated(lab)
            return Proven(dialect=dialect, kills=kills, seconds=seconds, delays=delays)
    finally:
        await asyncio.to_thread(down, directory / "lab")


def _follow(started: Bridged, cluster: Cluster, name: str, kills: int) -> list[float]:
    """Kill the bridge at seeded moments; note when each phase shows, by REST and in the resource."""
    moments = random.Random(SEED)
    next_kill = time.monotonic() + moments.uniform(2, 6) if kills else float("inf")
    there: dict[str, float] = {}
    here: dict[str, float] = {}
    end = time.monotonic() + MIGRATION_SECONDS
    while (found := cluster.read(name)).status.state is not State.COMPLETED or found.guarded:
        now = time.monotonic()
        assert now < end, f"after 15 minutes it says: {found.status}"
        assert found.status.state not in {State.FAILED, State.NEEDS_ATTENTION, State.ROLLED_BACK}, found.status.message
        if found.status.phase:
            here.setdefault(found.status.phase, now)
        if found.status.run:
            there.setdefault(_status(started, found.status.migration).phase, time.monotonic())
        if now > next_kill and started.kills < kills:
            started.kill_bridge()
            next_kill = time.monotonic() + moments.uniform(2, 6)
        time.sleep(0.02)
    return [here[each] - there[each] for each in here if each in there]


def _status(started: Bridged, migration: str) -> MigrationStatus:
    started.wait_until_ready()
    return started.service.status(migration)


def main() -> int:
    """Run them all, or the dialect that is named; the exit status says whether all is proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", choices=DIALECTS, help="only this one")
    wanted = parser.parse_args().dialect
    table = Table(
        "dialect", "bridge killed", "took", "told after (median, worst)", title="A resource of each dialect completes"
    )
    for dialect in [wanted] if wanted else DIALECTS:
        for kills in (0, KILLS):
            with tempfile.TemporaryDirectory(prefix="vcfm-dialect-") as name:
                done = asyncio.run(prove(dialect, kills=kills, directory=Path(name)))
            delays = sorted(done.delays)
            told = f"{median(delays):.2f} s, {delays[-1]:.2f} s" if delays else "-"
            table.add_row(dialect, f"{done.kills} times", f"{done.seconds:.0f} s", told)
            print(f"{dialect}, killed {done.kills} times: completed in {done.seconds:.0f} s", flush=True)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
