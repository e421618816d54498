"""The machines of both vCenters, read once for all parts.

Each vCenter is followed by one thread with a property collector: pyVmomi blocks, and only one wait per collector is
allowed. The filter asks for three light properties; the rest is fetched in one call for those machines only that
changed, so that 2,000 machines cost one reading and nothing after it (reading all of them five times a second, as
first planned, would keep a core busy). An outage leaves the last known machines standing: a kubelet does not die with
its vCenter.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.simulation.vcenters.session import OUTAGE, Access, Session, vim, vmodl

log = logging.getLogger(__name__)
WAIT_SECONDS = 20
CALL_SECONDS = 30  # longer than the wait, or every quiet wait would look like an outage
RETRY_SECONDS = 1.0
LIGHT = ("runtime.powerState", "summary.runtime.bootTime", "guest.ipAddress")
FULL = ("config.uuid", "config.extraConfig", "runtime.host", *LIGHT)


@dataclass(frozen=True, kw_only=True)
class VirtualMachine:
    """A machine that was told a hostname, as ignition would read it.

    Attributes:
        uuid: BIOS uuid, which a node's providerID carries.
        boot: which boot this is; empty while powered off, another one after a power cycle.
        address: as VMware Tools report it, or empty.
        cluster: name of the compute cluster it runs in.

    """

    server: str
    uuid: str
    hostname: str
    boot: str
    address: str
    cluster: str

    @property
    def provider_id(self) -> str:
        return f"vsphere://{self.uuid}"


class VCenters:
    """All vCenters of the lab; iterates over all their machines."""

    def __init__(self, accesses: Iterable[Access]) -> None:
        self._followers = {access.server: _Follower(access) for access in accesses}

    def __iter__(self) -> Iterator[VirtualMachine]:
        return (machine for each in self._followers.values() for machine in list(each.machines.values()))

    def notify(self, trigger: Callable[[], None]) -> None:
        for each in self._followers.values():
            each.triggers.append(trigger)

    def start(self) -> None:
        """Begin to follow, in threads that end with the process."""
        loop = asyncio.get_running_loop()
        for each in self._followers.values():
            threading.Thread(target=each.follow, args=(loop,), daemon=True, name=f"follow {each.access.server}").start()

    def current(self, server: str) -> bool:
        """Whether that vCenter is being read right now, so that what is missing there really is missing."""
        return server in self._followers and self._followers[server].current

    def all_current(self) -> bool:
        return all(each.current for each in self._followers.values())


class _Follower:
    def __init__(self, access: Access) -> None:
        self.access = access
        self.machines: dict[str, VirtualMachine] = {}  # by managed object id
        self.current = False
        self.triggers: list[Callable[[], None]] = []

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        while not loop.is_closed():
            try:
                self._list_and_watch(loop)
            except OUTAGE as error:
                log.info("vCenter %s: %r", self.access.server, error)
            except RuntimeError as error:  # the loop was closed between the look and the call: the process ends
                log.debug("%r", error)
            self.current = False
            time.sleep(RETRY_SECONDS)

    def _list_and_watch(self, loop: asyncio.AbstractEventLoop) -> None:
        session = Session(self.access, seconds=CALL_SECONDS)
        try:
            collector = session.content.propertyCollector.CreatePropertyCollector()
            collector.CreateFilter(_of_all_machines(session.content, paths=LIGHT), partialUpdates=False)
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=WAIT_SECONDS)
            clusters: dict[str, str] = {}
            version, known = "", dict[str, VirtualMachine]()
            while not loop.is_closed():
                updates = collector.WaitForUpdatesEx(version, options)
                if updates is None:
                    continue
                gone, changed = _sorted_out(updates)
                for reference in gone:
                    known.pop(reference, None)
                known |= self._read(session.content, changed, clusters)
                version = updates.version
                if not updates.truncated:
                    loop.call_soon_threadsafe(self._learn, dict(known))
        finally:
            session.close()

    def _learn(self, machines: dict[str, VirtualMachine]) -> None:
        changed = machines != self.machines or not self.current
        self.machines, self.current = machines, True
        if changed:
            for trigger in self.triggers:
                trigger()

    def _read(self, content: Any, references: list[Any], clusters: dict[str, str]) -> dict[str, VirtualMachine]:
        """The machines with a hostname among these; one that vanishes meanwhile makes the caller begin again."""
        read: dict[str, VirtualMachine] = {}
        for reference, properties in _retrieve(content, references, vim.VirtualMachine, FULL):
            extra = {option.key: option.value for option in properties.get("config.extraConfig", ())}
            hostname = extra.get("guestinfo.hostname")
            if not hostname:
                continue
            on = properties["runtime.powerState"] == vim.VirtualMachinePowerState.poweredOn
            read[str(reference)] = VirtualMachine(
                server=self.access.server,
                uuid=properties["config.uuid"],
                hostname=hostname,
                boot=f"{reference!s} {properties.get('summary.runtime.bootTime', '')}" if on else "",
                address=properties.get("guest.ipAddress", ""),
                cluster=_cluster(content, properties.get("runtime.host"), clusters),
            )
        return read


def _cluster(content: Any, host: Any, clusters: dict[str, str]) -> str:
    """Name of the compute cluster of a host; hosts do not move, so each is asked once per session."""
    if host is not None and str(host) not in clusters:
        ((_, properties),) = _retrieve(content, [host], vim.HostSystem, ("parent",))
        ((_, properties),) = _retrieve(content, [properties["parent"]], vim.ComputeResource, ("name",))
        clusters[str(host)] = properties["name"]
    return clusters[str(host)] if host is not None else ""


def _of_all_machines(content: Any, *, paths: tuple[str, ...]) -> Any:
    filters = vmodl.query.PropertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], recursive=True)
    through = filters.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
    return filters.FilterSpec(
        objectSet=[filters.ObjectSpec(obj=view, skip=True, selectSet=[through])],
        propSet=[filters.PropertySpec(type=vim.VirtualMachine, pathSet=list(paths))],
    )


def _sorted_out(updates: Any) -> tuple[list[str], list[Any]]:
    """Managed object ids that are gone, and references that are new or changed."""
    changes = [change for filtered in updates.filterSet for change in filtered.objectSet]
    gone = {str(change.obj) for change in changes if change.kind == "leave"}
    changed = {str(change.obj): change.obj for change in changes if str(change.obj) not in gone}
    return sorted(gone), list(changed.values())


def _retrieve(
    content: Any, references: list[Any], kind: Any, paths: tuple[str, ...]
) -> list[tuple[Any, dict[str, Any]]]:
    """These properties of these objects; an unset property is absent."""
    if not references:
        return []
    filters = vmodl.query.PropertyCollector
    spec = filters.FilterSpec(
        objectSet=[filters.ObjectSpec(obj=each) for each in references],
        propSet=[filters.PropertySpec(type=kind, pathSet=list(paths))],
    )
    page = content.propertyCollector.RetrievePropertiesEx([spec], filters.RetrieveOptions())
    found = []
    while page is not None:
        found += [(each.obj, {change.name: change.val for change in each.propSet}) for each in page.objects]
        page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    return found
