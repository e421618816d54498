r"""What a vCenter has: looked up by inventory path, or read in bulk.

No call here costs a round trip per VM. Paths are vSphere's own (`/<datacenter>/vm/<folder>/<name>`, `/`, `\` and `%`
in names escaped as `%2f`, `%5c`, `%25`); a datacenter may itself lie in folders.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pyVmomi import vim

from vsphere.api import property_collector
from vsphere.api.moref import Moref, moref
from vsphere.api.property_collector import Rows
from vsphere.api.session import VCenter
from vsphere.errors import NotFound

GIB = 2**30

KINDS: dict[str, type] = {
    "Datacenter": vim.Datacenter,
    "ClusterComputeResource": vim.ComputeResource,  # a stand-alone host's is as good a compute cluster
    "Datastore": vim.Datastore,
    "Folder": vim.Folder,
    "Network": vim.Network,  # of which a distributed port group and an opaque network are kinds
    "ResourcePool": vim.ResourcePool,
    "VirtualMachine": vim.VirtualMachine,
}
"""What can be asked for by path."""

_PATH_PROPERTIES: dict[str, dict[type, list[str]]] = {
    "Datastore": {vim.Datastore: ["name", "parent"]},  # a datastore cluster is a kind of folder
    "Folder": {},
    "ResourcePool": {vim.ComputeResource: ["name", "parent"], vim.ResourcePool: ["name", "parent"]},
    "VirtualMachine": {
        vim.VirtualApp: ["name", "parentFolder", "parentVApp"],
        vim.VirtualMachine: ["name", "parent", "parentVApp"],
    },
}
"""What to read for the paths of a kind: of itself, and of what it may lie in besides folders."""

_ABOVE = ("parentFolder", "parent", "parentVApp")
"""What says where an object lies; a vApp's `parent` is a resource pool, and a VM in a vApp has none."""

_HOSTNAME = 'config.extraConfig["guestinfo.hostname"]'


@dataclass(frozen=True, kw_only=True)
class Place:
    """Something that ought to be there: one of `KINDS`, and its inventory path."""

    kind: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Datacenter:
    moref: Moref
    name: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Network:
    moref: Moref
    name: str


@dataclass(frozen=True, kw_only=True)
class Datastore:
    """`accessible` by at least one host; `maintenance` is `normal` unless somebody empties it."""

    moref: Moref
    name: str
    capacity_gib: float
    free_gib: float
    accessible: bool
    maintenance: str


@dataclass(frozen=True, kw_only=True)
class VirtualMachine:
    """A VM or template as it was a moment ago.

    Attributes:
        folder: inventory path of its folder; empty inside a vApp.
        power_state: `poweredOn`, `poweredOff` or `suspended`.
        uuid: BIOS UUID, which a node's `spec.providerID` carries (`vsphere://<uuid>`).
        instance_uuid: unique in one vCenter; the machine controller sets it to the Machine's uid.
        hostname: what ignition is told (`guestinfo.hostname`); empty when nobody told it.
        hardware_version: 19 of `vmx-19`; 0 when unknown.
        provisioned_gib: space it takes when every thin disk is full.
    """

    moref: Moref
    name: str
    folder: str
    power_state: str
    is_template: bool
    uuid: str
    instance_uuid: str
    hostname: str
    hardware_version: int
    provisioned_gib: float

    @property
    def path(self) -> str:
        """Inventory path."""
        return f"{self.folder}/{self.name}"


