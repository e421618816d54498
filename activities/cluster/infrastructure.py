"""`Infrastructure/cluster`: the target added, the source removed."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from migration.documents import infrastructure
from migration.documents.infrastructure import VCenterEntry
from migration.frozen_model import FrozenModel, KubeObject
from migration.plan import VCenterPlan
from migration.spec.failure_domain import FailureDomain
from openshift.api.client import Cluster
from openshift.infrastructure import get_infrastructure, patch_infrastructure


class AddVCenters(FrozenModel):
    """vCenters and failure domains that Infrastructure must know."""

    cluster: str
    vcenters: list[VCenterPlan]
    failure_domains: list[FailureDomain]


class RemoveVCenter(FrozenModel):
    """A vCenter, by the name that preflight pinned, that Infrastructure must forget with its failure domains."""

    cluster: str
    server: str


class Listed(FrozenModel):
    """What Infrastructure lists when read back."""

    servers: list[str]
    failure_domains: list[str]


class InfrastructureConfig:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="add_vcenters")
    async def add(self, order: AddVCenters) -> Listed:
        """Add what is missing, and see that nothing else changed."""
        cluster = await self._context.cluster(order.cluster)
        before = await get_infrastructure(cluster)
        patch = infrastructure.add(before, vcenters=entries(order.vcenters), failure_domains=order.failure_domains)
        after = await _patched(cluster, patch)
        lost = [each for each in infrastructure.servers(before) if each not in infrastructure.servers(after)]
        if lost:
            raise WaitFailed(
                f"Infrastructure/cluster no longer lists {', '.join(lost)} after the target was added",
                remedy="somebody else edits it: find out who (metadata.managedFields), restore the entry, then retry",
            )
        return _listed(after)

    @defined(name="remove_vcenter")
    async def remove(self, order: RemoveVCenter) -> Listed:
        """Remove exactly that vCenter and its failure domains, in one patch."""
        cluster = await self._context.cluster(order.cluster)
        patch = infrastructure.remove(await get_infrastructure(cluster), servers=[order.server])
        return _listed(await _patched(cluster, patch))


def entries(vcenters: list[VCenterPlan]) -> list[VCenterEntry]:
    """The plan's vCenters as Infrastructure spells them."""
    return [
        VCenterEntry(server=each.server, port=each.reference.port, datacenters=each.datacenters) for each in vcenters
    ]


async def _patched(cluster: Cluster, patch: list[KubeObject]) -> KubeObject:
    if patch:
        await patch_infrastructure(cluster, patch)
    return await get_infrastructure(cluster)


def _listed(document: KubeObject) -> Listed:
    return Listed(
        servers=infrastructure.servers(document),
        failure_domains=[each["name"] for each in infrastructure.failure_domains(document)],
    )
