"""Cloud-provider-config lists the target; the operators' generated copies follow."""

from activities.cluster.cloud_config import AddToConfig, CloudConfig, GeneratedExpected, RemoveFromConfig
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run

name = PhaseName.UPDATE_CONFIG


def touches(plan: Plan) -> list[str]:
    """The ConfigMap that people write; operators generate the others from it."""
    return [f"ConfigMap openshift-config/{plan.cloud_config}: + vCenter {', '.join(plan.target_servers)}"]


async def do(run: Run) -> list[str]:
    """Edit exactly the vCenter entries, keep everything else byte for byte, wait for both generated copies."""
    plan = run.plan
    await run.act(
        CloudConfig.add,
        AddToConfig(
            cluster=plan.cluster, config_map=plan.cloud_config, key=plan.cloud_config_key, vcenters=plan.targets
        ),
        f"add {', '.join(plan.target_servers)} to openshift-config/{plan.cloud_config}",
    )
    servers = [plan.source.server, *plan.target_servers]
    seen = await run.wait(
        CloudConfig.wait_generated,
        GeneratedExpected(cluster=plan.cluster, servers=servers, at_most=timeouts.COPIES),
        "wait for kube-cloud-config and cloud-conf",
        at_most=timeouts.COPIES,
    )
    return [f"{name} lists {', '.join(servers)}" for name in seen.names]


async def undo(run: Run) -> list[str]:
    """Remove the target's entries; the generated copies follow once Infrastructure, too, has forgotten the target."""
    plan = run.plan
    for server in plan.added_servers:
        await run.act(
            CloudConfig.remove,
            RemoveFromConfig(
                cluster=plan.cluster,
                config_map=plan.cloud_config,
                key=plan.cloud_config_key,
                server=server,
                replacement=plan.failure_domains[0],
            ),
            f"remove {server} from openshift-config/{plan.cloud_config}",
        )
    return [f"openshift-config/{plan.cloud_config} does not know {', '.join(plan.added_servers)}"]
