"""Where two documents differ, as the paths a person would type into `oc explain`; and what "exactly as it was" means.

After a rollback every touched object equals its before-image, but for what no rollback can restore. Declared
exceptions, and no others: what the API server counts (resourceVersion, generation, managedFields), identity and time of
an object that had to be made again (uid, creationTimestamp), what its controller reports (status), and the owner
references of a ControlPlaneMachineSet's own making. The rest must be equal to the byte.
"""

from typing import Any

from migration.frozen_model import KubeObject


def differences(left: Any, right: Any, *, at: str = "") -> list[str]:
    """Paths of the fields that differ, depth first, in the order of their names; empty when the two are equal.

    Mappings are compared field by field and lists item by item where they are of one length; otherwise the path of the
    whole list is named, since pairing items up would be a guess.
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return [
            path
            for field in sorted(left.keys() | right.keys())
            for path in differences(left.get(field), right.get(field), at=f"{at}.{field}" if at else field)
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [path for index, (one, other) in pairs for path in differences(one, other, at=f"{at}[{index}]")]
    return [] if left == right else [at]


_COUNTED = ("resourceVersion", "generation", "managedFields", "uid", "creationTimestamp", "selfLink")
_REPORTED = ("status",)


def comparable(document: KubeObject) -> KubeObject:
    """A document without what a rollback cannot restore."""
    metadata = {key: value for key, value in document.get("metadata", {}).items() if key not in _COUNTED}
    return {key: value for key, value in document.items() if key not in _REPORTED} | {"metadata": metadata}


def changed(before: KubeObject, after: KubeObject | None) -> list[str]:
    """Paths in which an object is not as it was; `["(gone)"]` when it is not there any more."""
    return ["(gone)"] if after is None else differences(comparable(before), comparable(after))
