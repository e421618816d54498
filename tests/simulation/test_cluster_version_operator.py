"""What the cluster-version-operator puts back, and when it does not."""

from typing import Any

import pytest

from lab.simulation.cluster.documents import covers
from lab.simulation.cluster.kinds import CLUSTER_VERSION, DEPLOYMENT, INFRASTRUCTURE_CRD, POD
from lab.simulation.context import SimulationContext
from lab.simulation.operators.cluster_version_operator import ClusterVersionOperator
from lab.simulation.operators.components import CLUSTER_VERSION_OPERATOR, COMPONENTS, CVO
from tests.simulation.helpers import make_pod, synced

CRD = "infrastructures.config.openshift.io"


@pytest.mark.parametrize(
    ("existing", "wanted", "expected"),
    [
        ({"a": 1, "defaulted": 2}, {"a": 1}, True),
        ({"a": 2}, {"a": 1}, False),
        ({}, {"a": None}, True),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, True),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, False),
        ({"a": [{"x": 1, "y": 2}]}, {"a": [{"x": 1}]}, True),
        ("text", {"a": 1}, False),
        (None, [], False),
    ],
)
def test_covers(existing: Any, wanted: Any, *, expected: bool) -> None:
    assert covers(existing, wanted) is expected


async def change_crd(context: SimulationContext) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe the CRD's first version anew, as an edit of it; before and after."""
    before = await context.cluster.get(INFRASTRUCTURE_CRD, CRD)
    versions = [{**before["spec"]["versions"][0], "deprecated": True}, *before["spec"]["versions"][1:]]
    after = await context.cluster.replace(
        INFRASTRUCTURE_CRD, {**before, "spec": {**before["spec"], "versions": versions}}
    )
    await synced(context, after)
    return before["spec"], after["spec"]


async def crd(context: SimulationContext) -> dict[str, Any]:
    spec: dict[str, Any] = (await context.cluster.get(INFRASTRUCTURE_CRD, CRD))["spec"]
    return spec


async def test_with_a_running_pod_the_crd_is_put_back_and_without_one_it_is_not(context: SimulationContext) -> None:
    operator = ClusterVersionOperator(context)
    await operator.reconcile()  # remembers the release's own
    released, edited = await change_crd(context)
    await operator.reconcile()
    assert await crd(context) == edited

    pod = await make_pod(context, "cvo", namespace=CVO, labels=CLUSTER_VERSION_OPERATOR.labels, ready=False)
    await operator.reconcile()
    assert await crd(context) == edited, "a pod that is not Running re-asserts nothing"

    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    await synced(context, await context.cluster.patch(POD, pod, {"status": status}, subresource="status"))
    await operator.reconcile()
    assert await crd(context) == released


async def test_what_is_overridden_is_left_alone(context: SimulationContext) -> None:
    operator = ClusterVersionOperator(context)
    await operator.reconcile()
    await make_pod(context, "cvo", namespace=CVO, labels=CLUSTER_VERSION_OPERATOR.labels)
    version = await context.cluster.get(CLUSTER_VERSION, "version")
    unmanaged = {
        "kind": "CustomResourceDefinition",
        "group": "apiextensions.k8s.io",
        "namespace": "",
        "name": CRD,
        "unmanaged": True,
    }
    await synced(context, await context.cluster.patch(CLUSTER_VERSION, version, {"spec": {"overrides": [unmanaged]}}))
    released, edited = await change_crd(context)
    await operator.reconcile()
    assert await crd(context) == edited

    await synced(context, await context.cluster.patch(CLUSTER_VERSION, version, {"spec": {"overrides": None}}))
    await operator.reconcile()
    assert await crd(context) == released


async def test_operators_get_their_replicas_back_but_not_itself(context: SimulationContext) -> None:
    operator = ClusterVersionOperator(context)
    await operator.reconcile()
    await make_pod(context, "cvo", namespace=CVO, labels=CLUSTER_VERSION_OPERATOR.labels)
    await operator.reconcile()
    made = {each["metadata"]["name"]: each for each in (await context.cluster.all(DEPLOYMENT))[0]}
    assert made.keys() == {each.name for each in COMPONENTS if each.release}
    for each in ("cluster-version-operator", "machine-config-operator"):
        await synced(context, await context.cluster.patch(DEPLOYMENT, made[each], {"spec": {"replicas": 0}}))
    await operator.reconcile()
    replicas = {
        each["metadata"]["name"]: each["spec"]["replicas"] for each in (await context.cluster.all(DEPLOYMENT))[0]
    }
    assert replicas["machine-config-operator"] == 1
    assert replicas["cluster-version-operator"] == 0
