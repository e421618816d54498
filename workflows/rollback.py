"""The rollback: every recorded compensation in reverse, then the proof that the cluster is exactly as it was.

Nothing interrupts it: a Cancel that comes meanwhile is noted, no more. An undo that fails parks and asks like any
phase; none is ever left out or given up. Only the comparison may be: it changes nothing, and what it compares with may
rightly be another by then, like a password that was rotated. The source is looked at first, since going back to a
vCenter that is away would leave the cluster between the two, and before anything says that it goes back: a run that
takes this one over from there may still go on.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from temporalio.exceptions import ActivityError

from activities.cluster.baseline import Baseline, BaselineInput
from migration.commands import Verb
from migration.phase import PhaseName
from workflows.checkpoints import Checkpoints
from workflows.control.control import Control
from workflows.phase import NotProven, Undoable
from workflows.phases import OBSERVING, UNDOABLE
from workflows.rollback_readiness import require_source
from workflows.run import Run
from workflows.saga import Saga
from workflows.shared_steps import wait_until_stable
from workflows.status.failures import explain

T = TypeVar("T")
_RESTORED = "the cluster is as it was before"
_DIFFERENT = "it ends as rolled back, and says to the end what was not seen to be as it was"


async def roll_back(run: Run, saga: Saga, control: Control, checkpoints: Checkpoints) -> str:
    """Undo what was done, and see that nothing of it is left; says how the cluster is now."""
    if not run.tracker.status.compensations:
        return _RESTORED
    begun = run.tracker.status.phase
    run.tracker.rolling_back("rolling back")
    await require_source(run, control)
    await _until_done(run, begun, control, checkpoints.rolling_back)
    undone: list[PhaseName] = []
    for step in saga.in_undo_order(UNDOABLE):
        run.tracker.undoing(step.name)
        evidence = await _until_done(run, step.name, control, partial(_undo, run, step, checkpoints, undone))
        run.tracker.undone(step.name, evidence)
        undone.append(step.name)
        saga.done(step.name)
    return await _compare(run, begun, control)


async def _until_done(run: Run, phase: PhaseName, control: Control, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until it works; every failure asks a person first."""
    while True:
        try:
            return await attempt()
        except (ActivityError, NotProven) as error:
            await control.ask(phase, explain(error))
            run.tracker.rolling_back(f"rolling back: {phase} again")


async def _compare(run: Run, phase: PhaseName, control: Control) -> str:
    """Compare until all is as it was, or a person accepts that it is not; says which."""
    while True:
        run.tracker.rolling_back("rolled back: comparing the cluster with its before-images")
        try:
            await _baseline(run)
        except (ActivityError, NotProven) as error:
            failure = explain(error)
        else:
            return _RESTORED
        if await control.ask(phase, failure, skip=_DIFFERENT) is Verb.SKIP:
            return f"rolled back, and a person let it end so: {failure.diagnosis}"


async def _undo(run: Run, step: Undoable, checkpoints: Checkpoints, undone: list[PhaseName]) -> list[str]:
    await checkpoints.undoes(undone)
    return await step.undo(run)


async def _baseline(run: Run) -> None:
    await wait_until_stable(run, excused=[])
    compared = await run.act(Baseline.compare, BaselineInput(plan=run.plan), "compare everything with how it was")
    claims = list(compared.claims)
    for each in OBSERVING:
        claims += await each.compare(run)
    run.tracker.reported(claims)
    broken = [claim for claim in claims if not claim.holds]
    if broken:
        raise NotProven(
            "; ".join(f"not as it was: {claim.claim} ({claim.read})" for claim in broken),
            remedy="fix what each sentence names, then retry: this step only reads",
        )
