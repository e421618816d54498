"""The point of no return. The source vCenter leaves every configuration of the cluster.

What is "the source" was pinned by preflight: each step removes exactly that name, so that a second attempt of any of
them finds nothing left to remove instead of removing the target. MachineSets go first, since OpenShift refuses to
remove a failure domain that one still refers to.
"""

from activities.cluster.cloud_config import CloudConfig, GeneratedExpected, RemoveFromConfig
from activities.cluster.credentials import CopiesExpected, Credentials, RemoveCredentials
from activities.cluster.infrastructure import InfrastructureConfig, RemoveVCenter
from activities.cluster.machine_sets import MachineSetNames, MachineSets
from activities.cluster.metadata import Metadata, MetadataOrder
from activities.cluster.quiesce import Quiesce, QuiesceOrder, RestoreAutoscalers
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run
from workflows.shared_steps import RESTARTED_PODS, restart_vsphere_pods

name = PhaseName.CLEANUP


def touches(plan: Plan) -> list[str]:
    """Everything that names the source, and what was quiesced."""
    source = plan.source.server
    return [
        *(f"MachineSet {each.name}: deleted" for each in plan.source_sets),
        f"Infrastructure/cluster: - vCenter {source} and its failure domains",
        f"ConfigMap openshift-config/{plan.cloud_config}: - vCenter {source}",
        f"Secret kube-system/vsphere-creds: - keys of {source}",
        RESTARTED_PODS,
        *(f"MachineHealthCheck {each.name}: goes on" for each in plan.quiesced.health_checks),
        *(f"MachineAutoscaler {each.name}: over the new MachineSets" for each in plan.quiesced.autoscalers),
        f"+ Secret in {plan.namespace}: the metadata.json with which an installer destroys the cluster one day",
    ]


async def do(run: Run) -> list[str]:
    """Forget the source, restart what had read of it, and give back what was quiesced."""
    return [
        *await _forget_source(run),
        *await restart_vsphere_pods(run),
        *await _restore_quiesced(run),
        await _write_metadata(run),
    ]


async def _forget_source(run: Run) -> list[str]:
    plan = run.plan
    sets = [each.name for each in plan.source_sets]
    source = plan.source.server
    await run.act(MachineSets.delete, MachineSetNames(cluster=plan.cluster, names=sets), f"delete {', '.join(sets)}")
    listed = await run.act(
        InfrastructureConfig.remove,
        RemoveVCenter(cluster=plan.cluster, server=source),
        f"remove {source} from Infrastructure/cluster",
    )
    await run.act(
        CloudConfig.remove,
        RemoveFromConfig(
            cluster=plan.cluster,
            config_map=plan.cloud_config,
            key=plan.cloud_config_key,
            server=source,
            replacement=plan.failure_domains[0],
        ),
        f"remove {source} from openshift-config/{plan.cloud_config}",
    )
    await run.wait(
        CloudConfig.wait_generated,
        GeneratedExpected(cluster=plan.cluster, servers=plan.target_servers, at_most=timeouts.COPIES),
        "wait until the generated configs list the target alone",
        at_most=timeouts.COPIES,
    )
    await run.act(
        Credentials.remove,
        RemoveCredentials(cluster=plan.cluster, server=source),
        f"remove {source}'s keys from vsphere-creds",
    )
    await run.wait(
        Credentials.wait_copied,
        CopiesExpected(cluster=plan.cluster, servers=[source, *plan.target_servers], at_most=timeouts.COPIES),
        "wait for the components' copies of vsphere-creds",
        at_most=timeouts.COPIES,
    )
    return [f"MachineSets {', '.join(sets)} deleted", f"Infrastructure lists {', '.join(listed.servers)} alone"]


async def _restore_quiesced(run: Run) -> list[str]:
    plan = run.plan
    order = QuiesceOrder(cluster=plan.cluster, migration=plan.key, namespace=plan.namespace, found=plan.quiesced)
    resumed = await run.act(Quiesce.resume_health_checks, order, "resume the MachineHealthChecks")
    restored = await run.act(
        Quiesce.restore_autoscalers,
        RestoreAutoscalers(quiesced=order, new_sets=plan.new_sets),
        "put MachineAutoscalers over the new MachineSets",
    )
    return [
        f"MachineHealthChecks as they were: {', '.join(resumed.names) or 'none had been paused'}",
        f"MachineAutoscalers over the new sets: {', '.join(restored.names) or 'none had been there'}",
    ]


async def _write_metadata(run: Run) -> str:
    plan = run.plan
    written = await run.act(
        Metadata.write,
        MetadataOrder(
            cluster=plan.cluster,
            namespace=plan.namespace,
            infrastructure_name=plan.infrastructure_name,
            cluster_id=plan.cluster_id,
            vcenters=plan.targets,
        ),
        "write the installer's metadata.json",
    )
    return f"metadata.json in Secret {written.namespace}/{written.name}"
