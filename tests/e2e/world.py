"""What the world says after a migration, read by the lab itself: nothing of the product is believed.

Objects come raw from the API server's own listing of every kind, inventories from the vCenter simulators.
"""

from base64 import b64decode
from collections import Counter
from typing import Any

from lab.commands import Lab
from lab.snapshot import snapshot

Document = dict[str, Any]
MACHINE_API = "openshift-machine-api"


class World:
    """Everything that a lab holds at one moment."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._found = snapshot(lab.state_dir)

    def listed(self, kind: str) -> list[Document]:
        """Every object of a kind (`machine.openshift.io/v1beta1/Machine`, `v1/Secret`)."""
        return list(self._found["objects"].get(kind, {}).values())

    def one(self, kind: str, name: str, namespace: str = "") -> Document:
        """One object."""
        found: Document = self._found["objects"][kind][f"{namespace}/{name}"]
        return found

    def server(self, role: str) -> str:
        """The vCenter in that role."""
        return next(str(each["server"]) for each in self._lab.description["vcenters"] if each["role"] == role)

    def vms(self, role: str) -> list[Document]:
        """Virtual machines (not templates) of a vCenter."""
        objects = self._found["vcenters"][role]["objects"]
        return [each for each in objects if each["type"] == "VirtualMachine" and not each.get("template")]

    def folders(self, role: str, name: str) -> list[Document]:
        """Folders of that name in a vCenter."""
        objects = self._found["vcenters"][role]["objects"]
        return [each for each in objects if each["type"] == "Folder" and each["path"].endswith(f"/{name}")]

    def tags(self, role: str) -> Counter[str]:
        """How many tags of each `category/name` a vCenter has."""
        return Counter(
            f"{category['name']}/{tag}"
            for category in self._found["vcenters"][role]["categories"]
            for tag in category["tags"]
        )

    @property
    def machines(self) -> list[Document]:
        """All Machines."""
        return self.listed("machine.openshift.io/v1beta1/Machine")

    @property
    def everything_but_secrets(self) -> str:
        """The text of every object that is not a Secret."""
        return repr({kind: objects for kind, objects in self._found["objects"].items() if kind != "v1/Secret"})


def workspace(machine: Document) -> Document:
    """Where a Machine was made."""
    found: Document = machine["spec"]["providerSpec"]["value"]["workspace"]
    return found


def data(secret: Document) -> dict[str, str]:
    """A Secret's content, decoded."""
    return {key: b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


def condition(document: Document, kind: str) -> str:
    """The status of a condition, or "missing"."""
    found = document.get("status", {}).get("conditions", [])
    return next((str(each["status"]) for each in found if each["type"] == kind), "missing")
