"""The conditions of the custom resource: ours, by Kubernetes' API conventions, and the official operator's.

They are observations, not a state machine: each is one fact that a person or `oc wait` can rely on. `Succeeded` is
Unknown until the migration has ended; a condition without an observation yet is left out. The official operator's six
conditions are derived from our phases.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from bridge.resource.parts import Condition, PreflightSummary, Refusal, cut
from migration.phase import TABLE, OfficialCondition, PhaseName
from migration.run.status import Gate, MigrationStatus, PhaseState, State

Truth = Literal["True", "False", "Unknown"]

ACCEPTED, SYNCED, DELETION_BLOCKED = "Accepted", "Synced", "DeletionBlocked"
PREFLIGHT_PASSED, PROGRESSING, SUCCEEDED = "PreflightPassed", "Progressing", "Succeeded"
AWAITING_APPROVAL, NEEDS_ATTENTION, ROLLED_BACK = "AwaitingApproval", "NeedsAttention", "RolledBack"
READY = OfficialCondition.READY.value

OFFICIAL: dict[str, tuple[PhaseName, ...]] = {
    kind.value: tuple(each.name for each in TABLE if each.condition is kind) for kind in OfficialCondition
}
"""The official operator's conditions, in its order, and the phases that make each of them true."""

KNOWN = (
    ACCEPTED,
    SYNCED,
    PREFLIGHT_PASSED,
    PROGRESSING,
    AWAITING_APPROVAL,
    NEEDS_ATTENTION,
    DELETION_BLOCKED,
    *OFFICIAL,
    ROLLED_BACK,
    SUCCEEDED,
)
"""Every condition type that this service writes, in the order of the status."""


class ConditionUpdate(NamedTuple):
    """A condition without its transition time, which depends on the previous status."""

    type: str
    status: Truth
    reason: str
    message: str = ""


def since(
    before: Iterable[Condition], updates: Iterable[ConditionUpdate], *, generation: int, now: datetime
) -> list[Condition]:
    """The new conditions; a transition time changes only when the condition's status does."""
    known = {each.type: each for each in before}
    return [
        Condition(
            type=each.type,
            status=each.status,
            reason=each.reason,
            message=cut(each.message),
            observed_generation=generation,
            last_transition_time=known[each.type].last_transition_time
            if each.type in known and known[each.type].status == each.status
            else now,
        )
        for each in updates
    ]


def synced(refusals: list[Refusal]) -> ConditionUpdate:
    """Whether every request of the resource was sent to the migration and accepted."""
    if refusals:
        message = "; ".join(f"{each.subject} was refused: {each.message}" for each in refusals)
        return ConditionUpdate(SYNCED, "False", "Refused", message)
    return ConditionUpdate(SYNCED, "True", "PassedOn", "every request of the resource was sent to the migration")


def examined(result: PreflightSummary | None, *, trouble: str = "") -> ConditionUpdate:
    """The preflight condition of a resource whose migration has not started."""
    if trouble:
        return ConditionUpdate(PREFLIGHT_PASSED, "Unknown", "NotExamined", trouble)
    if result is None:
        return ConditionUpdate(
            PREFLIGHT_PASSED, "Unknown", "Examining", "preflight reads the cluster and the vCenters; nothing is changed"
        )
    counts = f"{result.critical} Critical, {result.warning} Warning, {result.information} Information"
    if result.critical:
        named = "; ".join(f"{each.id}: {each.assessment} → {each.remedy}" for each in result.concerns)
        return ConditionUpdate(PREFLIGHT_PASSED, "False", "Critical", f"{counts}. {named}")
    return ConditionUpdate(PREFLIGHT_PASSED, "True", "NothingCritical", counts)


def idle(reason: str, message: str) -> Iterator[ConditionUpdate]:
    """No migration runs, for that reason."""
    yield ConditionUpdate(PROGRESSING, "False", reason, message)
    yield ConditionUpdate(READY, "False", reason, message)


