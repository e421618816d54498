"""Infrastructure learns the target's vCenters and failure domains, and loses nothing of the source's."""

from activities.cluster.cloud_config import CloudConfig, GeneratedExpected
from activities.cluster.infrastructure import AddVCenters, InfrastructureConfig, RemoveVCenter
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run

name = PhaseName.UPDATE_INFRASTRUCTURE


def touches(plan: Plan) -> list[str]:
    """The Infrastructure, by vCenter and failure domain."""
    return [
        f"Infrastructure/cluster: + vCenter {', '.join(plan.target_servers)}",
        *(f"Infrastructure/cluster: + failure domain {each.name}" for each in plan.failure_domains),
    ]


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


async def undo(run: Run) -> list[str]:
    """Remove exactly the target's vCenters and failure domains; the generated configs follow.

    In reverse order the config that people write has gone back already.
    """
    plan = run.plan
    for server in plan.added_servers:
        await run.act(
            InfrastructureConfig.remove,
            RemoveVCenter(cluster=plan.cluster, server=server),
            f"remove {server} from Infrastructure/cluster",
        )
    await run.wait(
        CloudConfig.wait_generated,
        GeneratedExpected(cluster=plan.cluster, servers=plan.known_servers, at_most=timeouts.COPIES),
        "wait until the generated configs list the vCenters of before",
        at_most=timeouts.COPIES,
    )
    return [f"Infrastructure does not know {', '.join(plan.added_servers)}"]
