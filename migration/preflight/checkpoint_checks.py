"""What an earlier migration of the same cluster left unfinished.

A plan pinned on a half-changed cluster would take the change for how it was before: a MachineHealthCheck that we paused
would count as paused by its owner, and a rollback would leave it so.
"""

from migration.concern import Category
from migration.documents import infrastructure
from migration.preflight.check import Check, Finding
from migration.preflight.facts import Facts
from migration.run.checkpoint import checkpoint_name
from migration.spec.model import MigrationSpec


def _unfinished(_: MigrationSpec, facts: Facts) -> Finding | None:
    record = facts.record
    if record is None or record.ended:
        return None
    return Finding(
        assessment=f"{record.workflow} (run {record.run}) {record.progress}, and has not ended: what it changed would "
        "be taken for how the cluster was before.",
        objects=[record.workflow],
    )


def _unreadable(_: MigrationSpec, facts: Facts) -> Finding | None:
    secret = checkpoint_name(infrastructure.name(facts.infrastructure))
    return Finding(assessment=facts.record_problem, objects=[secret]) if facts.record_problem else None


CHECKS = (
    Check(
        id="migration.unfinished",
        category=Category.CRITICAL,
        label="A migration of this cluster has not ended",
        remedy="If it still runs, follow it (`vcfm status -w`). If its workflow is gone, take it over: `vcfm adopt` "
        "goes on with it, `vcfm adopt --rollback` undoes it (REST: POST /api/v1/adoptions).",
        find=_unfinished,
    ),
    Check(
        id="migration.run.checkpoint-unreadable",
        category=Category.CRITICAL,
        label="The record of an earlier migration cannot be read",
        remedy="Do what the assessment says; until then nobody can tell what is changed and what is not.",
        find=_unreadable,
    ),
)
