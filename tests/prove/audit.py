"""What the product's service account wrote, by the API server's own audit log (`logs/audit.log` of a lab)."""

import json
from collections.abc import Iterator
from typing import Any

from lab.commands import Lab
from tests.prove.view import MACHINE_SET, ClusterView, workspace

NAMED = "the product writes what it may"
WRITING = {"create", "update", "patch", "delete", "deletecollection"}
UNTOUCHABLE = {"machines": "Machines are Machine API's", "nodes": "Nodes are the kubelets'"}


class AuditLog:
    """The log from when this was made on."""

    def __init__(self, lab: Lab) -> None:
        self._file = (lab.state_dir / "logs" / "audit.log").open()
        self._file.seek(0, 2)
        self._half = ""

    def close(self) -> None:
        """Nothing more is read."""
        self._file.close()

    def read(self, view: ClusterView) -> Iterator[tuple[str, str, str]]:
        """(invariant, object, what is wrong) of every write since the last reading."""
        *lines, self._half = (self._half + self._file.read()).split("\n")
        for line in lines:
            event = json.loads(line)
            if event["verb"] in WRITING and event["responseStatus"]["code"] < 300:
                yield from violations(event, view)


def violations(event: dict[str, Any], view: ClusterView) -> Iterator[tuple[str, str, str]]:
    what = event["objectRef"]
    thing = f"{what['resource']}/{what.get('name', '')}"
    if what["resource"] in UNTOUCHABLE and not _rehearsed(event):
        yield NAMED, thing, f"{event['verb']}: {UNTOUCHABLE[what['resource']]}"
    if what["resource"] != "machinesets" or event["verb"] not in {"patch", "update"} or _rehearsed(event):
        return
    known = view.one(MACHINE_SET, f"{what['namespace']}/{what['name']}")
    if known and workspace(known)["server"] == view.servers["source"] and _paths(event) - {"/spec/replicas"}:
        yield NAMED, thing, f"a source MachineSet was edited at {', '.join(sorted(_paths(event)))}"


def _rehearsed(event: dict[str, Any]) -> bool:
    return "dryRun=All" in event["requestURI"]


def _paths(event: dict[str, Any]) -> set[str]:
    """The fields that a patch changes."""
    body = event.get("requestObject") or {}
    if isinstance(body, list):
        return {each["path"] for each in body if each["op"] != "test"}
    return {
        f"/{key}/{field}" for key, fields in body.items() for field in (fields if isinstance(fields, dict) else [""])
    }
