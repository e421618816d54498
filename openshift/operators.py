"""Whether the cluster's operators are calm, which version runs, and which gates are open.

An operator is stable when it *says* so: Available=True, Degraded=False, Progressing=False, each explicitly. A missing
or Unknown condition is not calm, it is silence, and a cluster that loses its control plane is silent first.
"""

from collections.abc import Collection, Iterable

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.documents import conditions, require

_CALM = {"Available": "True", "Degraded": "False", "Progressing": "False"}


class Unrest(FrozenModel):
    """Why one operator does not count as stable: `condition` is what it should have denied or confirmed."""

    operator: str
    condition: str
    status: str
    reason: str = ""
    message: str = ""

    def __str__(self) -> str:
        said = ": ".join(filter(None, (self.reason, self.message)))
        return f"{self.operator} {self.condition}={self.status}" + (f" ({said})" if said else "")


def unrest(operators: Iterable[KubeObject], *, excused: Collection[str] = ()) -> list[Unrest]:
    """What keeps ClusterOperators from being stable, by operator; empty when all but the excused ones are."""
    return [
        found
        for document in sorted(operators, key=lambda each: each["metadata"]["name"])
        if document["metadata"]["name"] not in excused
        for found in _unrest(document)
    ]


def _unrest(document: KubeObject) -> list[Unrest]:
    said = conditions(document)
    found = []
    for type_, calm in _CALM.items():
        condition = said.get(type_)
        if condition is None or condition.status != calm:
            found.append(
                Unrest(
                    operator=document["metadata"]["name"],
                    condition=type_,
                    status=condition.status if condition else "missing",
                    reason=condition.reason if condition else "",
                    message=condition.message if condition else "",
                )
            )
    return found


class Version(FrozenModel):
    """ClusterVersion/version: `updating` says what an update that runs says of itself, empty when none does."""

    version: str
    cluster_id: str
    updating: str


def read_version(document: KubeObject) -> Version:
    """The document, read; raises `Unexpected` for one without version or id."""
    progressing = conditions(document).get("Progressing")
    return Version(
        version=require(document, "status", "desired", "version"),
        cluster_id=require(document, "spec", "clusterID"),
        updating=(progressing.message or "Progressing") if progressing and progressing.status == "True" else "",
    )
