"""`make prove-walks`: random walks over verbs, kills and outages end migrated, restored or held, never anything else.

Each walk is drawn from its seed alone and printed, so that it can be taken again (`ARGS="--walks 1 --seed N"`). A
walk that is held says why in plain words; answering it sensibly then must lead to one of the other two ends.
"""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from cli.rest import Refused, Unavailable
from lab.faults import fault
from migration.phase import TABLE, PhaseName
from migration.run.status import MigrationStatus, State
from tests.prove.crash import migrated
from tests.prove.harness import Harness
from tests.prove.observer import observing, told
from tests.prove.proof import Proof, arguments, prove
from tests.prove.results import Cell
from tests.support.timeouts import MIGRATION_SECONDS

STEPS = (5, 12)
PAUSE = (0.2, 9.0)
"""Seconds between two steps; a run without any takes a minute or two."""
OUTAGE = (5.0, 40.0)
ANSWERS = 12
"""How often a walk is answered before it counts as stuck; each answer of the same kind makes the next one bolder."""

VERBS = ("pause", "resume", "retry", "skip", "approve", "reject", "rollback", "cancel")
WEIGHTS = (4, 5, 3, 2, 6, 1, 1, 1)
FAULTS = (
    ("away", "source"),
    ("away", "target"),
    ("hanging", "kube-apiserver"),
    ("stopped", "kube-apiserver"),
    ("hanging", "vcenter-target"),
    ("hanging", "vcenter-source"),
    ("session-expired", "target"),
    ("session-expired", "source"),
    ("datastore-full", "target"),
    ("privilege-missing", "target"),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done to a migration after a pause, and what it is called."""

    after: float
    name: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One walk, as its seed draws it."""

    spec: dict[str, object] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        taken = (f"{each.name}{f' for {each.seconds:.0f} s' if each.seconds else ''}" for each in self.steps)
        return f"{self.spec or 'no gates'}: {', '.join(taken)}"


def draw(seed: int) -> Walk:
    """The walk of a seed."""
    chance = random.Random(seed)
    gates = chance.sample([each.name for each in TABLE][2:14], chance.choice((0, 0, 2, 4)))
    spec: dict[str, object] = {"gates": sorted(gates)} if gates else {}
    if chance.random() < 0.15:
        spec = {"approvalMode": "Manual"}
    if chance.random() < 0.3:
        spec["rollbackOnFailure"] = False
    return Walk(spec=spec, steps=tuple(_step(chance) for _ in range(chance.randint(*STEPS))))


def _step(chance: random.Random) -> Step:
    after = chance.uniform(*PAUSE)
    match chance.choices(("verb", "kill", "fault"), (6, 3, 2))[0]:
        case "verb":
            return Step(after=after, name=chance.choices(VERBS, WEIGHTS)[0])
        case "kill":
            return Step(after=after, name="kill")
        case _:
            return Step(after=after, name=" ".join(chance.choice(FAULTS)), seconds=chance.uniform(*OUTAGE))


def walk_cell(harness: Harness, name: str, seed: int) -> Cell:
    """One walk to its end."""
    mine = int(name)
    walk = draw(mine)
    cell = Cell(name=name, seed=mine)
    began, deaths = time.time(), harness.deaths
    harness.fault_points.set()
    with observing(harness.lab) as seen:
        migration = harness.begin(**walk.spec)
        granted = _take(harness, migration, walk)
        held = harness.status(migration)
        status, answers = _answered(harness, migration)
    cell.ended = status.state
    cell.wrong += _end(harness, status)
    cell.wrong += told(seen.violations)
    cell.figures = {
        "kills": harness.deaths - deaths,
        "granted": f"{sum(granted)}/{len(granted)}",
        "after the walk": f"{held.state} in {held.phase}",
        "answers": ", ".join(answers) or "none needed",
        "s": f"{time.time() - began:.0f}",
        "observer": f"{seen.looks} looks" + (f", blind {seen.blind:.0f} s" if seen.blind else ""),
        "walk": str(walk),
    }
    return cell


def _take(harness: Harness, migration: str, walk: Walk) -> list[bool]:
    """Take every step; which of the verbs were granted."""
    granted: list[bool] = []
    outages: list[threading.Thread] = []
    for step in walk.steps:
        time.sleep(step.after)
        if step.name == "kill":
            harness.kill_worker()
        elif step.seconds:
            if not any(each.is_alive() for each in outages):  # two that meet would undo each other's undoing
                outages.append(_outage(lambda: fault(harness.lab.state_dir, *step.name.split()), step.seconds))  # noqa: B023
        else:
            granted.append(_granted(harness, migration, step.name))
    for each in outages:
        each.join()
    return granted


def _outage(make: Callable[[], AbstractContextManager[None]], seconds: float) -> threading.Thread:
    """Something is broken from now on, for a while."""
    standing = make()
    standing.__enter__()

    def end() -> None:
        time.sleep(seconds)
        standing.__exit__(None, None, None)

    thread = threading.Thread(target=end, name="outage")
    thread.start()
    return thread


def _granted(harness: Harness, migration: str, verb: str) -> bool:
    try:
        harness.service.steer(migration, verb, by="a walk", reason="to see")
    except (Refused, Unavailable):  # untimely, or nobody there to answer: part of the walk
        return False
    return True


def _answered(harness: Harness, migration: str) -> tuple[MigrationStatus, list[str]]:
    """Answer what asks, as a sensible person would, until it has ended."""
    answers: list[str] = []
    while True:
        status = harness.until(
            migration, lambda each: each.state in {State.PAUSED, State.AWAITING_APPROVAL}, seconds=MIGRATION_SECONDS
        )
        if status.state.final:
            return harness.ended(migration, seconds=MIGRATION_SECONDS), answers
        answer = _answer(status, answers)
        if not answer:
            return status, answers
        try:
            harness.say(migration, answer)
        except Refused:  # it went on meanwhile
            time.sleep(0.5)
            continue
        answers.append(answer)
        _until_it_moves(harness, migration, status.state)


def _until_it_moves(harness: Harness, migration: str, state: State) -> None:
    """An answer is accepted at once, and takes effect a moment later."""
    end = time.monotonic() + MIGRATION_SECONDS
    while harness.status(migration).state is state and time.monotonic() < end:
        time.sleep(0.3)


def _answer(status: MigrationStatus, answers: list[str]) -> str:
    """What a sensible person says to this; nothing when there has been enough of it."""
    if len(answers) >= ANSWERS + len(TABLE):
        return ""
    if status.attention:
        return "rollback" if answers.count("retry") >= 3 and "rollback" in status.attention.choices else "retry"
    return {State.PAUSED: "resume", State.AWAITING_APPROVAL: "approve"}[status.state]


def _end(harness: Harness, status: MigrationStatus) -> list[str]:
    """What is wrong with how it ended."""
    wrong = [f"report: {each.claim}: {each.read}" for each in status.report if not each.holds]
    if status.state is State.COMPLETED:
        return wrong + migrated(harness)
    if status.state is State.ROLLED_BACK or (status.state is State.FAILED and status.phase is PhaseName.PREFLIGHT):
        return wrong + [f"outside: {each}" for each in harness.differences()]
    return [*wrong, f"it is {status.state} and no answer helps: {status.message}"]


def main(asked: Sequence[str] | None = None) -> int:
    """Parse, prove, print; 1 unless every walk ended well."""
    parser = arguments("walks", __doc__)
    parser.add_argument("--walks", type=int, default=20, help="how many; their seeds follow --seed")
    chosen = parser.parse_args(asked)
    proof = Proof(
        title="Random walks",
        names=[str(chosen.seed + each) for each in range(chosen.walks)],
        cell=walk_cell,
        options=chosen,
        reuses=lambda cell: cell.proven and cell.ended != State.COMPLETED,
    )
    return asyncio.run(prove(proof))


if __name__ == "__main__":
    sys.exit(main())
