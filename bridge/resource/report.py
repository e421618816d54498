"""From what is known to the resource's status: pure, so that two bridges that know the same say the same."""

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
"""Conditions that say what goes on now; the others say how far it has come."""

_ACCEPTED = ConditionUpdate(conditions.ACCEPTED, "True", "Accepted", "the spec can be acted on")


def pending(
    resource: Resource, *, verdict: PreflightSummary | None, trouble: str = "", now: datetime
) -> ResourceStatus:
    """Of a resource whose migration has not been asked for: what preflight says, and that nothing was started."""
    fresh = verdict if verdict and verdict.observed_generation == resource.generation else None
    critical = fresh.critical if fresh else 0
    told = "nothing is started while spec.state is not Running"
    said = [
        _ACCEPTED,
        conditions.synced(resource.status.refusals),
        conditions.examined(fresh, trouble=trouble),
        *conditions.idle("Pending", told),
    ]
    return _stated(
        resource.status.model_copy(
            update={
                "observed_generation": resource.generation,
                "state": State.PENDING,
                "message": f"{critical} Critical concern(s) stand in the way" if critical else told,
                "needs_person": f"mend {critical} Critical concern(s)" if critical else "",
                "preflight": fresh,
            }
        ),
        said,
        now=now,
    )


def refused(resource: Resource, *, reason: str, why: str, needs: str, now: datetime) -> ResourceStatus:
    """Of a resource that is not acted on: says why, and what to do; nothing was started."""
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
    """Of a resource that is asked to be Pending again after a run that left the cluster as it was."""
    return pending(replace(resource, status=ResourceStatus()), verdict=None, now=now)


def claimed(resource: Resource, *, migration: str, now: datetime) -> ResourceStatus:
    """Of a resource whose migration is about to start: written before it does, and freezes the spec."""
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
    """Of a resource whose migration runs since a moment ago: what is known is where."""
    return resource.status.model_copy(update={"run": run})


def resumed(resource: Resource, *, run: str, now: datetime) -> ResourceStatus:
    """Of a resource whose migration was ended from outside, and goes on in another run."""
    told = "the migration was taken over and goes on"
    said = [
        *_as_before(resource, but={conditions.SYNCED}),
        ConditionUpdate(conditions.SYNCED, "True", "TakenOver", told),
    ]
    update = {"run": run, "completion_time": None, "state": State.PENDING, "message": told, "needs_person": ""}
    return _stated(resource.status.model_copy(update=update), said, now=now)


def of_migration(resource: Resource, seen: MigrationStatus, *, now: datetime) -> ResourceStatus:
    """Of a resource whose migration has started; what was passed on and refused stands in `resource.status`."""
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
                "preflight": verdict(seen.concerns, generation=resource.generation, at=seen.started)
                if seen.concerns
                else before.preflight,
            }
            | ({} if earlier else _course(seen))
        ),
        [known.get(each.type, each) for each in said],
        now=now,
    )


def _knows(seen: MigrationStatus) -> bool:
    """Whether it knows of any phase: a run that takes over another one does not, until it has read the record."""
    return any(each.attempts or each.evidence for each in seen.phases)


def _course(seen: MigrationStatus) -> dict[str, Any]:
    """How far it has come, and by what way."""
    return {
        "phase": seen.phase,
        "progress": seen.progress,
        "source": seen.source,
        "targets": seen.targets,
        "phase_history": history(seen),
        "backup_manifests": list(manifests(seen)),
    }


def after(resource: Resource, *, now: datetime) -> ResourceStatus:
    """Of a resource whose migration has ended: what was said last stands, but for what is asked of it since."""
    gone = {conditions.SYNCED, conditions.DELETION_BLOCKED}
    status = resource.status.model_copy(update={"observed_generation": resource.generation})
    return _stated(status, [*_as_before(resource, but=gone), conditions.synced(status.refusals)], now=now)


def unheard(resource: Resource, *, reason: str, why: str, now: datetime) -> ResourceStatus:
    """Of a resource whose migration cannot be asked now: what was said last stands, and that it is not current."""
    others = _as_before(resource, but={conditions.SYNCED})
    return _stated(resource.status, [*others, ConditionUpdate(conditions.SYNCED, "False", reason, why)], now=now)


def verdict(concerns: Iterable[Concern], *, generation: int, at: datetime) -> PreflightSummary:
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
    """The status with its conditions, as it reads on the wire: whole seconds, so that it equals what is read back."""
    found = conditions.since(status.conditions, said, generation=status.observed_generation, now=now)
    return ResourceStatus.exactly(status.model_copy(update={"conditions": found}).model_dump(mode="json"))


def _as_before(resource: Resource, *, but: set[str]) -> Iterator[ConditionUpdate]:
    for each in resource.status.conditions:
        if each.type not in but:
            yield ConditionUpdate(each.type, each.status, each.reason, each.message)


def _too_early(resource: Resource, *, now: datetime) -> Iterator[Refusal]:
    """Answers that stood in the resource before anything was asked answer nothing, and are told so."""
    if given := len(resource.spec.get("approvals") or []):
        why = "it was written before the migration had started, when nothing was asked"
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
            "migration.openshift.io/force-delete=true lets the resource go at once and leaves the migration to itself",
        )
