"""Reading a failed activity: what happened, the next step a person can take, and whether that was the world's answer.

Activities fail with an `ApplicationError` whose details are the remedy and whether it is a permanent answer of the
world (`activities.runtime.failures`). Anything else is a time-out, a bug of ours or somebody's hand in Temporal, none
of which says anything of the world: it gets a remedy here.
"""

from dataclasses import dataclass

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

from workflows.phase import NotProven


@dataclass(frozen=True)
class Failure:
    """Why a phase stopped.

    Attributes:
        permanent: the world has answered, and no later attempt could be answered otherwise. Else a person is asked:
            nothing is undone because something of ours was away, or patience ended.
    """

    diagnosis: str
    remedy: str
    permanent: bool = False


def explain(error: ActivityError | NotProven) -> Failure:
    """What failed a phase, in two plain sentences."""
    if isinstance(error, NotProven):
        return Failure(diagnosis=str(error), remedy=error.remedy, permanent=True)
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return Failure(
            diagnosis=cause.message,
            remedy=_remedy(cause) or "read the worker's log, fix the cause, then retry",
            permanent=cause.non_retryable and list(cause.details[1:]) == [True],
        )
    if isinstance(cause, exceptions.TimeoutError):
        return _late(error.activity_id, cause)
    return Failure(diagnosis=f"{error.activity_id}: {cause or error}", remedy="read the worker's log, then retry")


def _late(activity: str, timeout: exceptions.TimeoutError) -> Failure:
    """Temporal keeps what the last attempt failed on as the time-out's own cause."""
    last = timeout.cause if isinstance(timeout.cause, ApplicationError) else None
    said = f"; the last attempt said: {last.message}" if last else ""
    if timeout.type is TimeoutType.HEARTBEAT:
        return Failure(
            diagnosis=f"{activity}: the worker that ran it went away{said}",
            remedy="see that a worker runs (`vcfm worker`), then retry",
        )
    return Failure(
        diagnosis=f"{activity} did not succeed in the time it may take{said}",
        remedy=(last and _remedy(last)) or "see what it waits for in the journal, fix it, then retry",
    )


def _remedy(failure: ApplicationError) -> str:
    return str(failure.details[0]) if failure.details else ""
