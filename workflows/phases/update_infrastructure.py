"""Phase 7: Infrastructure learns the target's vCenters and failure domains, and loses nothing of the source's."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.infrastructure import AddVCenters, InfrastructureConfig
    from migration.phase import PhaseName
    from workflows.run import Run

name = PhaseName.UPDATE_INFRASTRUCTURE


async def do(run: Run) -> list[str]:
    """Add by JSON patch, so that a concurrent change is a conflict and never an overwrite."""
    plan = run.plan
    listed = await run.act(
        InfrastructureConfig.add,
        AddVCenters(cluster=plan.cluster, vcenters=plan.targets, failure_domains=plan.failure_domains),
        f"add {', '.join(plan.target_servers)} to Infrastructure/cluster",
    )
    return [
        f"Infrastructure lists vCenters {', '.join(listed.servers)}",
        f"and failure domains {', '.join(listed.failure_domains)}",
    ]
