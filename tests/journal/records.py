"""What a test puts into a journal."""

from datetime import UTC, datetime
from typing import Any

from journal.decisions import Decision
from migration.audit.call import Call, Scope

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
    given: dict[str, Any] = {
        "key": "run-1:1",
        "at": AT,
        "migration": "vcfm-a",
        "run": "run-1",
        "phase": "cleanup",
        "verb": "approve",
        "by": "ann",
        "reason": "window",
        "channel": "rest",
        "outcome": "granted",
    }
    return Decision(**(given | changes))
