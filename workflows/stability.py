"""Waiting for calm: before any machine moves, before success is claimed, and before a rollback is compared."""

from activities.cluster.health import Health, StableExpected
from workflows import timeouts
from workflows.run import Run


async def wait_until_stable(run: Run, *, excused: list[str]) -> str:
    """Wait until every operator but the excused has been calm for a whole window; returns the evidence."""
    stable = await run.wait(
        Health.wait_stable,
        StableExpected(cluster=run.plan.cluster, excused=excused, at_most=timeouts.STABLE),
        "wait until every operator is stable",
        at_most=timeouts.STABLE,
    )
    return stable.evidence
