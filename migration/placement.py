"""What Machine API looks up on a vCenter to make a machine: template, datastore, resource pool and folder, by name.

Of a MachineSet it is what the provider spec says. Of a control plane with failure domains it is what the
ControlPlaneMachineSet's operator puts into the provider spec (`InjectFailureDomain`), of the template the last part of
its path alone: the path of Infrastructure need not exist, and on clusters that the installer made it does not, since
the installer imports the template into the cluster's folder and writes down another.
"""

from migration.frozen_model import FrozenModel, KubeObject
from migration.spec.failure_domain import FailureDomain


class Placement(FrozenModel):
    """Names as Machine API hands them to vCenter: plain, as path, or empty for the only one there is."""

    datacenter: str
    template: str
    datastore: str
    resource_pool: str
    folder: str


def of_provider_spec(provider: KubeObject) -> Placement:
    """What a provider spec names."""
    workspace = provider.get("workspace") or {}
    return Placement(
        datacenter=workspace.get("datacenter") or "",
        template=provider.get("template") or "",
        datastore=workspace.get("datastore") or "",
        resource_pool=workspace.get("resourcePool") or "",
        folder=workspace.get("folder") or "",
    )


def of_failure_domain(domain: FailureDomain, *, infrastructure_name: str) -> Placement:
    """What the provider spec of a control-plane Machine in that failure domain names."""
    place = domain.completed(infrastructure_name).topology
    return Placement(
        datacenter=place.datacenter,
        template=(place.template or "").rpartition("/")[2],
        datastore=place.datastore,
        resource_pool=place.resource_pool or "",
        folder=place.folder or "",
    )
