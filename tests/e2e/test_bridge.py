"""A custom resource of the official operator's dialect, approved by editing it alone, with the bridge killed five times.

The bridge dies right after an answer has been written, so that each new one finds a word half said.
"""

import random
import time
from pathlib import Path

from lab.scenario import load
from migration.run.status import State
from tests.e2e import claims
from tests.e2e.bridging import GATED, Bridged, Cluster, bridged, completed, official
from tests.e2e.leaks import leaks
from tests.support.labs import standing
from tests.support.timeouts import EVENT_SECONDS, MIGRATION_SECONDS

KILLS = 5
SEED = 20261125
NAME = "cluster"


async def test_a_resource_alone_starts_approves_and_tells_a_migration(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    with standing(load("default"), tmp_path) as lab:
        async with bridged(lab, tmp_path / "service") as started:
            cluster = Cluster(lab)
            cluster.apply(NAME, official(lab) | {"approvalMode": "Manual"})
            _approve_and_kill(started, cluster)
            done = cluster.until(NAME, lambda each: each.status.state is State.COMPLETED, seconds=MIGRATION_SECONDS)
            cluster.until(NAME, lambda each: not each.guarded, seconds=EVENT_SECONDS)
            assert started.kills == KILLS
            assert done.status.observed_approvals == len(GATED)
            completed(cluster, NAME)
            claims.migrated(lab)
            started.wait_until_ready()
            decisions = started.service.status(done.status.migration).decisions
            assert [(each.verb, each.by, each.channel, each.phase) for each in decisions] == [
                ("approve", "kim", "cr", each) for each in GATED
            ]
            reasons = [each["reason"] for each in cluster.events(NAME)]
            assert reasons.count("ApprovalNeeded") == reasons.count("Decided") == len(GATED)
            assert await leaks(started, [each["password"] for each in lab.description["vcenters"]]) == []


def _approve_and_kill(started: Bridged, cluster: Cluster) -> None:
    """Answer each gate when the resource says that it waits; at every second one the bridge dies."""
    moments = random.Random(SEED)
    for index, phase in enumerate(GATED):
        cluster.until(
            NAME,
            lambda each, phase=phase: (each.status.state, each.status.phase) == (State.AWAITING_APPROVAL, phase),
            seconds=MIGRATION_SECONDS,
        )
        cluster.answer(NAME, phase)
        if index % 2 and started.kills < KILLS:
            time.sleep(moments.uniform(0, 0.6))
            started.kill_bridge()
