"""Computes the resource's status from observations: pure functions, so that two bridges write the same."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.resource import conditions
from bridge.resource.conditions import ConditionUpdate
from bridge.resource.history import current, history, manifests
from bridge.resource.model import Resource
from bridge.resource.parts import CONCERNS, LOG, ConcernSummary, PreflightSummary, Refusal, cut
from bridge.resource.status import ResourceStatus
from migration.concern import Category, Concern
from migration.run.status import MigrationStatus, State

_OF_NOW = set(conditions.KNOWN) - {*conditions.OFFICIAL, conditions.PREFLIGHT_PASSED}
"""Conditions about the current moment; the others are about the progress of the migration."""

_ACCEPTED = ConditionUpdate(conditions.ACCEPTED, "True", "Accepted", "the spec can be acted on")


def pending(resource: Resource, *, result: PreflightSummary | None, trouble: str = "", now: datetime) -> ResourceStatus:
    """Status of a resource whose desired state is Pending: the result of preflight."""
    fresh = result if result and result.observed_generation == resource.generation else None
    critical = fresh.critical if fresh else 0
    idle = "nothing is started while spec.state is not Running"
    said = [
        _ACCEPTED,
        conditions.synced(resource.status.refusals),
        conditions.examined(fresh, trouble=trouble),
        *conditions.idle("Pending", idle),
    ]
    return _stated(
        resource.status.model_copy(
            update={
                "observed_generation": resource.generation,
                "state": State.PENDING,
                "message": f"preflight found {critical} Critical concern(s)" if critical else idle,
                "needs_person": f"fix {critical} Critical concern(s)" if critical else "",
                "preflight": fresh,
            }
        ),
        said,
        now=now,
    )


def refused(resource: Resource, *, reason: str, why: str, needs: str, now: datetime) -> ResourceStatus:
    """Status of a resource that is refused, with the reason and the next step; nothing was started."""
    said = [ConditionUpdate(conditions.ACCEPTED, "False", reason, why), *conditions.idle(reason, why)]
    return _stated(
        ResourceStatus(
            observed_generation=resource.generation,
            state=State.PENDING,
            message=cut(why),
            needs_person=cut(needs),
            conditions=resource.status.conditions,
        ),
        said,
        now=now,
    )


def renewed(resource: Resource, *, now: datetime) -> ResourceStatus:
    """Status of a resource that is set to Pending again after a run that left the cluster unchanged."""
    return pending(replace(resource, status=ResourceStatus()), result=None, now=now)


def claimed(resource: Resource, *, migration: str, now: datetime) -> ResourceStatus:
    """Status of a resource whose migration is about to start; it is written before the start, and freezes the spec."""
    told = "the migration is about to start"
    before = resource.status
    said = [
        _ACCEPTED,
        ConditionUpdate(conditions.SYNCED, "False", "Starting", told),
        conditions.examined(before.preflight),
        ConditionUpdate(conditions.PROGRESSING, "True", "Starting", told),
        ConditionUpdate(conditions.READY, "False", "Starting", told),
    ]
    return _stated(
        ResourceStatus(
            observed_generation=resource.generation,
            observed_state=resource.wanted,
            observed_approvals=len(resource.spec.get("approvals") or []),
            migration=migration,
            state=State.PENDING,
            message=told,
            start_time=now,
            started_generation=resource.generation,
            preflight=before.preflight,
            refusals=list(_too_early(resource, now=now)),
            conditions=before.conditions,
        ),
        said,
        now=now,
    )


def started(resource: Resource, *, run: str) -> ResourceStatus:
    """Status of a resource whose migration has just started: only the run id is known."""
    return resource.status.model_copy(update={"run": run})


def resumed(resource: Resource, *, run: str, now: datetime) -> ResourceStatus:
    """Status of a resource whose migration was terminated and continues in another run."""
    told = "the migration was taken over and continues"
    said = [
        *_as_before(resource, but={conditions.SYNCED}),
        ConditionUpdate(conditions.SYNCED, "True", "TakenOver", told),
    ]
    update = {"run": run, "completion_time": None, "state": State.PENDING, "message": told, "needs_person": ""}
    return _stated(resource.status.model_copy(update=update), said, now=now)


def of_migration(resource: Resource, seen: MigrationStatus, *, now: datetime) -> ResourceStatus:
    """Status of a resource whose migration has started; `resource.status` holds what was sent and refused."""
    before = resource.status
    said = [_ACCEPTED, conditions.synced(before.refusals), *conditions.of_migration(seen), *_deletion(resource, seen)]
    earlier = before.phase is not None and not _knows(seen)
    known = {each.type: each for each in _as_before(resource, but=_OF_NOW)} if earlier else {}
    return _stated(
        before.model_copy(
            update={
                "observed_generation": resource.generation,
                "state": seen.state,
                "message": cut(seen.message),
                "needs_person": cut(_needs(seen)),
                "completion_time": seen.completed if seen.state.final else None,
                "current_phase_state": None if earlier or seen.state.final else current(seen),
                "preflight": preflight_summary(seen.concerns, generation=resource.generation, at=seen.started)
                if seen.concerns
                else before.preflight,
            }
            | ({} if earlier else _course(seen))
        ),
        [known.get(each.type, each) for each in said],
        now=now,
    )


def _knows(seen: MigrationStatus) -> bool:
    """Whether it has the state of phases; a run that takes over another one first has to read the checkpoint."""
    return any(each.attempts or each.evidence for each in seen.phases)


def _course(seen: MigrationStatus) -> dict[str, Any]:
    """Phase, progress, history and backups."""
    return {
        "phase": seen.phase,
        "progress": seen.progress,
        "source": seen.source,
        "targets": seen.targets,
        "phase_history": history(seen),
        "backup_manifests": list(manifests(seen)),
    }


def after(resource: Resource, *, now: datetime) -> ResourceStatus:
    """Status of a resource whose migration has ended: the last status, with refusals of later requests."""
    gone = {conditions.SYNCED, conditions.DELETION_BLOCKED}
    status = resource.status.model_copy(update={"observed_generation": resource.generation})
    return _stated(status, [*_as_before(resource, but=gone), conditions.synced(status.refusals)], now=now)


def unheard(resource: Resource, *, reason: str, why: str, now: datetime) -> ResourceStatus:
    """Status of a resource whose migration cannot be queried: the last status, with Synced False."""
    others = _as_before(resource, but={conditions.SYNCED})
    return _stated(resource.status, [*others, ConditionUpdate(conditions.SYNCED, "False", reason, why)], now=now)


def preflight_summary(concerns: Iterable[Concern], *, generation: int, at: datetime) -> PreflightSummary:
    """Preflight's concerns, counted; the Critical ones by name."""
    found = list(concerns)
    count = {grade: sum(each.category is grade for each in found) for grade in Category}
    return PreflightSummary(
        observed_generation=generation,
        time=at,
        critical=count[Category.CRITICAL],
        warning=count[Category.WARNING],
        information=count[Category.INFORMATION],
        concerns=[
            ConcernSummary(id=each.id, assessment=cut(each.assessment, LOG), remedy=cut(each.remedy, LOG))
            for each in found
            if each.category is Category.CRITICAL
        ][:CONCERNS],
    )


