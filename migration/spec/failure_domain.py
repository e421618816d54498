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
    """The vSphere object type that a region consists of."""

    type: Literal["ComputeCluster", "Datacenter"]
    """Datacenter: the region tag is attached to the datacenter. ComputeCluster is not supported as a target yet."""


class HostGroup(FrozenModel, use_attribute_docstrings=True):
    """The VM group, host group and rule by which a zone consists of some hosts of a compute cluster."""

    vm_group: Tag
    """Name of the VM group."""
    host_group: Tag
    """Name of the host group."""
    vm_host_rule: Tag
    """Name of the VM-host rule that connects both groups."""


class ZoneAffinity(FrozenModel, use_attribute_docstrings=True):
    """The vSphere object type that a zone consists of."""

    type: Literal["HostGroup", "ComputeCluster"]
    """ComputeCluster: the zone tag is attached to the compute cluster. HostGroup is not supported as a target yet."""
    host_group: HostGroup | None = None
    """The groups and the rule; for type HostGroup only."""


class Topology(FrozenModel, use_attribute_docstrings=True):
    """Placement of the machines of a failure domain, as absolute inventory paths (the datacenter by name)."""

    datacenter: Annotated[str, Field(min_length=1, max_length=80)]
    """Name of the datacenter."""
    compute_cluster: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/host/.*?")]
    """Inventory path of the compute cluster: `/<datacenter>/host/<cluster>`."""
    datastore: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/datastore/.*?")]
    """Inventory path of the datastore: `/<datacenter>/datastore/<datastore>`."""
    networks: Annotated[
        list[Annotated[str, Field(max_length=_LONGEST_PATH)]],
        Field(min_length=1, max_length=10),
    ]
    """Port groups of the machines' network adapters, by name or as `/<datacenter>/network/<name>`."""
    resource_pool: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/host/.*?/Resources.*")] | None = None
    """Inventory path of the resource pool: `/<datacenter>/host/<cluster>/Resources/<pool>`. Default: the compute
    cluster's root resource pool."""
    folder: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/vm/.*?")] | None = None
    """Inventory path of the VM folder: `/<datacenter>/vm/<folder>`; created if missing. Default: a folder with the
    cluster's infrastructure name."""
    template: Annotated[str, Field(max_length=_LONGEST_PATH, pattern=r"^/.*?/vm/.*?")] | None = None
    """Inventory path of the VM template: `/<datacenter>/vm/<template>`. Default: the name that the installer uses,
    `<infrastructure name>-rhcos-<region>-<zone>`."""


class FailureDomain(FrozenModel, use_attribute_docstrings=True):
    """One failure domain; `region` and `zone` are names of tags in `openshift-region` and `openshift-zone`."""

    name: Name
    """Name of the failure domain; unique, also among the failure domains that the cluster already has."""
    region: Tag
    """Name of the region: a tag in category `openshift-region`."""
    zone: Tag
    """Name of the zone: a tag in category `openshift-zone`."""
    server: Annotated[str, Field(min_length=1, max_length=255)]
    """The vCenter: host name or IPv4 address, without scheme and port."""
    topology: Topology
    """Placement of the machines."""
    region_affinity: RegionAffinity | None = None
    """The vSphere object type of the region."""
    zone_affinity: ZoneAffinity | None = None
    """The vSphere object type of the zone."""

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
        """The failure domain as an entry of `Infrastructure.spec.platformSpec.vsphere.failureDomains`."""
        return self.model_dump(exclude_none=True)
