"""Reading a failed activity: what happened, and the next step a person can take.

Activities fail with an `ApplicationError` whose first detail is the remedy (`activities.failures`). Anything else is a
time-out or a bug of ours, and gets a remedy here.
"""

from dataclasses import dataclass

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

from workflows.phase import NotProven


@dataclass(frozen=True)
class Failure:
    diagnosis: str
    remedy: str


def explain(error: ActivityError | NotProven) -> Failure:
    """What failed a phase, in two plain sentences."""
    if isinstance(error, NotProven):
        return Failure(diagnosis=str(error), remedy=error.remedy)
    cause = error.cause
    if isinstance(cause, ApplicationError):
        remedy = str(cause.details[0]) if cause.details else "read the worker's log, mend the cause, then retry"
        return Failure(diagnosis=cause.message, remedy=remedy)
    if isinstance(cause, exceptions.TimeoutError):
        last = cause.cause
        said = f"; the last attempt said: {last.message}" if isinstance(last, ApplicationError) else ""
        if cause.type is TimeoutType.HEARTBEAT:
            return Failure(
                diagnosis=f"{error.activity_id}: the worker that ran it went away{said}",
                remedy="see that a worker runs (`vcfm worker`), then retry",
            )
        return Failure(
            diagnosis=f"{error.activity_id} did not succeed in the time it may take{said}",
            remedy="see what it waits for in the journal, mend it, then retry",
        )
    return Failure(diagnosis=f"{error.activity_id}: {cause or error}", remedy="read the worker's log, then retry")
