"""`make prove-rollback`: sent back from everywhere, the cluster is as it was; 48 cells on one lab.

For each phase before the point of no return: rollback asked *during* it (its worker is held at a boundary of one of its
activities, drawn by the seed, while the wish arrives), *after* it (at the gate of the next), and with a *crash*: the
worker is killed once in every activity of that phase's undo. In the three that move machines also: Temporal's own
*cancel* from its CLI, and a rollback through which the API server (*apiless*) or the source (*sourceless*) is away. A lab that is back at its baseline takes the next cell, which is the best proof of the last one.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lab.faults import fault
from migration.phase import FIRST_GATE, TABLE, PhaseName, following, number, reversible, row
from migration.run.status import MigrationStatus, PhaseState, State
from tests.prove.fault_points import Action, FaultPoint
from tests.prove.harness import Harness
from tests.prove.observer import observing, told
from tests.prove.proof import Proof, arguments, prove
from tests.prove.results import Cell
from tests.support.timeouts import EVENT_SECONDS, MIGRATION_SECONDS

BEFORE_NO_RETURN = [each.name for each in TABLE if reversible(each.name)]
ACTIVITIES = dict(zip(BEFORE_NO_RETURN, (1, 2, 3, 3, 3, 3, 2, 3, 4, 2, 4, 5, 4), strict=True))
"""How many activities a phase has; which one is interrupted is drawn."""
MOVING = (PhaseName.CREATE_WORKERS, PhaseName.RECREATE_CPMS, PhaseName.SCALE_OLD)
AWAY = {"apiless": ("stopped", "kube-apiserver"), "sourceless": ("away", "source")}
OUTAGE = (10.0, 30.0)
BEGINS = {PhaseName.CREATE_WORKERS: 4.0, PhaseName.RECREATE_CPMS: 15.0, PhaseName.SCALE_OLD: 15.0}
"""Seconds into the rollback, at most: it is over after six where only workers were made."""
CELLS = [f"{phase}.{how}" for phase in BEFORE_NO_RETURN for how in ("during", "after", "crash")] + [
    f"{phase}.{how}" for phase in MOVING for how in ("cancel", *AWAY)
]
LEAVING_NOTHING = {each.name for each in TABLE if number(each.name) < number(FIRST_GATE)}
LOOK = 5.0


def rollback_cell(harness: Harness, name: str, seed: int) -> Cell:
    """One migration, sent back."""
    phase, how = PhaseName(name.split(".", maxsplit=1)[0]), name.split(".")[1]
    cell = Cell(name=name, seed=seed)
    deaths = harness.deaths
    with observing(harness.lab) as seen:
        migration, asked = _send_back(harness, phase, how, seed=seed)
        began = _outage(harness, name, seed) if how in AWAY else asked
        status = harness.ended(migration, seconds=MIGRATION_SECONDS)
    left = harness.differences()
    cell.ended = status.state
    cell.wrong += _report_problems(status, phase, how)
    cell.wrong += [f"outside: {each}" for each in left]
    cell.wrong += ["what was to be away was away too late"] if began > _end(status) else []
    cell.wrong += told(seen.violations)
    cell.figures = {
        "interrupted": _moments(harness, phase, how),
        "kills": harness.deaths - deaths,
        "rollback s": f"{(_end(status) - asked):.1f}",
        "claims": f"{sum(each.holds for each in status.report)}/{len(status.report)}",
        "outside": "equal" if not left else f"{len(left)} differences",
        "observer": f"{seen.looks} looks" + (f", blind {seen.blind:.0f} s" if seen.blind else ""),
    }
    return cell


def _send_back(harness: Harness, phase: PhaseName, how: str, *, seed: int) -> tuple[str, float]:
    """Until the rollback request is accepted; the migration, and when it was said (seconds since the epoch)."""
    if how in {"during", "cancel"}:
        harness.fault_points.set(_hold(phase, seed))
        migration = harness.begin()
        _wait_until_hit(harness, migration, phase)
    else:
        harness.fault_points.set()
        migration = harness.begin(gates=[following(phase)])
        harness.until(migration, lambda each: each.state is State.AWAITING_APPROVAL, seconds=MIGRATION_SECONDS)
    if how == "crash":
        where = phase if row(phase).undo or phase in LEAVING_NOTHING else following(phase)
        harness.fault_points.set(FaultPoint(name="crash", action=Action.DIE, phase=where, seed=seed))
    asked = time.time()
    if how == "cancel":
        cancel(harness, migration)
    else:
        harness.say(migration, "rollback")
    if how == "crash" and phase in LEAVING_NOTHING:  # its rollback has no activity to die in
        harness.kill_worker()
    harness.fault_points.release()
    return migration, asked


def _outage(harness: Harness, name: str, seed: int) -> float:
    """Something that the rollback needs is away for a while, from the moment on that is returned."""
    phase, _, how = name.partition(".")
    chance = random.Random(f"{seed} {name}")
    time.sleep(chance.uniform(0.0, BEGINS[PhaseName(phase)]))
    began = time.time()
    with fault(harness.lab.state_dir, *AWAY[how]):
        time.sleep(chance.uniform(*OUTAGE))
    return began


def _hold(phase: PhaseName, seed: int) -> FaultPoint:
    draws = FaultPoint(name="hold", action=Action.HOLD, seed=seed).draws(phase)
    return FaultPoint(name="hold", action=Action.HOLD, phase=phase, nth=draws.randint(1, ACTIVITIES[phase]), seed=seed)


def _wait_until_hit(harness: Harness, migration: str, phase: PhaseName) -> None:
    end, look = time.monotonic() + MIGRATION_SECONDS, time.monotonic() + LOOK
    while not harness.fault_points.hits:
        time.sleep(0.01)
        if time.monotonic() > look:
            status, look = harness.status(migration), time.monotonic() + LOOK
            if status.state.final or time.monotonic() > end:
                raise TimeoutError(f"{phase} was not met: {status.state} in {status.phase}: {status.message}")


def cancel(harness: Harness, migration: str) -> None:
    """Temporal's own Cancel, as its CLI says it."""
    binary = Path(sys.executable).parent / "temporal"
    address = harness.temporal.address
    subprocess.run(
        [binary, "workflow", "cancel", "--workflow-id", migration, "--address", address],
        check=True,
        capture_output=True,
        timeout=EVENT_SECONDS,
    )


