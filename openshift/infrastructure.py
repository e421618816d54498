"""`Infrastructure/cluster`: read as values, changed by patches that `migration.documents.infrastructure` computes.

The object is everybody's: installer, operators and admins write fields we do not know, so it is never written whole.
"""

from typing import Any

from pydantic import ValidationError

from migration.documents import infrastructure
from migration.documents.infrastructure import VCenterEntry
from migration.frozen_model import FrozenModel, KubeObject
from migration.spec.failure_domain import FailureDomain
from openshift.api.client import Cluster
from openshift.api.documents import get_path, require
from openshift.api.resources import INFRASTRUCTURE
from openshift.errors import Unexpected

NAME = "cluster"


class Infrastructure(FrozenModel):
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
    vcenters: list[VCenterEntry]
    failure_domains: list[FailureDomain]
    cloud_config: tuple[str, str]
    api_vips: list[str]
    ingress_vips: list[str]


async def get_infrastructure(cluster: Cluster) -> KubeObject:
    """The document, for `migration.documents.infrastructure`'s patches and for `read_infrastructure`."""
    return await cluster.get(INFRASTRUCTURE, NAME)


async def patch_infrastructure(cluster: Cluster, operations: list[KubeObject], *, dry_run: bool = False) -> KubeObject:
    """Apply a JSON patch of `migration.documents.infrastructure`; raises `Conflict` when it no longer fits, `Invalid`
    by CEL.
    """
    return await cluster.patch_json(INFRASTRUCTURE, NAME, operations, dry_run=dry_run)


def read_infrastructure(document: KubeObject) -> Infrastructure:
    """The document, read; raises `Unexpected` for what no vSphere cluster lacks."""
    platform = get_path(document, "status", "platformStatus", "vsphere") or {}
    return Infrastructure(
        name=require(document, "status", "infrastructureName"),
        platform=get_path(document, "spec", "platformSpec", "type") or get_path(document, "status", "platform") or "",
        api_server=get_path(document, "status", "apiServerURL") or "",
        topology=get_path(document, "status", "controlPlaneTopology") or "",
        vcenters=[_read(VCenterEntry, {"datacenters": []} | each) for each in infrastructure.vcenters(document)],
        failure_domains=[_read(FailureDomain, each) for each in infrastructure.failure_domains(document)],
        cloud_config=(
            get_path(document, "spec", "cloudConfig", "name") or "cloud-provider-config",
            get_path(document, "spec", "cloudConfig", "key") or "config",
        ),
        api_vips=platform.get("apiServerInternalIPs") or [],
        ingress_vips=platform.get("ingressIPs") or [],
    )


def _read(kind: type[Any], document: KubeObject) -> Any:
    try:
        return kind.model_validate(document, extra="ignore")
    except ValidationError as error:
        field = ".".join(str(each) for each in error.errors()[0]["loc"])
        what = document.get("name") or document.get("server")
        raise Unexpected(
            f"Infrastructure cluster: {kind.__name__} {what}: {field}: {error.errors()[0]['msg']}"
        ) from error
