"""Read everything on both sides, report every problem at once, and pin the plan."""

from temporalio import workflow

from activities.preflight.preflight import Preflight, PreflightInput
from migration.concern import blocking
from migration.phase import PhaseName
from migration.plan import Plan
from workflows.phase import PreflightRefused
from workflows.run import Run

name = PhaseName.PREFLIGHT


def touches(_plan: Plan) -> list[str]:
    """Nothing: it only reads, and there is no plan before it."""
    return []


async def do(run: Run) -> list[str]:
    """Ask once, and refuse while anything Critical stands: nothing has been changed yet."""
    result = await run.act(
        Preflight.examine,
        PreflightInput(migration=run.migration, run=workflow.info().run_id, cluster=run.cluster, spec=run.spec),
        "read both sides, evaluate, dry-run the patches",
    )
    run.tracker.concerned(result.concerns)
    run.tracker.saw(result.nodes)
    critical = blocking(result.concerns)
    if critical or result.plan is None:
        raise PreflightRefused(
            f"{len(critical)} problem(s), nothing was changed: "
            + "; ".join(f"{each.label}: {each.assessment} → {each.remedy}" for each in critical)
        )
    run.plan = result.plan
    plan = result.plan
    workers = sum(each.replicas for each in plan.new_sets)
    return [
        f"{plan.infrastructure_name} {plan.version}: {plan.source.server} → {', '.join(plan.target_servers)}",
        f"{plan.control_plane.replicas} masters, {workers} workers in {len(plan.new_sets)} sets, {plan.strategy}",
        f"{len(result.concerns)} concern(s), none Critical",
    ]
