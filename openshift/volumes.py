"""Persistent volumes that live in a vCenter: they cannot follow a Machine to another one."""

from collections.abc import Iterable

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import get_path, require
from openshift.api.resources import PERSISTENT_VOLUME

DRIVER = "csi.vsphere.vmware.com"


class Volume(FrozenModel):
    """A PersistentVolume on vSphere.

    Attributes:
        driver: the CSI driver, or `in-tree` for `vsphereVolume` (served by the same driver since 4.13).
        handle: the driver's id of it, or the in-tree path of the disk.
        claim: `namespace/name` of its claim, empty where it has none.
    """

    name: str
    driver: str
    handle: str
    claim: str
    phase: str


def vsphere_volumes(documents: Iterable[KubeObject]) -> list[Volume]:
    """Those of the PersistentVolumes that are on vSphere, by name."""
    return sorted(filter(None, map(_read, documents)), key=lambda each: each.name)


async def list_volumes(cluster: Cluster) -> list[Volume]:
    """All PersistentVolumes on vSphere."""
    return vsphere_volumes(await cluster.list(PERSISTENT_VOLUME))


def _read(document: KubeObject) -> Volume | None:
    if get_path(document, "spec", "csi", "driver") == DRIVER:
        driver, handle = DRIVER, get_path(document, "spec", "csi", "volumeHandle")
    elif disk := get_path(document, "spec", "vsphereVolume"):
        driver, handle = "in-tree", disk.get("volumePath")
    else:
        return None
    claim = get_path(document, "spec", "claimRef") or {}
    return Volume(
        name=require(document, "metadata", "name"),
        driver=driver,
        handle=handle or "",
        claim="/".join(filter(None, (claim.get("namespace"), claim.get("name")))),
        phase=get_path(document, "status", "phase") or "",
    )
