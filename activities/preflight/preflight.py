"""Preflight: read the cluster and the vCenters, evaluate them, and pin the plan. Read-only.

Read and evaluated in one activity, because the facts are megabytes on a large cluster and the result is a few lines:
only concerns and plan go into history. What cannot be read of a vCenter is a concern like any other; what cannot be
read of the cluster is worth another attempt.
"""

from activities.cluster.machine_views import views
from activities.preflight.inspect_cluster import read_facts
from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.concern import Category, Concern, blocking
from migration.documents import infrastructure
from migration.documents.infrastructure import InfrastructureError
from migration.frozen_model import FrozenModel
from migration.preflight.evaluate import evaluate
from migration.preflight.planning import make_plan
from migration.run.request import PreflightResult
from migration.spec.model import MigrationSpec
from openshift.api.client import Cluster
from openshift.errors import Conflict, Invalid
from openshift.infrastructure import get_infrastructure, patch_infrastructure
from openshift.machines import read_machine

LEGACY_RULE = "cannot be added or removed once set"


class PreflightInput(FrozenModel):
    """What was asked for, of which cluster."""

    migration: str
    run: str
    cluster: str
    spec: MigrationSpec


class Preflight:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="preflight")
    async def examine(self, question: PreflightInput) -> PreflightResult:
        """Read, evaluate, dry-run the one patch that OpenShift may refuse, and pin the plan if nothing is Critical."""
        cluster = await self._context.cluster(question.cluster)
        namespace = self._context.settings.namespace
        facts = await read_facts(self._context, cluster, question.spec, name=question.cluster)
        concerns = evaluate(question.spec, facts)
        if not blocking(concerns):
            concerns += await _rehearse(cluster, question.spec)
        plan = (
            None
            if blocking(concerns)
            else make_plan(
                question.spec,
                facts,
                migration=question.migration,
                run=question.run,
                cluster=question.cluster,
                namespace=namespace,
            )
        )
        machines = [read_machine(each) for each in facts.machines]
        return PreflightResult(
            concerns=concerns,
            plan=plan,
            nodes=list(views(machines, {each["metadata"]["name"]: each for each in facts.nodes})),
        )


async def _rehearse(cluster: Cluster, spec: MigrationSpec) -> list[Concern]:
    """Send the patch of `update_infrastructure` to the API server as a dry run.

    What a cluster enforces is a matter of its CRD, its feature gate and its admission policies; only it can tell.
    """
    document = await get_infrastructure(cluster)
    name = infrastructure.name(document)
    try:
        patch = infrastructure.add(
            document,
            vcenters=infrastructure.targets(spec),
            failure_domains=[each.completed(name) for each in spec.failure_domains],
        )
        if patch:
            await patch_infrastructure(cluster, patch, dry_run=True)
    except (Invalid, Conflict, InfrastructureError) as error:
        said = str(error.args[0])
        return [
            Concern(
                id="infrastructure.refused",
                category=Category.CRITICAL,
                label="The cluster refuses a second vCenter",
                assessment=f"Infrastructure/cluster, tried without changing it: {said}",
                remedy=(
                    "Enable the feature gate VSphereMultiVCenterDay2 (this release of vcf-migration needs it), wait "
                    "until the cluster operators are stable, and try again."
                    if LEGACY_RULE in said
                    else "Correct what the message names, and try again."
                ),
                objects=["Infrastructure/cluster"],
            )
        ]
    return []
