"""Which version of the worker runs which migration, where the operator names versions (`VCFM_BUILD_ID`).

A migration lives for hours or days and replays its history; a worker with other code in it could stop it. So it is
pinned: it stays with the version that began it, and new ones go to the deployment's *current* version. There is one
deployment for each task queue, named after it.
"""

from dataclasses import dataclass

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

Summary = WorkerDeploymentInfo.WorkerDeploymentVersionSummary


@dataclass(frozen=True)
class Deployment:
    """The versions of one task queue's workers that Temporal has seen.

    Attributes:
        current: the build that new migrations go to; empty while workers without a version do.
        token: makes a change fail that does not know of somebody else's.
    """

    name: str
    current: str
    versions: dict[str, Summary]
    token: bytes


def deployment_name(task_queue: str) -> str:
    """A deployment's name may hold no dot, and a site's task queue does (`vcf-migration.west`)."""
    return task_queue.replace(".", "-")


async def describe(client: Client, task_queue: str) -> Deployment | None:
    """The task queue's deployment; None before its first worker has asked for work. Raises RPCError."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment_name(task_queue))
    try:
        found = await client.workflow_service.describe_worker_deployment(request, retry=True)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    info = found.worker_deployment_info
    return Deployment(
        name=info.name,
        current=info.routing_config.current_deployment_version.build_id,
        versions={each.deployment_version.build_id: each for each in info.version_summaries},
        token=found.conflict_token,
    )


async def set_current(client: Client, deployment: Deployment, build_id: str) -> None:
    """Have new migrations go to that build, unless the deployment has changed meanwhile. Raises RPCError."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=deployment.name,
            build_id=build_id,
            conflict_token=deployment.token,
            identity=client.identity,
        ),
        retry=True,
    )


def by_hand(deployment: str, build_id: str) -> str:
    """The command that makes a build the current one."""
    return f"temporal worker deployment set-current-version --deployment-name {deployment} --build-id {build_id}"


def pinned_to(description: WorkflowExecutionDescription) -> WorkerDeploymentVersion | None:
    """The version whose workers alone run this workflow; None where any worker may."""
    info = description.raw_description.workflow_execution_info.versioning_info
    overridden = info.versioning_override.pinned.version
    version = overridden if overridden.build_id else info.deployment_version
    if not version.build_id:
        return None
    return WorkerDeploymentVersion(version.deployment_name, version.build_id)