def _report_problems(status: MigrationStatus, phase: PhaseName, how: str) -> list[str]:
    """What the product's own account must say."""
    wrong = [f"report: {each.claim}: {each.read}" for each in status.report if not each.holds]
    if status.state is not State.ROLLED_BACK:
        wrong.append(f"it is {status.state}: {status.message}")
    if not status.report and number(phase) > number(PhaseName.BACKUP):
        wrong.append("no report of its own")
    said = [each.phase for each in status.decisions if each.verb in {"rollback", "cancel"}]
    wanted = phase if how in {"during", "cancel"} else following(phase)
    if said != [wanted]:
        wrong.append(f"the request was recorded in {', '.join(said) or 'no phase'} instead of {wanted}")
    undone = {each.phase for each in status.phases if each.state is PhaseState.UNDONE}
    if phase in undone or not row(phase).undo:
        return wrong
    if how in {"during", "cancel"} and not next(each.attempts for each in status.phases if each.phase is phase):
        return wrong  # held in the look at the source, which comes before the phase
    return [*wrong, f"{phase} was not undone"]


def _moments(harness: Harness, phase: PhaseName, how: str) -> str:
    """Where, as it happened."""
    if how in {"after", *AWAY}:
        return "at the gate"
    return (
        ", ".join(f"{each.moment} {each.activity.partition('.')[2]}" for each in harness.fault_points.hits) or "at once"
    )


def _end(status: MigrationStatus) -> float:
    return status.completed.timestamp() if isinstance(status.completed, datetime) else time.time()


def main(asked: Sequence[str] | None = None) -> int:
    """Parse, prove, print; 1 unless every cell is proven."""
    parser = arguments("rollback", __doc__)
    parser.add_argument("--cells", default="", help="only these: create_workers.during,…")
    chosen = parser.parse_args(asked)
    names = [each for each in chosen.cells.split(",") if each] or CELLS
    if unknown := [each for each in names if each not in CELLS]:
        parser.error(f"no such cell: {', '.join(unknown)}; there are {', '.join(CELLS)}")
    proof = Proof(title="Sent back", names=names, cell=rollback_cell, options=chosen)
    return asyncio.run(prove(proof))


if __name__ == "__main__":
    sys.exit(main())
