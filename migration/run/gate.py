"""What a gate asks: what the phase is about to do, to which objects, for how long, and what each answer does."""

from datetime import datetime

from migration.phase import FIRST_GATE, POINT_OF_NO_RETURN, PhaseName, number, row
from migration.run.status import Gate, MigrationStatus
from migration.spec.model import ApprovalMode, MigrationSpec


def is_gated(phase: PhaseName, spec: MigrationSpec) -> bool:
    """Whether somebody must approve before the phase begins."""
    if spec.gates:
        return phase in spec.gates
    return spec.approval_mode is ApprovalMode.MANUAL and number(phase) >= number(FIRST_GATE)


def make_gate(phase: PhaseName, touches: list[str], *, since: datetime, rollback_readiness: str = "") -> Gate:
    """The question; `touches` is what the phase's module says that it changes, object by object."""
    known = row(phase)
    return Gate(
        phase=phase,
        since=since,
        asks=f"{known.title}?" + (" After this it cannot be rolled back." if known.point_of_no_return else ""),
        blast_radius=touches or ["nothing is changed"],
        duration=known.duration,
        approve=f"{phase} begins",
        reject="everything done so far is rolled back"
        if number(phase) <= number(POINT_OF_NO_RETURN)
        else f"is refused: it cannot be rolled back after {POINT_OF_NO_RETURN} has begun, and it waits on",
        rollback_readiness=rollback_readiness,
    )


def who_approves(status: MigrationStatus) -> str:
    """Whose approval counts, in words; empty where anybody's does."""
    rules = [
        f"somebody else than {status.requested_by}, who asked for it" if status.separate_approver else "",
        "by REST, vcfm or the custom resource, which sign it" if status.signed else "",
    ]
    return ", ".join(filter(None, rules))
