"""The final report: every claim made from what is read now, never from what was done."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.verify import cluster_claims, vcenter_claims
from migration.frozen_model import FrozenModel
from migration.plan import Plan, SecretAddress, VCenterReference
from migration.run.status import Claim, MachineView
from openshift import secrets
from openshift.api.resources import SECRET
from openshift.backups import backup_name
from openshift.machines import list_machines
from openshift.nodes import list_nodes


class ClusterClaims(FrozenModel):
    """The plan whose outcome is claimed."""

    plan: Plan


class VCenterClaims(FrozenModel):
    """The plan, and the machines that the cluster says it has."""

    plan: Plan
    machines: list[MachineView]


class ClusterReport(FrozenModel):
    """What the cluster says, and the machines it says it has."""

    claims: list[Claim]
    machines: list[MachineView]


class VCenterReport(FrozenModel):
    """What the vCenters say."""

    claims: list[Claim]


class Verification:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="verify_cluster")
    async def cluster(self, order: ClusterClaims) -> ClusterReport:
        """Every claim that the cluster's own objects can prove."""
        plan = order.plan
        cluster = await self._context.cluster(plan.cluster)
        machines = await list_machines(cluster)
        claims = await cluster_claims.made(cluster, plan, machines)
        ready = {each.name for each in await list_nodes(cluster) if each.ready}
        return ClusterReport(
            claims=claims,
            machines=[
                MachineView(
                    name=each.name, role=each.role, server=each.server, phase=each.phase, ready=each.node in ready
                )
                for each in machines
            ],
        )

    @defined(name="verify_vcenters")
    async def vcenters(self, order: VCenterClaims) -> VCenterReport:
        """Every claim that only the vCenters can prove."""
        plan = order.plan
        claims: list[Claim] = []
        for target in plan.targets:
            claims += await self._context.on(target.reference, vcenter_claims.target, plan, target, order.machines)
        claims.append(await self._context.on(_as_it_was(plan), vcenter_claims.source, plan))
        return VCenterReport(claims=claims)


def _as_it_was(plan: Plan) -> VCenterReference:
    """The source, with the credentials of the before-image: the cluster itself has none for it any more."""
    namespace, name = secrets.CREDENTIALS
    image = backup_name(SECRET, name=name, namespace=namespace, migration=plan.key)
    return plan.source.reference.model_copy(
        update={"credentials": SecretAddress(namespace=plan.namespace, name=image, before_image=True)}
    )
