"""MachineAutoscalers over MachineSets that were replaced: the same limits, shared out over the successors.

A MachineAutoscaler scales one MachineSet. When that one's replicas are spread over several failure domains, so are its
limits: the sums stay what they were, and each successor's own replicas are within its share.
"""

from collections.abc import Iterable

from migration.frozen_model import KubeObject
from migration.plan import NewSet
from migration.spread import spread


def retargeted(before: KubeObject, new_sets: Iterable[NewSet]) -> list[KubeObject]:
    """One MachineAutoscaler for each MachineSet patterned on the one that `before` scaled; none if there is none.

    A successor is named after its MachineSet, so that it can be told from the one it replaces.
    """
    spec = before["spec"]
    successors = [each for each in new_sets if each.pattern == spec["scaleTargetRef"]["name"]]
    if not successors:
        return []
    least = spread(int(spec.get("minReplicas") or 0), domains=len(successors))
    most = spread(int(spec.get("maxReplicas") or 0), domains=len(successors))
    metadata = {key: before["metadata"][key] for key in ("namespace", "labels") if key in before["metadata"]}
    return [
        {
            "apiVersion": before["apiVersion"],
            "kind": before["kind"],
            "metadata": metadata | {"name": each.name},
            "spec": spec
            | {
                "minReplicas": min(low, each.replicas),
                "maxReplicas": max(high, each.replicas, 1),
                "scaleTargetRef": spec["scaleTargetRef"] | {"name": each.name},
            },
        }
        for each, low, high in zip(successors, least, most, strict=True)
    ]
