"""The cluster's virtual machines, as vCenter has them: the only witness that a machine is really there, or gone.

A Machine's absence proves nothing: Machine API takes a VM it cannot find for one already deleted.
"""

from collections.abc import Iterator
from datetime import timedelta

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.failures import WaitFailed
from activities.runtime.heartbeat import report
from activities.runtime.threads import in_thread
from activities.runtime.waiting import Unmet, check_patience, waiting_for
from migration.frozen_model import FrozenModel
from migration.plan import VCenterReference
from vsphere import tags
from vsphere.api.property_collector import Rows
from vsphere.api.session import VCenter
from vsphere.inventory import Inventory, Place, VirtualMachine
from vsphere.updates import follow_vms

WINDOW = 2.0
"""Seconds that one question to vCenter may last: so long a cancelled wait goes on."""


class VmsGone(FrozenModel):
    """VMs (not templates) that must not be left anywhere in these datacenters.

    Attributes:
        names: of the VMs.
        prefixes: of VMs whose names nobody could know beforehand: those of a MachineSet's or control plane's Machines.
    """

    vcenter: VCenterReference
    datacenters: list[str]
    names: list[str] = []
    prefixes: list[str] = []
    at_most: timedelta


class TaggedExpected(FrozenModel):
    """These VMs, wherever in these folders they are, must carry the ownership tag."""

    vcenter: VCenterReference
    infrastructure_name: str
    folders: list[str]
    names: list[str]


class VmsSeen(FrozenModel):
    """One sentence of what was read."""

    evidence: str


class VmsTagged(FrozenModel):
    """One sentence per folder."""

    evidence: list[str]


class VirtualMachines:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="wait_vms_gone", interruptible=True)
    async def wait_gone(self, expected: VmsGone) -> VmsSeen:
        """Wait until vCenter has none of the VMs left.

        Raises:
            WaitTimedOut: some are still there after `at_most`.
        """
        # One datacenter after the other lasts as long as the slowest, and leaves one report of what is waited for.
        async with self._context.vcenter(expected.vcenter) as vcenter:
            for each in expected.datacenters:
                await _wait_gone_from(vcenter, each, expected)
        meant = [*expected.names, *(f"{each}*" for each in expected.prefixes)]
        return VmsSeen(evidence=f"{expected.vcenter.server} has none left of {', '.join(meant)}")

    @defined(name="ensure_vms_tagged")
    async def ensure_tagged(self, expected: TaggedExpected) -> VmsTagged:
        """See the ownership tag on every VM; attach it where Machine API left it out, which it does in silence."""
        return await self._context.on(expected.vcenter, _ensure_tagged, expected)


async def _wait_gone_from(vcenter: VCenter, datacenter: str, expected: VmsGone) -> None:
    container = await in_thread(Inventory(vcenter).require, Place(kind="Datacenter", path=f"/{datacenter}"))
    changes = follow_vms(vcenter, container, ["name", "config.template"], window=WINDOW)
    try:
        left: list[str] | None = None
        while left is None or left:
            rows = await in_thread(_next, changes)
            if rows is None and left is None:
                continue
            left = _meant(rows, expected) if rows is not None else left or []
            missing = Unmet(
                what=f"VMs to be gone from {expected.vcenter.server}",
                objects=left,
                done=max(0, len(expected.names) - len(left)),
                total=len(expected.names),
                unblock="Machine API deletes a VM once its node is drained; see the Machine's conditions",
            )
            if left:
                check_patience(missing, at_most=expected.at_most)
                report(waiting_for(missing, at_most=expected.at_most))
    finally:
        await in_thread(_close, changes)


def _next(changes: Iterator[Rows | None]) -> Rows | None:
    return next(changes)


def _close(changes: Iterator[Rows | None]) -> None:
    changes.close()  # type: ignore[attr-defined]  # follow_vms is a generator: closing it frees vCenter's collector


def _meant(rows: Rows, expected: VmsGone) -> list[str]:
    there = {row["name"] for row in rows.values() if not row.get("config.template")}
    return sorted(each for each in there if each in expected.names or each.startswith(tuple(expected.prefixes)))


def _ensure_tagged(vcenter: VCenter, expected: TaggedExpected) -> VmsTagged:
    service, inventory = tags.TagService(vcenter), Inventory(vcenter)
    category = service.ensure_category(tags.ownership(expected.infrastructure_name))
    tag = service.ensure_tag(category.id, expected.infrastructure_name, tags.OWNERSHIP_DESCRIPTION)
    evidence: list[str] = []
    seen: set[str] = set()
    for path in expected.folders:
        folder = inventory.require(Place(kind="Folder", path=path))
        machines = [each for each in inventory.vms(folder) if each.name in expected.names]
        seen.update(each.name for each in machines)
        added = [each.name for each in _untagged(service, machines, tag.id) if service.attach(tag.id, each.moref)]
        still = _untagged(service, machines, tag.id)
        if still:
            raise WaitFailed(
                f"{', '.join(each.name for each in still)} on {expected.vcenter.server} lack the ownership tag",
                remedy="see in vCenter's events who removes it, then retry",
            )
        said = f" (added to {', '.join(added)})" if added else ""
        evidence.append(
            f"{expected.vcenter.server}: all {len(machines)} new VMs in {path} carry the ownership tag{said}"
        )
    if absent := sorted(set(expected.names) - seen):
        raise WaitFailed(
            f"{expected.vcenter.server} has no VM {', '.join(absent)} in {', '.join(expected.folders)}",
            remedy="see whether somebody moved or deleted it in vCenter, then retry",
        )
    return VmsTagged(evidence=evidence)


def _untagged(service: tags.TagService, machines: list[VirtualMachine], tag: str) -> list[VirtualMachine]:
    attached = service.attached([each.moref for each in machines])
    return [each for each in machines if tag not in {one.id for one in attached[each.moref]}]
