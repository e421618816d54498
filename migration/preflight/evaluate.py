"""Evaluates every check of preflight and returns every concern, the gravest first."""

from migration.concern import Category, Concern
from migration.preflight import checkpoint_checks, cluster_checks, machine_checks, vsphere_checks
from migration.preflight.facts import Facts
from migration.spec.model import MigrationSpec

CHECKS = (*checkpoint_checks.CHECKS, *cluster_checks.CHECKS, *vsphere_checks.CHECKS, *machine_checks.CHECKS)
"""A new concern is one function and one row."""

_GRAVITY = list(Category)


def evaluate(spec: MigrationSpec, facts: Facts) -> list[Concern]:
    """All concerns about a valid spec (`migration.spec.rules`) in the light of what preflight read.

    Ordered by gravity, then as the checks stand in their tables. No Critical one: the migration may start.
    """
    concerns = [concern for check in CHECKS if (concern := check(spec, facts))]
    return sorted(concerns, key=lambda concern: _GRAVITY.index(concern.category))
