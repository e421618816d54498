"""MachineAutoscalers over what took the place of a MachineSet: the limits' sums stay, where replicas allow it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from migration.documents.autoscalers import retargeted
from migration.frozen_model import KubeObject
from migration.plan import NewSet


def scaler(least: int | None, most: int | None) -> KubeObject:
    limits = {key: value for key, value in (("minReplicas", least), ("maxReplicas", most)) if value is not None}
    return {
        "apiVersion": "autoscaling.openshift.io/v1beta1",
        "kind": "MachineAutoscaler",
        "metadata": {
            "name": "workers",
            "namespace": "openshift-machine-api",
            "uid": "u",
            "resourceVersion": "7",
            "labels": {"team": "shop"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
        "spec": limits
        | {"scaleTargetRef": {"apiVersion": "machine.openshift.io/v1beta1", "kind": "MachineSet", "name": "old"}},
        "status": {"lastTargetRef": {"name": "old"}},
    }


def sets(*replicas: int, pattern: str = "old") -> list[NewSet]:
    return [
        NewSet(name=f"new-{n}", pattern=pattern, failure_domain=f"fd-{n}", replicas=count)
        for n, count in enumerate(replicas)
    ]


def limits(documents: list[KubeObject]) -> list[tuple[str, int, int]]:
    return [
        (each["spec"]["scaleTargetRef"]["name"], each["spec"]["minReplicas"], each["spec"]["maxReplicas"])
        for each in documents
    ]


@pytest.mark.parametrize(
    ("least", "most", "replicas", "wanted"),
    [
        (2, 8, [3], [("new-0", 2, 8)]),
        (2, 8, [2, 2], [("new-0", 1, 4), ("new-1", 1, 4)]),
        (3, 7, [2, 2], [("new-0", 2, 4), ("new-1", 1, 3)]),
        (4, 4, [1, 1], [("new-0", 1, 2), ("new-1", 1, 2)]),  # fewer replicas were asked for than the limit allows
        (0, 1, [1, 0], [("new-0", 0, 1), ("new-1", 0, 1)]),  # the API wants at least 1 as the most
        (1, 2, [5], [("new-0", 1, 5)]),  # more replicas than the limit: they are not scaled away at once
        (None, 4, [2], [("new-0", 0, 4)]),
    ],
)
def test_limits_are_shared_out(
    least: int | None, most: int, replicas: list[int], wanted: list[tuple[str, int, int]]
) -> None:
    assert limits(retargeted(scaler(least, most), sets(*replicas))) == wanted


def test_a_successor_is_named_after_its_machine_set_and_carries_nothing_of_the_old_ones_life() -> None:
    (made,) = retargeted(scaler(1, 2), sets(1))
    assert made["metadata"] == {"name": "new-0", "namespace": "openshift-machine-api", "labels": {"team": "shop"}}
    assert made.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert made["spec"]["scaleTargetRef"] == scaler(1, 2)["spec"]["scaleTargetRef"] | {"name": "new-0"}


def test_the_old_one_is_not_edited() -> None:
    before: Any = scaler(1, 2)
    retargeted(before, sets(1, 1))
    assert before == scaler(1, 2)


def test_nothing_takes_the_place_of_a_set_without_successors() -> None:
    assert retargeted(scaler(1, 2), sets(3, pattern="another")) == []


@settings(deadline=None)
@given(
    least=some.integers(0, 20),
    more=some.integers(0, 20),
    replicas=some.lists(some.integers(0, 20), min_size=1, max_size=5),
)
def test_replicas_are_always_within_the_limits_and_the_most_is_never_less_than_before(
    least: int, more: int, replicas: list[int]
) -> None:
    made = limits(retargeted(scaler(least, least + more), sets(*replicas)))
    assert all(low <= count <= high for (_, low, high), count in zip(made, replicas, strict=True))
    assert all(high >= 1 for _, _, high in made)
    assert sum(high for _, _, high in made) >= least + more
    assert sum(low for _, low, _ in made) <= least
