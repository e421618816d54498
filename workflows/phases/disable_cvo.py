"""Phase 3: quiesce what would fight the migration.

MachineHealthChecks would remediate nodes that are slow to join; MachineAutoscalers would scale the very MachineSets
that are being replaced. The cluster-version-operator is left alone on this strategy: with the gate
VSphereMultiVCenterDay2 no rule has to come off the Infrastructure CRD, so there is nothing for it to put back.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.quiesce import Quiesce, QuiesceOrder
    from migration.phase import PhaseName
    from workflows.run import Run

name = PhaseName.DISABLE_CVO


async def do(run: Run) -> list[str]:
    """Pause the health checks that were not paused, and set the autoscalers aside."""
    plan = run.plan
    order = QuiesceOrder(cluster=plan.cluster, migration=plan.migration, namespace=plan.namespace, found=plan.quiesced)
    paused = await run.act(Quiesce.pause_health_checks, order, f"pause {_many(plan.quiesced.health_checks)}")
    aside = await run.act(Quiesce.set_autoscalers_aside, order, f"set aside {_many(plan.quiesced.autoscalers)}")
    return [
        f"MachineHealthChecks paused: {', '.join(paused.names) or 'none to pause'}",
        f"MachineAutoscalers set aside: {', '.join(aside.names) or 'none there'}",
        f"cluster-version-operator not needed to stop: strategy {plan.strategy}",
    ]


def _many(objects: list[object] | list) -> str:  # type: ignore[type-arg]
    return f"{len(objects)} object{'' if len(objects) == 1 else 's'}"
