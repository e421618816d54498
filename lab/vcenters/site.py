"""The two sites of a lab: what each vCenter is called, what it holds, and how to reach it.

The source is as an installer left it: folder, templates, region and zone tags, ownership. The target is as a vSphere
administrator hands it over: clusters, storage, network and an uploaded template, but nothing of OpenShift's.
"""

import json
import secrets
from typing import Any, Literal, NamedTuple

from lab.scenario import Scenario

Role = Literal["source", "target"]
Document = dict[str, Any]
HOSTS_PER_CLUSTER = 3


class Site(NamedTuple):
    """One vCenter with its failure domains.

    Attributes:
        server: loopback address, as it stands in every document of the cluster.
        admin: the lab's own endpoint of this vCenter, host:port (lab/parts/vcenter/admin.go).
    """

    role: Role
    server: str
    port: int
    admin: str
    admin_token: str
    username: str
    password: str
    infrastructure_name: str
    zones: tuple[str, ...]

    @property
    def datacenter(self) -> str:
        return f"dc-{self.role}"

    @property
    def region(self) -> str:
        return self.role

    @property
    def folder(self) -> str:
        """Inventory path of the cluster's VM folder; on the target it is still to be made."""
        return f"/{self.datacenter}/vm/{self.infrastructure_name}"

    def template(self, zone: str) -> str:
        """Inventory path of the RHCOS template: the installer's own on the source, an uploaded one on the target."""
        if self.role == "source":
            return f"/{self.datacenter}/vm/{self.infrastructure_name}-rhcos-{self.region}-{zone}"
        return f"/{self.datacenter}/vm/templates/rhcos-{zone}"

    def failure_domain(self, zone: str) -> Document:
        """As in `Infrastructure.spec.platformSpec.vsphere.failureDomains`."""
        cluster = f"/{self.datacenter}/host/cluster-{zone}"
        return {
            "name": zone,
            "region": self.region,
            "zone": zone,
            "server": self.server,
            "topology": {
                "datacenter": self.datacenter,
                "computeCluster": cluster,
                "datastore": f"/{self.datacenter}/datastore/datastore-{zone}",
                "networks": [f"network-{zone}"],
                "resourcePool": f"{cluster}/Resources",
                "folder": self.folder,
                "template": self.template(zone),
            },
        }

    @property
    def failure_domains(self) -> list[Document]:
        return [self.failure_domain(zone) for zone in self.zones]

    @property
    def vcenter(self) -> Document:
        """As in `Infrastructure.spec.platformSpec.vsphere.vcenters`."""
        return {"server": self.server, "port": self.port, "datacenters": [self.datacenter]}

    def inventory(self, *, other_vms: int) -> str:
        """The file that lab/parts/vcenter/inventory.go reads."""
        ours = self.role == "source"
        clusters = [
            {
                "name": f"cluster-{zone}",
                "hosts": HOSTS_PER_CLUSTER,
                "datastore": f"datastore-{zone}",
                "network": f"network-{zone}",
                "template_folder": "" if ours else "templates",
                "template": self.template(zone).rsplit("/", 1)[1],
                "zone": zone if ours else "",
            }
            for zone in self.zones
        ]
        return json.dumps(
            {
                "username": self.username,
                "datacenter": self.datacenter,
                "folder": self.infrastructure_name if ours else "",
                "ownership": self.infrastructure_name if ours else "",
                "region": self.region if ours else "",
                "subnet": "10.11" if ours else "10.12",
                "clusters": clusters,
                "other_vms": other_vms,
            }
        )


def plan_site(role: Role, scenario: Scenario, *, server: str, port: int, admin: str) -> Site:
    """A site with names from the scenario and passwords of its own."""
    count = scenario.source_failure_domains if role == "source" else scenario.target_failure_domains
    return Site(
        role=role,
        server=server,
        port=port,
        admin=admin,
        admin_token=secrets.token_urlsafe(24),
        username=f"administrator@{role}.lab",
        # As people choose them: whatever escapes it on its way (XML, JSON, YAML, a URL) must give it back whole.
        password=f"{secrets.token_urlsafe(18)}<&\"'\\%41",
        infrastructure_name=scenario.infrastructure_name,
        zones=tuple(f"{role}-{chr(ord('a') + number)}" for number in range(count)),
    )