def of_migration(seen: MigrationStatus) -> Iterator[ConditionUpdate]:
    """The conditions of a migration."""
    yield _preflight(seen)
    moving = seen.state in {State.RUNNING, State.ROLLING_BACK, State.PENDING}
    yield ConditionUpdate(PROGRESSING, "True" if moving else "False", seen.state.value, seen.message)
    if seen.gate:
        yield ConditionUpdate(AWAITING_APPROVAL, "True", "Asked", question(seen.gate))
    else:
        yield ConditionUpdate(AWAITING_APPROVAL, "False", "NothingAsked")
    if seen.attention:
        yield ConditionUpdate(NEEDS_ATTENTION, "True", "Parked", diagnosis(seen))
    else:
        yield ConditionUpdate(NEEDS_ATTENTION, "False", "NothingParked")
    if seen.state is State.ROLLED_BACK:
        yield ConditionUpdate(ROLLED_BACK, "True", "Restored", seen.message)
    else:
        back = seen.state is State.ROLLING_BACK
        yield ConditionUpdate(
            ROLLED_BACK, "False", "RollingBack" if back else "NotRolledBack", seen.message if back else ""
        )
    yield _succeeded(seen)
    yield from _official(seen)


def question(gate: Gate) -> str:
    """The gate's question, and how to answer it in the resource."""
    return (
        f"{gate.phase}: {gate.asks} Approve: {gate.approve}. Reject: {gate.reject}. Usually takes {gate.duration}. "
        f"Answer by adding {{phase: {gate.phase}, by: <you>, decision: Approve|Reject}} to spec.approvals. "
        f"It touches: {'; '.join(gate.blast_radius)}"
    )


def diagnosis(seen: MigrationStatus) -> str:
    """Why a person is needed, and how to decide by the resource."""
    parked = seen.attention
    if parked is None:
        return ""
    written = [each for each in parked.choices if each in {"retry", "skip"}]
    ways = [f"add {{phase: {parked.phase}, by: <you>, decision: {each.title()}}} to spec.approvals" for each in written]
    ways += ["set spec.state to Rollback"] if "rollback" in parked.choices else []
    return f"{parked.phase}: {parked.diagnosis} Next: {parked.remedy} Then {', or '.join(ways)}"


def _preflight(seen: MigrationStatus) -> ConditionUpdate:
    record = next((each for each in seen.phases if each.phase is PhaseName.PREFLIGHT), None)
    if record and record.state is PhaseState.COMPLETED:
        return ConditionUpdate(PREFLIGHT_PASSED, "True", "NothingCritical", "; ".join(record.evidence))
    if record and record.state is PhaseState.FAILED:
        return ConditionUpdate(PREFLIGHT_PASSED, "False", "Critical", record.message)
    return ConditionUpdate(
        PREFLIGHT_PASSED, "Unknown", "Examining", "preflight reads the cluster and the vCenters; nothing is changed"
    )


def _succeeded(seen: MigrationStatus) -> ConditionUpdate:
    if seen.state is State.COMPLETED:
        return ConditionUpdate(SUCCEEDED, "True", "Completed", seen.message)
    return ConditionUpdate(SUCCEEDED, "False" if seen.state.final else "Unknown", seen.state.value, seen.message)


def _official(seen: MigrationStatus) -> Iterator[ConditionUpdate]:
    records = {each.phase: each for each in seen.phases}
    for kind, phases in OFFICIAL.items():
        states = [records[each].state for each in phases if each in records]
        if states and all(each in {PhaseState.COMPLETED, PhaseState.SKIPPED} for each in states):
            yield ConditionUpdate(kind, "True", "Completed", _proof(seen, phases))
        elif PhaseState.FAILED in states:
            yield ConditionUpdate(kind, "False", "Failed", seen.message)
        elif {PhaseState.UNDOING, PhaseState.UNDONE} & set(states):
            yield ConditionUpdate(kind, "False", "RolledBack", seen.message)
        else:
            under_way = seen.phase in phases and not seen.state.final
            yield ConditionUpdate(
                kind, "False", "Progressing" if under_way else "Pending", seen.message if under_way else ""
            )


def _proof(seen: MigrationStatus, phases: tuple[PhaseName, ...]) -> str:
    return "; ".join(line for each in seen.phases if each.phase in phases for line in each.evidence)
