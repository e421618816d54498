"""A failure domain as OpenShift spells it: `VSpherePlatformFailureDomainSpec` of config.openshift.io/v1 Infrastructure.

Lengths and patterns are those of the Infrastructure CRD, so that what passes here passes there.
"""

from typing import Annotated, Literal

from pydantic import Field

from migration.value import Document, Value

Name = Annotated[str, Field(min_length=1, max_length=256)]
Tag = Annotated[str, Field(min_length=1, max_length=80)]


class RegionAffinity(Value):
    type: Literal["ComputeCluster", "Datacenter"]


class HostGroup(Value):
    vm_group: Tag
    host_group: Tag
    vm_host_rule: Tag


class ZoneAffinity(Value):
    type: Literal["HostGroup", "ComputeCluster"]
    host_group: HostGroup | None = None


class Topology(Value):
    """Where machines of a failure domain live, as absolute inventory paths (the datacenter: by name)."""

    datacenter: Annotated[str, Field(min_length=1, max_length=80)]
    compute_cluster: Annotated[str, Field(max_length=2048, pattern=r"^/.*?/host/.*?")]
    datastore: Annotated[str, Field(max_length=2048, pattern=r"^/.*?/datastore/.*?")]
    networks: Annotated[list[str], Field(min_length=1, max_length=10)]
    resource_pool: Annotated[str, Field(max_length=2048, pattern=r"^/.*?/host/.*?/Resources.*")] | None = None
    folder: Annotated[str, Field(max_length=2048, pattern=r"^/.*?/vm/.*?")] | None = None
    template: Annotated[str, Field(max_length=2048, pattern=r"^/.*?/vm/.*?")] | None = None


class FailureDomain(Value):
    """One failure domain; `region` and `zone` are the values of tags in `openshift-region` and `openshift-zone`."""

    name: Name
    region: Tag
    zone: Tag
    server: Annotated[str, Field(min_length=1, max_length=255)]
    topology: Topology
    region_affinity: RegionAffinity | None = None
    zone_affinity: ZoneAffinity | None = None

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

    def document(self) -> Document:
        """The failure domain as it stands in `Infrastructure.spec.platformSpec.vsphere.failureDomains`."""
        return self.model_dump(exclude_none=True)
