"""VM folders by inventory path."""

from dataclasses import dataclass

from pyVmomi import vim

from vsphere.api import property_collector
from vsphere.api.moref import Moref, moref
from vsphere.api.session import VCenter
from vsphere.errors import AlreadyExists, Incompatible, NotFound, TaskFailed, VSphereError
from vsphere.inventory import Inventory, Place
from vsphere.updates import wait_task

DELETE_SECONDS = 120.0
"""Deleting an empty folder takes vCenter well under a second; more means that its task queue is long."""


@dataclass(frozen=True, kw_only=True)
class EnsuredFolder:
    """A folder that is there now; `created` has the paths of the levels that were not, outermost first."""

    moref: Moref
    path: str
    created: tuple[str, ...]


class Folders:
    """Makes and removes VM folders. Every method is idempotent and raises VSphereError."""

    def __init__(self, vcenter: VCenter) -> None:
        self._vcenter = vcenter
        self._inventory = Inventory(vcenter)

    def find(self, path: str) -> Moref | None:
        """The folder at an inventory path, or None."""
        place = Place(kind="Folder", path=path)
        return self._inventory.resolve([place])[place]

    def ensure(self, path: str) -> EnsuredFolder:
        """Makes `/<datacenter>/vm/<a>/<b>` exist, level by level.

        Raises NotFound when the datacenter is missing, Incompatible when something else has the name of a level.
        """
        place, missing = path.rstrip("/"), list[str]()
        while (reference := self.find(place)) is None:
            parent, _, name = place.rpartition("/")
            if "/vm/" not in f"{parent}/":
                raise NotFound(f"No VM folder above {path!r} on {self._vcenter.endpoint.name}.")
            missing.insert(0, name)
            place = parent
        created = list[str]()
        for name in missing:
            place = f"{place}/{name}"
            reference, made = self._level(reference, name, place)
            created += [place] if made else []
        return EnsuredFolder(moref=reference, path=place, created=tuple(created))

    def delete_if_empty(self, path: str) -> bool:
        """Deletes a folder unless something is in it; answers whether it is gone.

        vCenter has no "delete if empty": destroying a folder destroys what is in it. The look at its children is the
        last call before, so what could be lost is what arrives within one round trip.
        """
        reference = self.find(path)
        if reference is None:
            return True
        folder = self._vcenter.managed(reference)
        try:
            rows = property_collector.retrieve(
                self._vcenter, [property_collector.itself(folder)], {vim.Folder: ["childEntity"]}
            )
            if rows[reference].get("childEntity"):
                return False
            wait_task(self._vcenter, moref(folder.Destroy()), patience=DELETE_SECONDS)
        except NotFound:
            return self.find(path) is None
        except TaskFailed:
            if self.find(path):
                raise
            # The task of an earlier try, whose answer was lost, came first.
        return True

    def _level(self, parent: Moref, name: str, path: str) -> tuple[Moref, bool]:
        """One level, and whether it was made here; somebody else may make it between our looking and our making."""
        try:
            return moref(self._vcenter.managed(parent).CreateFolder(name)), True
        except AlreadyExists as error:
            present = self.find(path)
            if present is None:
                raise _taken(path) from error
            return present, False


def _taken(path: str) -> VSphereError:
    return Incompatible(f"{path!r} exists but is no folder.", remedy="Rename it, or choose another folder.")
