"""A run ended from outside, or with its whole Temporal: the cluster's own record is enough to go on, or to go back."""

import time
from collections.abc import Callable
from pathlib import Path

from temporalio.client import Client

from lab.scenario import load
from lab.snapshot import snapshot
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, PhaseState, State
from tests.e2e import claims
from tests.e2e.running import Running, running
from tests.prove.comparison import differences
from tests.support.labs import standing
from tests.support.timeouts import EVENT_SECONDS, MIGRATION_SECONDS


async def test_a_run_terminated_during_the_control_planes_roll_is_completed_by_another(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    with standing(load("default"), tmp_path) as lab:
        async with running(lab, tmp_path / "service") as started:
            migration = started.submit().id
            _watch(started, migration, lambda status: _in_the_middle(status, PhaseName.RECREATE_CPMS, done=1))
            await _terminate(started, migration)
            refused = started.follow(started.submit().id, seconds=EVENT_SECONDS)
            assert refused.state is State.FAILED
            assert "migration.unfinished" in [each.id for each in refused.concerns]
            assert "vcfm adopt" in refused.message
            started.service.adopt(cluster="", rollback=False, by="a test", reason="to see")
            status = started.follow(migration, seconds=MIGRATION_SECONDS)
            assert status.state is State.COMPLETED, status.message
            assert {each.state for each in status.phases} == {PhaseState.COMPLETED}
            claims.migrated(lab)


async def test_a_run_that_was_taken_over_and_then_lost_with_its_temporal_is_rolled_back(tmp_path: Path) -> None:
    for each in ("first", "second"):
        (tmp_path / each).mkdir()
    with standing(load("default"), tmp_path) as lab:
        before = snapshot(lab.state_dir)
        async with running(lab, tmp_path / "first") as started:
            migration = started.submit().id
            _watch(started, migration, lambda status: _in_the_middle(status, PhaseName.CREATE_WORKERS))
            await _terminate(started, migration)
            started.service.adopt(cluster="", rollback=False, by="a test", reason="to see")
            _watch(started, migration, lambda status: _in_the_middle(status, PhaseName.SCALE_OLD))
        async with running(lab, tmp_path / "second") as anew:
            anew.wait_until_ready()
            assert anew.service.adopt(cluster="", rollback=True, by="a test", reason="to see").id == migration
            status = anew.follow(migration, seconds=MIGRATION_SECONDS)
            assert status.state is State.ROLLED_BACK, status.message
            assert [each.claim for each in status.report if not each.holds] == []
            name = lab.description["infrastructure_name"]
            assert differences(before, snapshot(lab.state_dir), name) == []


def _watch(started: Running, migration: str, until: Callable[[MigrationStatus], bool]) -> None:
    """Until the status is so."""
    end = time.monotonic() + MIGRATION_SECONDS
    while not until(status := started.service.status(migration)):
        assert time.monotonic() < end, f"still {status.state} in {status.phase}: {status.message}"
        time.sleep(0.2)


def _in_the_middle(status: MigrationStatus, phase: PhaseName, *, done: int = 0) -> bool:
    """Whether a phase has acted, and waits for what comes of it."""
    return status.phase is phase and any(each.total and each.done >= done for each in status.waiting)


async def _terminate(started: Running, migration: str) -> None:
    """What Temporal's UI calls Terminate: nothing of ours is asked."""
    client = await Client.connect(started.temporal.address)
    await client.get_workflow_handle(migration).terminate("a test ends it from outside")
