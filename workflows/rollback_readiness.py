"""Could the source take the cluster back? Read before the first step that destroys what only it can make again, and the
last.

An unfit source asks a person and never rolls back by itself, whatever the spec says: the source is what a rollback
would need. Going on all the same is a decision, and stays visible.
"""

from temporalio.exceptions import ActivityError

from activities.vcenter.source import Source, SourceInput
from migration.commands import Verb
from migration.phase import PhaseName
from workflows.checkpoints import Checkpoints
from workflows.control.control import Control
from workflows.run import Interrupted, Run
from workflows.status.failures import Failure, explain


async def check_rollback_readiness(run: Run, phase: PhaseName, control: Control, checkpoints: Checkpoints) -> str:
    """Look at the source before a phase that is hard to undo; returns what was read, or what a person decided.

    Raises:
        RollbackRequested: a rollback was requested.
    """
    while True:
        await control.safe_point(phase)
        run.tracker.looks(phase, f"before {phase}: could {run.plan.source.server} take the cluster back?")
        try:
            return await control.interruptible(check_source(run))
        except Interrupted:
            continue
        except ActivityError as error:
            failure = explain(error)
        why = Failure(
            diagnosis=f"not ready for a rollback before {phase}: {failure.diagnosis}",
            remedy=f"{failure.remedy}; or skip, and {phase} begins without a source to roll back to",
        )
        if await control.ask(phase, why, skip=f"{phase} begins without a source to roll back to") is Verb.SKIP:
            run.tracker.readiness_waived(phase)
            control.waive_readiness()
            checkpoints.waives(phase)
            return f"begun without a source to roll back to, as a person decided: {failure.diagnosis}"


async def require_source(run: Run, control: Control) -> None:
    """Look at the source before a rollback begins, until it is fit or a person wants to go back all the same."""
    phase = run.tracker.status.phase
    while True:
        run.tracker.rolling_back("rolling back: looking at the source first")
        try:
            await check_source(run)
        except ActivityError as error:
            failure = explain(error)
        else:
            return
        why = Failure(
            diagnosis=failure.diagnosis,
            remedy=f"{failure.remedy} (nothing has been undone yet); or skip, and it goes back all the same",
        )
        if await control.ask(phase, why, skip="it goes back to the source as it is") is Verb.SKIP:
            return


async def check_source(run: Run) -> str:
    """What was read of a source that is fit; fails where it is not."""
    fit = await run.act(Source.is_fit, SourceInput(plan=run.plan), "could the source take the cluster back?")
    return fit.evidence
