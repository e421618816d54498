"""A view of a lab from outside the product at one moment: the cluster's objects as its watches told them, the vCenters as they list.

Imports nothing of the product: only the lab's own ways to an API server and to a vCenter.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.simulation.cluster.client import Kind
from lab.simulation.cluster.documents import address, condition, holds, is_master, leaving
from lab.simulation.cluster.kinds import CONFIG_MAP, DEPLOYMENT, MACHINE, NODE, SECRET

Document = dict[str, Any]
MACHINE_SET = Kind(name="MachineSet", plural="machinesets", group="machine.openshift.io", version="v1beta1")
HEALTH_CHECK = Kind(
    name="MachineHealthCheck", plural="machinehealthchecks", group="machine.openshift.io", version="v1beta1"
)
AUTOSCALER = Kind(
    name="MachineAutoscaler", plural="machineautoscalers", group="autoscaling.openshift.io", version="v1beta1"
)
SEEN = (SECRET, CONFIG_MAP, MACHINE, MACHINE_SET, NODE, HEALTH_CHECK, AUTOSCALER, DEPLOYMENT)
ROLE = "machine.openshift.io/cluster-api-machine-role"


@dataclass
class Inventory:
    """A vCenter's listing, and when it was asked for."""

    asked: float
    objects: list[Document] = field(default_factory=list)
    categories: list[Document] = field(default_factory=list)


@dataclass
class ClusterView:
    """The present.

    Attributes:
        name: the cluster's infrastructure name.
        servers: each vCenter's server, by role.
        changed: when an object last changed, by kind and name.
    """

    name: str
    servers: dict[str, str]
    objects: dict[Kind, dict[str, Document]] = field(default_factory=lambda: {each: {} for each in SEEN})
    changed: dict[tuple[Kind, str], float] = field(default_factory=dict)
    inventories: dict[str, Inventory] = field(default_factory=dict)

    def apply(self, kind: Kind, event: str, document: Document) -> None:
        """One event of a watch."""
        key = called(document)
        if event == "DELETED":
            self.objects[kind].pop(key, None)
        else:
            self.objects[kind][key] = document
        self.changed[kind, key] = time.time()

    def one(self, kind: Kind, name: str) -> Document | None:
        """The object called `namespace/name`."""
        return self.objects[kind].get(name)

    @property
    def masters(self) -> list[Document]:
        """Control-plane Machines."""
        return [each for each in self.objects[MACHINE].values() if each["metadata"]["labels"].get(ROLE) == "master"]

    @property
    def ready_workers(self) -> list[str]:
        """Nodes that take work."""
        return [
            each["metadata"]["name"]
            for each in self.objects[NODE].values()
            if not is_master(each) and self._stays(each) and not each["spec"].get("unschedulable")
        ]

    @property
    def members(self) -> dict[str, bool]:
        """Etcd's members by address, and whether each is healthy."""
        listed = (self.one(CONFIG_MAP, "openshift-etcd/etcd-endpoints") or {}).get("data") or {}
        ready = {address(each) for each in self.objects[NODE].values() if is_master(each) and self._stays(each)}
        return {each: each in ready for each in listed.values()}

    def _stays(self, node: Document) -> bool:
        """Whether a node is Ready, or merely unreachable while its Machine runs on.

        An API server that was away for half a minute has the node controller call every node Unknown: nobody's doing.
        """
        if condition(node, "Ready").get("status") != "Unknown":
            return holds(node, "Ready")
        name = node["metadata"]["name"]
        return any(
            not leaving(each) and each.get("status", {}).get("phase") == "Running"
            for each in self.objects[MACHINE].values()
            if each["metadata"]["name"] == name
        )

    def vms(self, role: str) -> list[Document]:
        """The cluster's machines in a vCenter, as last listed."""
        return [
            each
            for each in self.inventories[role].objects
            if each["type"] == "VirtualMachine" and not each.get("template") and f"/{self.name}-" in each["path"]
        ]

    def machines_on(self, server: str) -> Iterator[Document]:
        """Machines whose VM is, or is to be, in that vCenter."""
        return (each for each in self.objects[MACHINE].values() if workspace(each)["server"] == server)


def workspace(document: Document) -> Document:
    """Where a Machine, or a MachineSet's Machines, are made."""
    spec = document["spec"].get("template", document)["spec"]
    found: Document = spec["providerSpec"]["value"]["workspace"]
    return found


def called(document: Document) -> str:
    """`namespace/name`."""
    metadata = document["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def in_replacement(masters: list[Document]) -> set[str]:
    """The control plane's indices that have not exactly one Machine, Running and staying."""
    by_index: dict[str, list[Document]] = {}
    for each in masters:
        by_index.setdefault(each["metadata"]["name"].rsplit("-", 1)[1], []).append(each)
    return {
        index
        for index, found in by_index.items()
        if len(found) > 1 or leaving(found[0]) or found[0].get("status", {}).get("phase") != "Running"
    }
