"""Phase 10: the cluster must be stable with both vCenters before any machine moves."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.health import Health, StableExpected
    from migration.phase import PhaseName
    from workflows import budgets
    from workflows.run import Run

name = PhaseName.MONITOR_HEALTH


async def do(run: Run) -> list[str]:
    """Wait for a whole window of calm; machine-config is excused while two vCenters are configured."""
    stable = await run.wait(
        Health.wait_stable,
        StableExpected(cluster=run.plan.cluster, excused=["machine-config"], at_most=budgets.STABLE),
        "wait until every operator is stable",
        at_most=budgets.STABLE,
    )
    return [stable.evidence]
