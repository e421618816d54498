"""Taking over a migration whose workflow was terminated, or whose Temporal was lost: from its checkpoint alone.

The plan is the earlier run's, and so are its before-images: a rollback leads to where the *first* run began. What had
been approved stays approved. The phase begun last runs again, looking first; a run that was going back goes on going
back. Why nothing that the earlier run left behind can get in the way: `activities.cluster.checkpoint`.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.cluster.checkpoint import CheckpointQuery, CheckpointSecret
from migration.phase import PhaseName
from migration.run.adoption import Adoption, Direction
from migration.run.checkpoint import Checkpoint, mismatch, refusal
from migration.run.request import MigrationRequest
from workflows import timeouts
from workflows.checkpoints import Checkpoints
from workflows.control.control import Control, RollbackRequested
from workflows.phase import AdoptionRefused
from workflows.run import Run
from workflows.saga import Saga
from workflows.status.failures import explain


async def take_over(
    request: MigrationRequest, adoption: Adoption, run: Run, control: Control, saga: Saga, checkpoints: Checkpoints
) -> PhaseName:
    """Become the run that the cluster's record tells of; returns the phase to go on with.

    Raises:
        AdoptionRefused: there is nothing to take over, or not in that direction, or not with this request.
        RollbackRequested: it is to be rolled back.
    """
    run.tracker.takes_over("taking over: reading the cluster's record")
    record = await _read(run)
    if reason := refusal(record, adoption.direction) or mismatch(record, request):
        raise AdoptionRefused(reason)
    await _let_it_end(run, adoption, record)
    run.plan, run.images = record.plan.known_as(run.cluster), record.images
    checkpoints.take_over(record)
    saga.take_over(record.to_undo)
    run.tracker.took_over(record)
    control.adopt(adoption, crossed=record.crossed)
    if record.waived:
        control.waive_readiness()
        run.tracker.readiness_waived(record.waived)
    if record.crossed:
        run.tracker.crossed()
    if record.going_back or adoption.direction is Direction.ROLLBACK:
        raise RollbackRequested
    return record.phase


async def _read(run: Run) -> Checkpoint:
    cluster = run.tracker.status.cluster
    question = CheckpointQuery(cluster=run.cluster, infrastructure_name=cluster)
    try:
        found = await run.act(CheckpointSecret.read, question, "read the cluster's record")
    except ActivityError as error:
        failure = explain(error)
        raise AdoptionRefused(f"{failure.diagnosis}: {failure.remedy}") from error
    if found.record is None:
        raise AdoptionRefused(f"{cluster} has no record of a migration in namespace {found.namespace}")
    return found.record


async def _let_it_end(run: Run, adoption: Adoption, record: Checkpoint) -> None:
    """Wait until nothing of the earlier run can still be at work."""
    quiet = (adoption.ended or workflow.info().start_time) + timeouts.ABANDONED
    if (left := quiet - workflow.now()) > timedelta():
        run.tracker.takes_over(
            f"taking over: run {record.run} {record.progress}; what it had under way is over by {quiet:%H:%M:%S}Z"
        )
        await workflow.sleep(left, summary="until nothing of the earlier run can be at work any more")
