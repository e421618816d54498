"""Reading raw documents: the three things that every reader of them needs, and nothing else.

Nearly every field of an OpenShift object is optional, and an absent map, a null and an empty one mean the same.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime

from migration.frozen_model import FrozenModel, KubeObject
from openshift.errors import Unexpected


def get_path(document: KubeObject, *path: str) -> Any:
    """The value at a path of keys, None where any step is missing."""
    value: Any = document
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def require(document: KubeObject, *path: str) -> Any:
    """The value at a path that every cluster fills; raises `Unexpected`, naming object and field."""
    value = get_path(document, *path)
    if value in (None, "", [], {}):
        raise Unexpected(f"{describe(document)} has no {'.'.join(path)}")
    return value


def describe(document: KubeObject) -> str:
    """The object as people write it: `Machine openshift-machine-api/ocp1-master-0`."""
    metadata = document.get("metadata") or {}
    name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
    return " ".join(filter(None, (document.get("kind"), name)))


def moment(document: KubeObject, *path: str) -> datetime | None:
    """A time stamp, None where it is missing."""
    text = get_path(document, *path)
    return datetime.fromisoformat(text) if text else None


class Condition(FrozenModel):
    """One condition as its controller wrote it; `since` is the last change of `status`."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str = ""
    message: str = ""
    since: AwareDatetime | None = None


def conditions(document: KubeObject) -> dict[str, Condition]:
    """The conditions in `status.conditions`, by type."""
    found = {}
    for each in get_path(document, "status", "conditions") or []:
        found[each["type"]] = Condition(
            type=each["type"],
            status=each["status"],
            reason=each.get("reason") or "",
            message=each.get("message") or "",
            since=moment(each, "lastTransitionTime"),
        )
    return found
