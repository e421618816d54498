"""Preflight's judgement: every check asked, every concern told, the gravest first."""

from migration import cluster_checks, machine_checks, record_checks, vsphere_checks
from migration.concern import Category, Concern
from migration.facts import Facts
from migration.spec import MigrationSpec

CHECKS = (*record_checks.CHECKS, *cluster_checks.CHECKS, *vsphere_checks.CHECKS, *machine_checks.CHECKS)
"""A new concern is one function and one row."""

_GRAVITY = list(Category)


def judge(spec: MigrationSpec, facts: Facts) -> list[Concern]:
    """All concerns about a valid spec (`migration.spec_rules`) in the light of what preflight read.

    Ordered by gravity, then as the checks stand in their tables. No Critical one: the migration may start.
    """
    concerns = [concern for check in CHECKS if (concern := check(spec, facts))]
    return sorted(concerns, key=lambda concern: _GRAVITY.index(concern.category))
