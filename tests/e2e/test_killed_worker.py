"""The same migration with its worker killed again and again: nothing is lost, and nothing is done twice."""

import random
import time
from pathlib import Path

from lab.scenario import load
from migration.run.status import State
from tests.e2e import claims
from tests.e2e.running import Running, running
from tests.support.labs import standing
from tests.support.timeouts import MIGRATION_SECONDS

KILLS = 10
SEED = 20261123
LONGEST_PAUSE = 8.0
"""Seconds between two kills; a run without kills takes under a minute, one with kills twice that."""


async def test_ten_kills_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    with standing(load("default"), tmp_path) as lab:
        async with running(lab, tmp_path / "service") as started:
            migration = started.submit().id
            phases = _kill(started, migration)
            status = started.follow(migration, seconds=MIGRATION_SECONDS)
            assert status.state is State.COMPLETED, f"{status.message}; killed in {phases}"
            assert len(phases) == KILLS, f"the run ended after {len(phases)} kills, in {phases}"
            claims.migrated(lab)


def _kill(started: Running, migration: str) -> list[str]:
    """Kill the worker at seeded random moments; returns the phases it died in."""
    moments = random.Random(SEED)
    phases: list[str] = []
    while len(phases) < KILLS:
        time.sleep(moments.uniform(0.5, LONGEST_PAUSE))
        status = started.service.status(migration)
        if status.state.final:
            break
        phases.append(status.phase)
        started.kill_worker()
    return phases
