"""What was there before: which objects of the cluster `backup` stores, and what was seen on the targets.

It is what "exactly as it was" is measured by. The cluster's objects are stored whole; of a target only what we are
about to make is looked for, since all the rest of it is none of our business.
"""

from migration.frozen_model import FrozenModel
from migration.openshift_names import CREDENTIALS_NAME, CREDENTIALS_NAMESPACE
from migration.plan import Plan

_MACHINE_API = "openshift-machine-api"


class ObjectAddress(FrozenModel):
    """One object of the cluster; no namespace for a cluster-scoped one."""

    kind: str
    namespace: str = ""
    name: str


class TagsBefore(FrozenModel):
    """What of the wanted tags was there before; everything else may be removed again.

    Attributes:
        categories: names.
        tags: `category/tag`.
        attached: `category/tag on inventory path`.
    """

    categories: list[str]
    tags: list[str]
    attached: list[str]


class FolderBefore(FrozenModel):
    """Which levels of the path were there before, outermost first, and whether the folder had the ownership tag."""

    existing: list[str]
    tagged: bool = False


class TargetImages(FrozenModel):
    """What the target vCenters had before we touched them, each by its server's name (and the folder's path).

    What is missing here was never looked at, and so was never touched either.
    """

    tags: dict[str, TagsBefore] = {}
    folders: dict[str, dict[str, FolderBefore]] = {}

    def with_tags(self, server: str, before: TagsBefore) -> "TargetImages":
        """The same, and what tags a vCenter had."""
        return self.model_copy(update={"tags": {**self.tags, server: before}})

    def with_folder(self, server: str, path: str, before: FolderBefore) -> "TargetImages":
        """The same, and which levels of a folder's path a vCenter had."""
        paths = {**self.folders.get(server, {}), path: before}
        return self.model_copy(update={"folders": {**self.folders, server: paths}})

    def folder(self, server: str, path: str) -> FolderBefore | None:
        """Which levels of that path were there, if somebody looked."""
        return self.folders.get(server, {}).get(path)


def touched(plan: Plan) -> list[ObjectAddress]:
    """Every existing object that any phase edits or deletes."""
    return [
        ObjectAddress(kind="Infrastructure", name="cluster"),
        ObjectAddress(kind="Secret", namespace=CREDENTIALS_NAMESPACE, name=CREDENTIALS_NAME),
        ObjectAddress(kind="ConfigMap", namespace="openshift-config", name=plan.cloud_config),
        ObjectAddress(kind="ControlPlaneMachineSet", namespace=_MACHINE_API, name="cluster"),
        *(ObjectAddress(kind="MachineSet", namespace=_MACHINE_API, name=each.name) for each in plan.source_sets),
        *(
            ObjectAddress(kind="MachineHealthCheck", namespace=_MACHINE_API, name=each.name)
            for each in plan.quiesced.health_checks
        ),
        *(
            ObjectAddress(kind="MachineAutoscaler", namespace=_MACHINE_API, name=each.name)
            for each in plan.quiesced.autoscalers
        ),
    ]
