"""A failure domain as OpenShift spells it: `VSpherePlatformFailureDomainSpec` of config.openshift.io/v1 Infrastructure.

Lengths and patterns are those of the Infrastructure CRD, so that what passes here passes there.
"""

from typing import Annotated, Literal

from pydantic import Field

from migration.frozen_model import FrozenModel, KubeObject

Name = Annotated[str, Field(min_length=1, max_length=256)]
Tag = Annotated[str, Field(min_length=1, max_length=80)]
_LONGEST_PATH = 2048


class RegionAffinity(FrozenModel, use_attribute_docstrings=True):
    """What a region is made of."""

    type: Literal["ComputeCluster", "Datacenter"]
    """Datacenter: the region tag is on the datacenter. ComputeCluster cannot be migrated to yet."""


class HostGroup(FrozenModel, use_attribute_docstrings=True):
    """The groups and the rule that make a zone of some hosts of a compute cluster."""

    vm_group: Tag
    """Name of the VM group."""
    host_group: Tag
    """Name of the host group."""
    vm_host_rule: Tag
    """Name of the rule between them."""


class ZoneAffinity(FrozenModel, use_attribute_docstrings=True):
    """What a zone is made of."""

    type: Literal["HostGroup", "ComputeCluster"]
    """ComputeCluster: the zone tag is on the compute cluster. HostGroup cannot be migrated to yet."""
    host_group: HostGroup | None = None
    """For type HostGroup: the groups and the rule."""


class Topology(FrozenModel, use_attribute_docstrings=True):
    """Where machines of a failure domain live, as absolute inventory paths (the datacenter: by name)."""

    datacenter: Annotated[str, Field(min_length=1, max_length=80)]
    """Name of the datacenter."""
    compute_cluster: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/host/.*?")]
    """`/<datacenter>/host/<cluster>`."""
    datastore: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/datastore/.*?")]
    """`/<datacenter>/datastore/<datastore>`."""
    networks: Annotated[
        list[Annotated[str, Field(max_length=_LONGEST_PATH)]],
        Field(min_length=1, max_length=10),
    ]
    """Port groups of the machines' network cards, by name or as `/<datacenter>/network/<name>`."""
    resource_pool: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/host/.*?/Resources.*")] | None = None
    """`/<datacenter>/host/<cluster>/Resources/<pool>`; left out: the cluster's own pool."""
    folder: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/vm/.*?")] | None = None
    """`/<datacenter>/vm/<folder>`, made if missing; left out: a folder named like the cluster's infrastructure."""
    template: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/vm/.*?")] | None = None
    """`/<datacenter>/vm/<template>`; left out: the name that the installer would give it."""


class FailureDomain(FrozenModel, use_attribute_docstrings=True):
    """One failure domain; `region` and `zone` are the values of tags in `openshift-region` and `openshift-zone`."""

    name: Name
    """Its name; unique, also among the failure domains that the cluster has already."""
    region: Tag
    """Value of the tag `openshift-region`."""
    zone: Tag
    """Value of the tag `openshift-zone`."""
    server: Annotated[str, Field(min_length=1, max_length=255)]
    """The vCenter: host name or IPv4 address, without scheme and port."""
    topology: Topology
    """Where its machines live."""
    region_affinity: RegionAffinity | None = None
    """What the region is made of."""
    zone_affinity: ZoneAffinity | None = None
    """What the zone is made of."""

    def completed(self, infrastructure_name: str) -> "FailureDomain":
        """The same failure domain with OpenShift's own defaults written out.

        Folder `/<datacenter>/vm/<infrastructure name>`, resource pool `<compute cluster>/Resources`, template
        `/<datacenter>/vm/<infrastructure name>-rhcos-<region>-<zone>`. An omitted resource pool is ambiguous in a
        datacenter with several clusters, so it is never left to the machine controller. Networks become names: the
        ControlPlaneMachineSet operator copies them into machines as they stand, and the machine controller compares
        them with names, though the CRD's documentation asks for paths.
        """
        place = self.topology
        vms = f"/{place.datacenter}/vm"
        return self.model_copy(
            update={
                "topology": place.model_copy(
                    update={
                        "networks": [network.rsplit("/", 1)[-1] for network in place.networks],
                        "resource_pool": place.resource_pool or f"{place.compute_cluster}/Resources",
                        "folder": place.folder or f"{vms}/{infrastructure_name}",
                        "template": place.template or f"{vms}/{infrastructure_name}-rhcos-{self.region}-{self.zone}",
                    }
                )
            }
        )

    def document(self) -> KubeObject:
        """The failure domain as it stands in `Infrastructure.spec.platformSpec.vsphere.failureDomains`."""
        return self.model_dump(exclude_none=True)
