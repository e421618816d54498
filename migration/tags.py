"""Which vSphere tags a migration needs on a target vCenter, and on what: a plan of tags, without ids and wire forms.

OpenShift's components look these up by name. The cloud provider and Machine API read a machine's region and zone off
its datacenter and compute cluster; Machine API puts the ownership tag on each VM it makes, silently leaving it off
while the tag does not exist; `openshift-install destroy` deletes what carries it. Names, cardinality and associable
types are the installer's. Region and zone categories are shared by all clusters of a vCenter and are never changed.
"""

from migration.failure_domain import FailureDomain
from migration.value import Value

OWNERSHIP_DESCRIPTION = "Added by openshift-install do not remove"


class Category(Value):
    """A tag category.

    Attributes:
        cardinality: SINGLE, one tag of the category on an object.
        associable: kinds of objects it is created for.
        needed: kinds without which an existing category of the name cannot be used.
    """

    name: str
    description: str
    cardinality: str = "SINGLE"
    associable: frozenset[str]
    needed: frozenset[str]


class WantedTag(Value):
    """A tag, and the object that must carry it (kind and inventory path)."""

    category: Category
    name: str
    description: str
    kind: str
    path: str


_TOPOLOGY = frozenset({"Datacenter", "ClusterComputeResource", "Datastore", "Folder"})
_CARRIERS = frozenset({"Datacenter", "ClusterComputeResource"})

REGION = Category(
    name="openshift-region",
    description="OpenShift region for failure domain topology",
    associable=_TOPOLOGY,
    needed=_CARRIERS,
)
ZONE = Category(
    name="openshift-zone",
    description="OpenShift zone for failure domain topology",
    associable=_TOPOLOGY,
    needed=_CARRIERS,
)


def ownership(infrastructure_name: str) -> Category:
    """The category of the tag that marks what belongs to one cluster; the tag is named like the infrastructure."""
    return Category(
        name=f"openshift-{infrastructure_name}",
        description=OWNERSHIP_DESCRIPTION,
        associable=frozenset({"VirtualMachine", "ResourcePool", "Folder", "Datastore", "StoragePod"}),
        needed=frozenset({"VirtualMachine", "Folder"}),
    )


def wanted(domain: FailureDomain, *, infrastructure_name: str) -> list[WantedTag]:
    """The tags of a failure domain: region on its datacenter, zone on its compute cluster, ownership on its folder."""
    place = domain.completed(infrastructure_name).topology
    return [
        WantedTag(
            category=REGION,
            name=domain.region,
            description=f"OpenShift region {domain.region}",
            kind="Datacenter",
            path=f"/{place.datacenter}",
        ),
        WantedTag(
            category=ZONE,
            name=domain.zone,
            description=f"OpenShift zone {domain.zone}",
            kind="ClusterComputeResource",
            path=place.compute_cluster,
        ),
        WantedTag(
            category=ownership(infrastructure_name),
            name=infrastructure_name,
            description=OWNERSHIP_DESCRIPTION,
            kind="Folder",
            path=place.folder or "",
        ),
    ]
