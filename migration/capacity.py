"""Room on the source: what its machines had there, less what they still have, is what taking them back would need.

Counted as disks are when full. A thin one takes less at first and no promise how long, so a shortage here is told to a
person and decided by one.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from migration.frozen_model import FrozenModel, KubeObject

K = TypeVar("K", bound=Hashable)

USUAL_DISK = 120
"""GiB of an OpenShift machine whose provider spec says nothing."""


class DatastoreDisks(FrozenModel):
    """GiB of disks on one datastore, which is named as provider specs name it: plain or by path, in a datacenter."""

    datacenter: str
    datastore: str
    gib: int


def disks_gib(provider: KubeObject) -> int:
    """All disks of a machine with this provider spec, in GiB."""
    extra = sum(disk.get("sizeGiB", 0) for disk in provider.get("dataDisks") or [])
    return int((provider.get("diskGiB") or USUAL_DISK) + extra)


def disks(providers: Iterable[KubeObject], *, server: str) -> list[DatastoreDisks]:
    """The disks of a vCenter's Machines, from their provider specs; a datastore of two spellings is there twice."""
    found: Counter[tuple[str, str]] = Counter()
    for each in providers:
        workspace = each.get("workspace") or {}
        if workspace.get("server") == server and workspace.get("datastore"):
            found[workspace.get("datacenter") or "", workspace["datastore"]] += disks_gib(each)
    return [
        DatastoreDisks(datacenter=datacenter, datastore=datastore, gib=gib)
        for (datacenter, datastore), gib in found.items()
    ]


def to_take_back(before: Mapping[K, int], now: Mapping[K, int]) -> dict[K, int]:
    """GiB that each datastore would have to find room for; those that need none are left out."""
    needs = {path: gib - now.get(path, 0) for path, gib in before.items()}
    return {path: gib for path, gib in needs.items() if gib > 0}


def too_small(needs: Mapping[str, int], free: Mapping[str, float]) -> list[str]:
    """One sentence for each datastore without that room; one whose free space is unknown has none."""
    return [
        f"{path} has {free.get(path, 0):.0f} GiB free for {gib} GiB of disks"
        for path, gib in needs.items()
        if free.get(path, 0) < gib
    ]
