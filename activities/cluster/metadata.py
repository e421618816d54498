"""The installer's metadata.json, so that `openshift-install destroy cluster` finds the cluster where it is now."""

from base64 import b64encode

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.documents.metadata_json import VCenterAccess, metadata_json
from migration.frozen_model import FrozenModel
from migration.plan import VCenterPlan
from openshift.api.documents import get_path
from openshift.api.resources import SECRET
from openshift.secrets import read_credentials


class MetadataOrder(FrozenModel):
    """What the file says but for the credentials, which are read here."""

    cluster: str
    namespace: str
    infrastructure_name: str
    cluster_id: str
    vcenters: list[VCenterPlan]


class MetadataWritten(FrozenModel):
    """Where it is."""

    namespace: str
    name: str


class Metadata:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="write_metadata")
    async def write(self, order: MetadataOrder) -> MetadataWritten:
        """Write it as a Secret without an owner: it must outlive the migration and its custom resource."""
        cluster = await self._context.cluster(order.cluster)
        access = []
        for each in order.vcenters:
            address = each.reference.credentials
            credentials = await read_credentials(
                cluster, server=each.server, namespace=address.namespace, name=address.name
            )
            access.append(
                VCenterAccess(
                    server=each.server,
                    username=credentials.username,
                    password=credentials.password,
                )
            )
        text = metadata_json(
            cluster_name=order.infrastructure_name.rpartition("-")[0] or order.infrastructure_name,
            cluster_id=order.cluster_id,
            infrastructure_name=order.infrastructure_name,
            vcenters=access,
        )
        name = f"{order.infrastructure_name}-metadata"
        data = {"metadata.json": b64encode(text.encode()).decode()}
        present = await cluster.find(SECRET, name, namespace=order.namespace)
        if present is None or get_path(present, "data") != data:
            await cluster.apply(
                SECRET, {"metadata": {"name": name, "namespace": order.namespace}, "type": "Opaque", "data": data}
            )
        return MetadataWritten(namespace=order.namespace, name=name)
