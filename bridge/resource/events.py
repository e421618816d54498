"""Kubernetes Events, computed from the difference between the resource's old status and its new one.

Each has a key that is derived from the change and not from the observer, so that a second bridge, or one that is
restarted before it writes the status, gives the Event the same name and the API server keeps one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.resource.conditions import ACCEPTED, AWAITING_APPROVAL, DELETION_BLOCKED, NEEDS_ATTENTION
from bridge.resource.parts import Component, HistoryEntry, LogLevel, LogLine, cut
from bridge.resource.status import ResourceStatus
from migration.phase import row
from migration.run.status import PhaseState, State


@dataclass(frozen=True, kw_only=True)
class Event:
    """One Kubernetes Event.

    Attributes:
        key: unique among the Events of a resource.
        reason: in CamelCase.
        action: the action that it belongs to, in CamelCase.
    """

    key: str
    reason: str
    action: str
    message: str
    warning: bool = False


def events(before: ResourceStatus, after: ResourceStatus) -> Iterator[Event]:
    """The Events of a change of status, in order."""
    yield from _acceptance(before, after)
    if after.run and after.run != before.run:
        yield Event(
            key=f"{after.run}/started", reason="MigrationStarted", action="Start", message=f"{after.migration} started"
        )
    same = before if before.run in {"", after.run} else ResourceStatus()
    known = {each.phase: each for each in same.phase_history}
    for each in after.phase_history:
        yield from _phase(after.run, known.get(each.phase), each)
    yield from _questions(before, after)
    yield from _state(before, after)
    for refusal in after.refusals:
        if refusal not in before.refusals:
            yield Event(
                # By subject and generation, so that the same refusal met again is not a new Event.
                key=f"{after.run}/refused/{refusal.subject}/{after.observed_generation}",
                reason="Refused",
                action="PassOn",
                message=f"{refusal.subject} was refused: {refusal.message}",
                warning=True,
            )


def _acceptance(before: ResourceStatus, after: ResourceStatus) -> Iterator[Event]:
    then, now = before.condition(ACCEPTED), after.condition(ACCEPTED)
    if now and now.status == "False" and (then is None or then.message != now.message):
        key = f"{now.reason}/{after.observed_generation}"
        yield Event(key=key, reason=now.reason, action="Accept", message=now.message, warning=True)
    blocked = after.condition(DELETION_BLOCKED)
    if blocked and before.condition(DELETION_BLOCKED) is None:
        yield Event(
            key=f"{after.run}/deletion", reason="DeletionWaits", action="Delete", message=blocked.message, warning=True
        )


def _phase(run: str, before: HistoryEntry | None, after: HistoryEntry) -> Iterator[Event]:
    name = after.phase
    if after.start_time and (before is None or before.start_time is None):
        yield Event(
            key=f"{run}/{name}/started", reason="PhaseStarted", action="Run", message=f"{name}: {row(name).title}"
        )
    known = set(before.logs) if before else set()
    for line in after.logs:
        if line not in known and line.component is Component.DECISION:
            key = f"{run}/{name}/{_stamp(line.timestamp)}/{line.message}"
            refused = line.level is LogLevel.WARNING
            reason = "Refused" if refused else "Decided"
            yield Event(key=key, reason=reason, action="Decide", message=f"{name}: {line.message}", warning=refused)
    if after.status is (before.status if before else None):
        return
    evidence = "; ".join(each.message for each in after.logs if each.component is Component.EVIDENCE)
    ends = {
        PhaseState.COMPLETED: ("PhaseCompleted", "Run", "done"),
        PhaseState.SKIPPED: ("PhaseSkipped", "Run", "skipped"),
        PhaseState.UNDOING: ("PhaseUndoing", "RollBack", row(name).undo),
        PhaseState.UNDONE: ("PhaseUndone", "RollBack", "undone"),
    }
    if after.status in ends:
        reason, action, what = ends[after.status]
        key = f"{run}/{name}/{after.status}/{_stamp(after.completion_time)}"
        message = f"{name}: {what}" + (f": {evidence}" if evidence and after.status is not PhaseState.UNDOING else "")
        yield Event(key=key, reason=reason, action=action, message=cut(message))


def _questions(before: ResourceStatus, after: ResourceStatus) -> Iterator[Event]:
    asked = after.condition(AWAITING_APPROVAL)
    if asked and asked.status == "True" and _message(before, AWAITING_APPROVAL) != asked.message:
        key = f"{after.run}/{after.phase}/asked"  # a phase waits at its gate once in a run
        yield Event(key=key, reason="ApprovalNeeded", action="Ask", message=asked.message)
    parked = after.condition(NEEDS_ATTENTION)
    if parked and parked.status == "True":
        known = _failures(before)
        for line in _failures(after) - known:
            key = f"{after.run}/{after.phase}/parked/{_stamp(line.timestamp)}"
            yield Event(key=key, reason="NeedsAttention", action="Ask", message=parked.message, warning=True)


def _state(before: ResourceStatus, after: ResourceStatus) -> Iterator[Event]:
    if after.state is before.state:
        return
    reported = {
        State.ROLLING_BACK: ("RollbackStarted", "RollBack", False),
        State.ROLLED_BACK: ("RolledBack", "RollBack", False),
        State.COMPLETED: ("MigrationCompleted", "Run", False),
        State.FAILED: ("MigrationFailed", "Run", True),
    }
    if after.state in reported:
        reason, action, warning = reported[after.state]
        key = f"{after.run}/{after.state}/{_stamp(after.completion_time)}"
        yield Event(key=key, reason=reason, action=action, message=after.message, warning=warning)


def _message(status: ResourceStatus, kind: str) -> str:
    """The message of a condition that is True."""
    found = status.condition(kind)
    return found.message if found and found.status == "True" else ""


def _failures(status: ResourceStatus) -> set[LogLine]:
    """The failures for which the current phase was parked."""
    return {
        line
        for each in status.phase_history
        if each.phase is status.phase
        for line in each.logs
        if line.component is Component.FAILURE
    }


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
