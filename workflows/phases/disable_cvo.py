"""Quiesce what would fight the migration.

MachineHealthChecks would remediate nodes that are slow to join; MachineAutoscalers would scale the very MachineSets
that are being replaced. The cluster-version-operator is left alone on this strategy: with the gate
VSphereMultiVCenterDay2 no rule has to come off the Infrastructure CRD, so there is nothing for it to put back.
"""

from activities.cluster.quiesce import Quiesce, QuiesceOrder
from migration.phase import PhaseName
from migration.plan import Plan
from workflows.run import Run

name = PhaseName.DISABLE_CVO


def touches(plan: Plan) -> list[str]:
    """The MachineHealthChecks and MachineAutoscalers that preflight found."""
    return [
        *(f"MachineHealthCheck {each.name}: paused" for each in plan.quiesced.health_checks),
        *(f"MachineAutoscaler {each.name}: set aside" for each in plan.quiesced.autoscalers),
    ]


async def do(run: Run) -> list[str]:
    """Pause the health checks that were not paused, and set the autoscalers aside."""
    plan = run.plan
    order = QuiesceOrder(cluster=plan.cluster, migration=plan.key, namespace=plan.namespace, found=plan.quiesced)
    paused = await run.act(Quiesce.pause_health_checks, order, "pause the MachineHealthChecks")
    aside = await run.act(Quiesce.set_autoscalers_aside, order, "set the MachineAutoscalers aside")
    return [
        f"MachineHealthChecks paused: {', '.join(paused.names) or 'none to pause'}",
        f"MachineAutoscalers set aside: {', '.join(aside.names) or 'none there'}",
        f"cluster-version-operator not needed to stop: strategy {plan.strategy}",
    ]


async def undo(run: Run) -> list[str]:
    """Give back exactly what was found: pauses that were ours, autoscalers as their before-images have them."""
    plan = run.plan
    order = QuiesceOrder(cluster=plan.cluster, migration=plan.key, namespace=plan.namespace, found=plan.quiesced)
    resumed = await run.act(Quiesce.resume_health_checks, order, "resume the MachineHealthChecks")
    back = await run.act(Quiesce.put_autoscalers_back, order, "put the MachineAutoscalers back")
    return [
        f"MachineHealthChecks as they were: {', '.join(resumed.names) or 'none had been paused'}",
        f"MachineAutoscalers as they were: {', '.join(back.names) or 'none had been there'}",
    ]
