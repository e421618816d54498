"""`Infrastructure/cluster`: read as values, changed by patches that `migration.documents.infrastructure` computes.

The object is everybody's: installer, operators and admins write fields we do not know, so it is never written whole.
"""

from typing import Any

from pydantic import ValidationError

from migration.documents import infrastructure
from migration.documents.infrastructure import VCenter
from migration.frozen_model import Document, Value
from migration.spec.failure_domain import FailureDomain
from openshift.api.client import Cluster
from openshift.api.documents import dig, need
from openshift.api.resources import INFRASTRUCTURE
from openshift.errors import Unexpected

NAME = "cluster"


class Infrastructure(Value):
    """What the cluster says of itself and of where it runs.

    Attributes:
        name: the infrastructure name, `ocp1-x7x2g`: prefix of Machines, folder and ownership tag.
        platform: `VSphere` is the only one a migration is for.
        failure_domains: fields that we do not know are left out; the document has them.
        cloud_config: name and key of the ConfigMap in openshift-config.
        api_vips, ingress_vips: addresses that OpenShift itself moves between nodes; empty with a load balancer.
    """

    name: str
    platform: str
    api_server: str
    topology: str
    vcenters: list[VCenter]
    failure_domains: list[FailureDomain]
    cloud_config: tuple[str, str]
    api_vips: list[str]
    ingress_vips: list[str]


async def get_infrastructure(cluster: Cluster) -> Document:
    """The document, for `migration.documents.infrastructure`'s patches and for `read_infrastructure`."""
    return await cluster.get(INFRASTRUCTURE, NAME)


async def patch_infrastructure(cluster: Cluster, operations: list[Document], *, dry_run: bool = False) -> Document:
    """Apply a JSON patch of `migration.documents.infrastructure`; raises `Conflict` when it no longer fits, `Invalid`
    by CEL."""
    return await cluster.patch_json(INFRASTRUCTURE, NAME, operations, dry_run=dry_run)


def read_infrastructure(document: Document) -> Infrastructure:
    """The document, read; raises `Unexpected` for what no vSphere cluster lacks."""
    platform = dig(document, "status", "platformStatus", "vsphere") or {}
    return Infrastructure(
        name=need(document, "status", "infrastructureName"),
        platform=dig(document, "spec", "platformSpec", "type") or dig(document, "status", "platform") or "",
        api_server=dig(document, "status", "apiServerURL") or "",
        topology=dig(document, "status", "controlPlaneTopology") or "",
        vcenters=[_read(VCenter, {"datacenters": []} | each) for each in infrastructure.vcenters(document)],
        failure_domains=[_read(FailureDomain, each) for each in infrastructure.failure_domains(document)],
        cloud_config=(
            dig(document, "spec", "cloudConfig", "name") or "cloud-provider-config",
            dig(document, "spec", "cloudConfig", "key") or "config",
        ),
        api_vips=platform.get("apiServerInternalIPs") or [],
        ingress_vips=platform.get("ingressIPs") or [],
    )


def _read(kind: type[Any], document: Document) -> Any:
    try:
        return kind.model_validate(document, extra="ignore")
    except ValidationError as error:
        field = ".".join(str(each) for each in error.errors()[0]["loc"])
        what = document.get("name") or document.get("server")
        raise Unexpected(
            f"Infrastructure cluster: {kind.__name__} {what}: {field}: {error.errors()[0]['msg']}"
        ) from error