def _stated(status: ResourceStatus, said: Iterable[ConditionUpdate], *, now: datetime) -> ResourceStatus:
    """The status with its conditions, normalized as it is serialized (whole seconds), so that it equals a read."""
    found = conditions.since(status.conditions, said, generation=status.observed_generation, now=now)
    return ResourceStatus.exactly(status.model_copy(update={"conditions": found}).model_dump(mode="json"))


def _as_before(resource: Resource, *, but: set[str]) -> Iterator[ConditionUpdate]:
    for each in resource.status.conditions:
        if each.type not in but:
            yield ConditionUpdate(each.type, each.status, each.reason, each.message)


def _too_early(resource: Resource, *, now: datetime) -> Iterator[Refusal]:
    """Refusals of approvals that were in the resource before the migration started, when nothing waited for them."""
    if given := len(resource.spec.get("approvals") or []):
        why = "it was written before the migration had started, when nothing waited for approval"
        yield Refusal(subject=f"approvals[{given - 1}]", message=why, time=now)


def _needs(seen: MigrationStatus) -> str:
    if seen.gate:
        return f"approve or reject {seen.gate.phase}"
    if seen.attention:
        return f"{' or '.join(seen.attention.choices)} {seen.attention.phase}"
    return ""


def _deletion(resource: Resource, seen: MigrationStatus) -> Iterator[ConditionUpdate]:
    if resource.deleted:
        yield ConditionUpdate(
            conditions.DELETION_BLOCKED,
            "True",
            "MigrationRunning",
            f"deletion waits until {seen.id} has ended: {seen.state}, {seen.message}. The annotation "
            "migration.openshift.io/force-delete=true deletes the resource at once and leaves the migration running",
        )
