"""What a test puts into a journal."""

from datetime import UTC, datetime
from typing import Any

from journal.store import Journal
from migration.audit.call import Call, Scope
from migration.phase import PhaseName
from migration.run.status import Decision

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def call(**changes: Any) -> Call:
    given: dict[str, Any] = {
        "system": "kubernetes",
        "server": "api.example:6443",
        "method": "PATCH",
        "target": "/apis/config.openshift.io/v1/infrastructures/cluster",
        "mutating": True,
        "started": AT,
        "seconds": 0.25,
        "outcome": "ok",
    }
    return Call(**(given | changes))


def scope(**changes: Any) -> Scope:
    given: dict[str, Any] = {"migration": "vcfm-a", "run": "run-1", "phase": "create_tags", "activity": "ensure_tags"}
    return Scope(**(given | changes))


def decision(**changes: Any) -> Decision:
    """Not validated, so that a test can put into a journal what no client could send."""
    made = Decision(at=AT, verb="approve", phase=PhaseName.CLEANUP, by="ann", reason="window", channel="rest")
    return made.model_copy(update=changes)


def decide(journal: Journal, said: Decision | None = None, *, run: str = "run-1", number: int = 1) -> None:
    journal.decide(said or decision(), migration="vcfm-a", run=run, key=f"{run}:{number}")
