"""Who a configured cluster is."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.run.request import ClusterIdentity, ClusterName
from openshift.api.resources import CLUSTER_VERSION
from openshift.infrastructure import get_infrastructure, read_infrastructure
from openshift.operators import read_version


class Identity:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="read_identity")
    async def read(self, name: ClusterName) -> ClusterIdentity:
        """What the cluster says of itself."""
        cluster = await self._context.cluster(name.cluster)
        infrastructure = read_infrastructure(await get_infrastructure(cluster))
        version = read_version(await cluster.get(CLUSTER_VERSION, "version"))
        return ClusterIdentity(
            cluster=name.cluster,
            infrastructure_name=infrastructure.name,
            version=version.version,
            api_server=infrastructure.api_server,
        )
