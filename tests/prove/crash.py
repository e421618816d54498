"""`make prove-crash`: the worker is killed at every boundary of every activity, and nothing is lost or done twice.

Three whole runs forward: in the first it dies before each activity's call does anything, in the second during it, in the
third after it succeeded and before Temporal knows. And the same three for a rollback from as deep as there is. The
kill is a SIGKILL of its own process at that very instruction; a new worker is started at once, Temporal notices the
death by the missed heartbeats.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from temporalio.client import Client

from migration.phase import PhaseName
from migration.run.status import State
from tests.e2e import claims
from tests.prove.fault_points import Action, FaultPoint, Moment, phase_of
from tests.prove.harness import Harness
from tests.prove.observer import observing, told
from tests.prove.proof import Proof, arguments, prove
from tests.prove.results import Cell

RUNS = [f"{way}.{moment}" for way in ("forward", "back") for moment in Moment]
LONGEST = 3600.0


def crash_cell(harness: Harness, name: str, seed: int) -> Cell:
    """One whole run with a death at one boundary of each of its activities."""
    way, moment = name.split(".")
    cell = Cell(name=name, seed=seed)
    fatal = FaultPoint(name=name, action=Action.DIE, moment=Moment(moment), seed=seed)
    began, deaths = time.time(), harness.deaths
    known: set[str] = set()
    with observing(harness.lab) as seen:
        harness.fault_points.set(*([fatal] if way == "forward" else []))
        if way == "forward":
            migration = harness.begin()
        else:
            migration = harness.begin(gates=[PhaseName.CLEANUP])
            harness.until(migration, lambda each: each.state is State.AWAITING_APPROVAL, seconds=LONGEST)
            known = activities(harness, migration)
            harness.fault_points.set(fatal)
            harness.say(migration, "rollback")
        status = harness.ended(migration, seconds=LONGEST)
    run = activities(harness, migration) - known
    killed = {each.activity for each in harness.fault_points.hits}
    cell.ended = status.state
    cell.wrong += [f"{each} was not met" for each in sorted(run - killed)]
    cell.wrong += [f"report: {each.claim}: {each.read}" for each in status.report if not each.holds]
    cell.wrong += _world(harness, way, status.state, status.message)
    cell.wrong += told(seen.violations)
    cell.figures = {
        "boundaries": f"{len(run & killed)}/{len(run)}",
        "kills": harness.deaths - deaths,
        "s": f"{time.time() - began:.0f}",
        "claims": f"{sum(each.holds for each in status.report)}/{len(status.report)}",
        "observer": f"{seen.looks} looks" + (f", blind {seen.blind:.0f} s" if seen.blind else ""),
    }
    return cell


def _world(harness: Harness, way: str, state: State, message: str) -> list[str]:
    """What an observer outside the product must find."""
    if state is not (State.COMPLETED if way == "forward" else State.ROLLED_BACK):
        return [f"it is {state}: {message}"]
    if way == "back":
        return [f"outside: {each}" for each in harness.differences()]
    return migrated(harness)


def migrated(harness: Harness) -> list[str]:
    """What is not as after any completed migration."""
    try:
        claims.migrated(harness.lab)
    except AssertionError as error:
        return [f"outside: {error}"]
    return []


def activities(harness: Harness, migration: str) -> set[str]:
    """The activities that Temporal's history of a migration knows."""

    async def read() -> set[str]:
        client = await Client.connect(harness.temporal.address)
        history = await client.get_workflow_handle(migration).fetch_history()
        events = json.loads(history.to_json())["events"]
        scheduled = (each.get("activityTaskScheduledEventAttributes") for each in events)
        return {each["activityId"] for each in scheduled if each and phase_of(each["activityId"])}

    return asyncio.run(read())


def main(asked: Sequence[str] | None = None) -> int:
    """Parse, prove, print; 1 unless every run is proven."""
    parser = arguments("crash", __doc__)
    parser.add_argument("--runs", default="", help="only these: forward.before,back.during,…")
    chosen = parser.parse_args(asked)
    names = [each for each in chosen.runs.split(",") if each] or RUNS
    if unknown := [each for each in names if each not in RUNS]:
        parser.error(f"no such run: {', '.join(unknown)}; there are {', '.join(RUNS)}")
    proof = Proof(
        title="Killed at every boundary",
        names=names,
        cell=crash_cell,
        options=chosen,
        reuses=lambda cell: cell.proven and cell.ended == State.ROLLED_BACK,
    )
    return asyncio.run(prove(proof))


if __name__ == "__main__":
    sys.exit(main())
