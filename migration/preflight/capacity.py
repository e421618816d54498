"""Room on the source: what its machines had there, less what they still have, is what taking them back would need.

Counted as disks are when full. A thin one takes less at first and no promise how long, so a shortage here is told to a
person and decided by one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from migration.frozen_model import KubeObject

USUAL_DISK = 120
"""GiB of an OpenShift machine whose provider spec says nothing."""


def disks_gib(provider: KubeObject) -> int:
    """All disks of a machine with this provider spec, in GiB."""
    extra = sum(disk.get("sizeGiB", 0) for disk in provider.get("dataDisks") or [])
    return int((provider.get("diskGiB") or USUAL_DISK) + extra)


def disks(providers: Iterable[KubeObject], *, server: str) -> dict[str, int]:
    """GiB of disks on each datastore (inventory path) of a vCenter, from the provider specs of its Machines."""
    found: Counter[str] = Counter()
    for each in providers:
        workspace = each.get("workspace") or {}
        if workspace.get("server") == server and workspace.get("datastore"):
            found[_path(workspace)] += disks_gib(each)
    return dict(found)


def to_take_back(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
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


def _path(workspace: KubeObject) -> str:
    """Machine API takes a datastore's name or its inventory path."""
    name = str(workspace["datastore"])
    return name if name.startswith("/") else f"/{workspace.get('datacenter', '')}/datastore/{name}"