class Inventory:
    """Reads one vCenter's inventory. Every method raises VSphereError."""

    def __init__(self, vcenter: VCenter) -> None:
        self._vcenter = vcenter

    def resolve(self, places: Iterable[Place]) -> dict[Place, Moref | None]:
        """The reference of each place; None where nothing, or something of another kind, is. One call per place."""
        search = self._vcenter.content.searchIndex
        found = {place: search.FindByInventoryPath(place.path) for place in dict.fromkeys(places)}
        return {place: moref(there) if isinstance(there, KINDS[place.kind]) else None for place, there in found.items()}

    def exists(self, reference: Moref) -> bool:
        """Whether an object is still there: a reference outlives what it refers to, in tag attachments for instance."""
        selected = property_collector.itself(self._vcenter.managed(reference))
        try:
            return bool(property_collector.retrieve(self._vcenter, [selected], {vim.ManagedEntity: ["name"]}))
        except NotFound:
            return False

    def require(self, place: Place) -> Moref:
        """As `resolve`, for one place that must be there. Raises NotFound."""
        reference = self.resolve([place])[place]
        if reference is None:
            raise NotFound(f"No {place.kind} {place.path!r} on {self._vcenter.endpoint.name}.")
        return reference

    def datacenters(self) -> list[Datacenter]:
        """All that the account can see, sorted by path. Names may repeat in different folders."""
        rows = self._below(moref(self._vcenter.content.rootFolder), {vim.Datacenter: ["name", "parent"]})
        paths = _paths(rows)
        found = (
            Datacenter(moref=each, name=row["name"], path=paths[each])
            for each, row in rows.items()
            if each.startswith("Datacenter:")
        )
        return sorted(found, key=lambda each: each.path)

    def networks(self, cluster: Moref, names: Collection[str]) -> dict[str, list[Network]]:
        """Networks by name that the hosts of a compute cluster can use.

        None means missing; more than one means that the name is ambiguous: a failure domain names networks without a
        path, and the machine controller refuses to choose.
        """
        selected = property_collector.along(self._vcenter.managed(cluster), kind=vim.ComputeResource, path="network")
        rows = property_collector.retrieve(self._vcenter, [selected], {vim.Network: ["name"]})
        usable = [Network(moref=each, name=unquote(row["name"])) for each, row in rows.items()]
        return {name: [each for each in usable if each.name == unquote(name)] for name in names}

    def datastores(self, references: Collection[Moref]) -> dict[Moref, Datastore]:
        """Space and state of some datastores, in one call."""
        selected = [property_collector.itself(self._vcenter.managed(each)) for each in references]
        return {
            each: _datastore(each, row["summary"])
            for each, row in property_collector.retrieve(self._vcenter, selected, {vim.Datastore: ["summary"]}).items()
        }

    def disks_gib(self, machine: Moref) -> list[float]:
        """Capacity of each virtual disk of one VM or template, in the order of its hardware list."""
        devices: property_collector.Properties = {vim.VirtualMachine: ["config.hardware.device"]}
        rows = property_collector.retrieve(
            self._vcenter, [property_collector.itself(self._vcenter.managed(machine))], devices
        )
        hardware = rows.get(machine, {}).get("config.hardware.device", [])
        return [each.capacityInKB / 2**20 for each in hardware if isinstance(each, vim.vm.device.VirtualDisk)]

    def vms(self, within: Moref) -> list[VirtualMachine]:
        """Every VM and template below a folder or datacenter, sorted by path: 4 calls and one more per `PAGE` VMs."""
        properties = [
            "name",
            "parent",
            "runtime.powerState",
            "config.template",
            "config.uuid",
            "config.instanceUuid",
            "config.version",
            _HOSTNAME,
            "summary.storage",
        ]
        rows = self._below(within, {vim.VirtualMachine: properties})
        paths = _paths(rows, top={within: self._path(within)})
        found = (
            _machine(each, row, folder=paths.get(moref(row["parent"]), "") if "parent" in row else "")
            for each, row in rows.items()
            if each.startswith("VirtualMachine:")
        )
        return sorted(found, key=lambda each: each.path)

    def paths(self, within: Datacenter, kinds: Collection[str]) -> dict[Moref, str]:
        """Inventory path of every object of some of `KINDS` below a datacenter, and of what such objects lie in.

        Reads names and parents alone: 4 calls, and one more per `PAGE` objects.
        """
        properties = {kind: paths for each in kinds for kind, paths in _PATH_PROPERTIES[each].items()}
        return _paths(self._below(within.moref, properties), top={within.moref: within.path})

    def _below(self, container: Moref, properties: dict[type, list[str]]) -> Rows:
        """Objects and, for their paths, all folders below a container."""
        wanted: dict[type, list[str]] = {vim.Folder: ["name", "parent"], **properties}

        def read() -> Rows:
            with property_collector.view(self._vcenter, container, list(wanted)) as listed:
                return property_collector.retrieve(self._vcenter, [property_collector.members(listed)], wanted)

        return self._vcenter.in_one_session(read)

    def _path(self, reference: Moref) -> str:
        above = property_collector.upwards(self._vcenter.managed(reference))
        rows = property_collector.retrieve(self._vcenter, [above], {vim.ManagedEntity: ["name", "parent"]})
        return _paths(rows).get(reference, "")


def _paths(rows: Rows, top: dict[Moref, str] | None = None) -> dict[Moref, str]:
    """Inventory paths from names and parents; what has no known parent (the root folder) is the empty path."""
    known = dict(top or {})

    def path(reference: Moref) -> str:
        if reference not in known:
            row = rows.get(reference, {})
            above = next((row[each] for each in _ABOVE if row.get(each)), None)
            known[reference] = f"{path(moref(above))}/{row['name']}" if above else ""
        return known[reference]

    return {each: path(each) for each in [*rows, *known]}


def _machine(reference: Moref, row: dict[str, Any], *, folder: str) -> VirtualMachine:
    version = str(row.get("config.version", ""))
    hostname, storage = row.get(_HOSTNAME), row.get("summary.storage")
    return VirtualMachine(
        moref=reference,
        name=row["name"],
        folder=folder,
        power_state=str(row.get("runtime.powerState", "")),
        is_template=bool(row.get("config.template", False)),
        uuid=row.get("config.uuid", ""),
        instance_uuid=row.get("config.instanceUuid", ""),
        hostname=str(hostname.value) if hostname else "",
        hardware_version=int(version.removeprefix("vmx-")) if version.startswith("vmx-") else 0,
        provisioned_gib=round((storage.committed + storage.uncommitted) / GIB, 3) if storage else 0.0,
    )


def _datastore(reference: Moref, summary: Any) -> Datastore:
    return Datastore(
        moref=reference,
        name=summary.name,
        capacity_gib=round(summary.capacity / GIB, 3),
        free_gib=round(summary.freeSpace / GIB, 3),
        accessible=bool(summary.accessible),
        maintenance=str(summary.maintenanceMode or "normal"),
    )
