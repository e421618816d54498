"""Going back: every recorded compensation in reverse, then the proof that the cluster is exactly as it was.

Nothing interrupts it: a Cancel that comes meanwhile is noted, no more. An undo that fails parks and asks like any
phase; none is ever left out or given up. Only the comparison may be: it changes nothing, and what it compares with may
rightly be another by then, like a password that was rotated. The source is looked at first, since going back to a
vCenter that is away would leave the cluster between the two, and before anything says that it goes back: a run that
takes this one over from there may still go on.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.cluster.baseline import Baseline, BaselineQuestion
    from migration.commands import Verb
    from migration.phase import PhaseName
    from workflows.checkpoints import Chronicle
    from workflows.control.control import Steering
    from workflows.phase import NotProven, Undoable
    from workflows.phases import UNDOABLE, create_folder, create_tags
    from workflows.rollback_readiness import insist_on_source
    from workflows.run import Run
    from workflows.saga import Saga
    from workflows.stability import wait_until_stable
    from workflows.status.failures import explain

T = TypeVar("T")
_RESTORED = "the cluster is as it was before"
_DIFFERENT = "it ends as rolled back, and says to the end what was not seen to be as it was"


async def roll_back(run: Run, saga: Saga, steering: Steering, chronicle: Chronicle) -> str:
    """Undo what was done, and see that nothing of it is left; says how the cluster is now."""
    if not run.ledger.status.compensations:
        return _RESTORED
    begun = run.ledger.status.phase
    run.ledger.goes_back("rolling back")
    await insist_on_source(run, steering)
    await _insist(run, begun, steering, chronicle.goes_back)
    undone: list[PhaseName] = []
    for step in saga.in_reverse(UNDOABLE):
        run.ledger.undoing(step.name)
        evidence = await _insist(run, step.name, steering, partial(_undo, run, step, chronicle, undone))
        run.ledger.undone(step.name, evidence)
        undone.append(step.name)
        saga.done(step.name)
    return await _compare(run, begun, steering)


async def _insist(run: Run, phase: PhaseName, steering: Steering, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until it works; every failure asks a person first."""
    while True:
        try:
            return await attempt()
        except (ActivityError, NotProven) as error:
            await steering.ask(phase, explain(error), undoing=True)
            run.ledger.goes_back(f"rolling back: {phase} again")


async def _compare(run: Run, phase: PhaseName, steering: Steering) -> str:
    """Compare until all is as it was, or a person accepts that it is not; says which."""
    while True:
        run.ledger.goes_back("rolled back: comparing the cluster with its before-images")
        try:
            await _baseline(run)
        except (ActivityError, NotProven) as error:
            failure = explain(error)
        else:
            return _RESTORED
        if await steering.ask(phase, failure, undoing=True, skip=_DIFFERENT) is Verb.SKIP:
            return f"rolled back, and a person let it end so: {failure.diagnosis}"


async def _undo(run: Run, step: Undoable, chronicle: Chronicle, undone: list[PhaseName]) -> list[str]:
    await chronicle.undoes(undone)
    return await step.undo(run)


async def _baseline(run: Run) -> None:
    await wait_until_stable(run, excused=[])
    compared = await run.act(Baseline.compare, BaselineQuestion(plan=run.plan), "compare everything with how it was")
    claims = [*compared.claims, *await create_tags.compare(run), *await create_folder.compare(run)]
    run.ledger.reported(claims)
    broken = [each for each in claims if not each.holds]
    if broken:
        raise NotProven(
            "; ".join(f"not as it was: {each.claim} ({each.read})" for each in broken),
            remedy="mend what each sentence names, then retry: this step only reads",
        )
