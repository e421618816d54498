"""What several parts read out of Kubernetes documents, and how a condition is written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lab.simulation.cluster.client import Document

MASTER = "node-role.kubernetes.io/master"


def now() -> str:
    """The API's form of a moment, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(document: Document, kind: str) -> Document:
    """The condition of that type, empty when there is none."""
    found = (each for each in document.get("status", {}).get("conditions", ()) if each["type"] == kind)
    return next(found, {})


def holds(document: Document, kind: str) -> bool:
    return bool(condition(document, kind).get("status") == "True")


def leaving(document: Document) -> bool:
    """Whether its deletion was asked for."""
    return "deletionTimestamp" in document["metadata"]


def is_master(node: Document) -> bool:
    return MASTER in node["metadata"].get("labels", {})


def address(node: Document, kind: str = "InternalIP") -> str:
    """That address of a Node, or nothing."""
    found = (each["address"] for each in node.get("status", {}).get("addresses", ()) if each["type"] == kind)
    return next(found, "")


def labelled(documents: Iterable[Document], *, namespace: str, labels: dict[str, str]) -> list[Document]:
    """Those in that namespace that carry all these labels."""
    return [
        each
        for each in documents
        if each["metadata"].get("namespace", "") == namespace
        and labels.items() <= each["metadata"].get("labels", {}).items()
    ]


def transitions(document: Document, wanted: Iterable[Document]) -> list[Document]:
    """`wanted` conditions, each with the moment at which its status last changed."""
    stamped = []
    for each in wanted:
        before = condition(document, each["type"])
        same = before.get("status") == each["status"]
        stamped.append({**each, "lastTransitionTime": before["lastTransitionTime"] if same else now()})
    return stamped


def covers(existing: Any, wanted: Any) -> bool:
    """Whether everything in `wanted` is so in `existing`, which may say more (defaults, restart annotations)."""
    if isinstance(wanted, dict):
        return isinstance(existing, dict) and all(covers(existing.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        same_length = isinstance(existing, list) and len(existing) == len(wanted)
        return same_length and all(covers(one, other) for one, other in zip(existing, wanted, strict=True))
    return bool(existing == wanted)
