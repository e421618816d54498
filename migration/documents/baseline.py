"""What "exactly as it was" means: every touched object equals its before-image, but for what no rollback can restore.

Declared exceptions, and no others: what the API server counts (resourceVersion, generation, managedFields), identity
and time of an object that had to be made again (uid, creationTimestamp), what its controller reports (status), and the
owner references of a ControlPlaneMachineSet's own making. The rest must be equal to the byte.
"""

from migration.documents.difference import differences
from migration.frozen_model import KubeObject

_COUNTED = ("resourceVersion", "generation", "managedFields", "uid", "creationTimestamp", "selfLink")
_REPORTED = ("status",)


def comparable(document: KubeObject) -> KubeObject:
    """A document without what a rollback cannot restore."""
    metadata = {key: value for key, value in document.get("metadata", {}).items() if key not in _COUNTED}
    return {key: value for key, value in document.items() if key not in _REPORTED} | {"metadata": metadata}


def changed(before: KubeObject, after: KubeObject | None) -> list[str]:
    """Paths in which an object is not as it was; `["(gone)"]` when it is not there any more."""
    return ["(gone)"] if after is None else differences(comparable(before), comparable(after))
