"""What would fight a migration, held still and given back.

A MachineHealthCheck remediates nodes that are slow to join (ten minutes by default); its controller leaves it alone
while it carries the annotation `cluster.x-k8s.io/paused`, with any value. A MachineAutoscaler scales the very
MachineSets that are being replaced; without one, its operator takes the limits off the MachineSet and the
cluster-autoscaler has no node group there, so ClusterAutoscaler itself need not be touched.
"""

import contextlib

from migration.frozen_model import FrozenModel, KubeObject
from migration.openshift_names import PAUSED_ANNOTATION
from openshift.api.client import FIELD_MANAGER, Cluster
from openshift.api.documents import describe, get_path, require
from openshift.api.resources import MACHINE_AUTOSCALER, MACHINE_HEALTH_CHECK, Resource
from openshift.errors import AlreadyExists, Conflict, NotFound, NotServed
from openshift.machines import NAMESPACE


class HealthCheck(FrozenModel):
    """A MachineHealthCheck; `paused` is the annotation's value, None where it is not paused."""

    name: str
    uid: str
    paused: str | None


class Autoscaler(FrozenModel):
    """A MachineAutoscaler and the MachineSet it scales."""

    name: str
    uid: str
    machine_set: str
    least: int
    most: int


def read_health_check(document: KubeObject) -> HealthCheck:
    """The document, read."""
    return HealthCheck(
        name=require(document, "metadata", "name"),
        uid=require(document, "metadata", "uid"),
        paused=(get_path(document, "metadata", "annotations") or {}).get(PAUSED_ANNOTATION),
    )


def read_autoscaler(document: KubeObject) -> Autoscaler:
    """The document, read."""
    return Autoscaler(
        name=require(document, "metadata", "name"),
        uid=require(document, "metadata", "uid"),
        machine_set=require(document, "spec", "scaleTargetRef", "name"),
        least=get_path(document, "spec", "minReplicas") or 0,
        most=get_path(document, "spec", "maxReplicas") or 0,
    )


async def list_health_checks(cluster: Cluster) -> list[HealthCheck]:
    """All MachineHealthChecks."""
    return [read_health_check(each) for each in await _list(cluster, MACHINE_HEALTH_CHECK)]


async def list_autoscalers(cluster: Cluster) -> list[Autoscaler]:
    """All MachineAutoscalers; none on a cluster without the autoscaler's kinds."""
    return [read_autoscaler(each) for each in await _list(cluster, MACHINE_AUTOSCALER)]


async def pause(cluster: Cluster, name: str) -> None:
    """Pause a MachineHealthCheck; nothing to do where it is paused, by whomever. Raises `NotFound`."""
    document = await cluster.get(MACHINE_HEALTH_CHECK, name, namespace=NAMESPACE)
    if read_health_check(document).paused is None:
        await _annotate(cluster, name, paused=FIELD_MANAGER)


async def restore_pause(cluster: Cluster, name: str, *, paused: str | None) -> None:
    """Have the annotation be what it was recorded as: a value, or absent (None). Nothing to do for one that is gone."""
    document = await cluster.find(MACHINE_HEALTH_CHECK, name, namespace=NAMESPACE)
    if document and read_health_check(document).paused != paused:
        await _annotate(cluster, name, paused=paused)


async def set_aside(cluster: Cluster, name: str, *, uid: str) -> None:
    """Delete a MachineAutoscaler; a rollback restores its before-image. A no-op where that one (by uid) is gone."""
    document = await cluster.find(MACHINE_AUTOSCALER, name, namespace=NAMESPACE)
    if document is None or document["metadata"]["uid"] != uid or get_path(document, "metadata", "deletionTimestamp"):
        return
    with contextlib.suppress(NotFound):
        await cluster.delete(MACHINE_AUTOSCALER, name, namespace=NAMESPACE, uid=uid)


async def put_back(cluster: Cluster, before: KubeObject) -> None:
    """Create a MachineAutoscaler again as it was; nothing to do where one of that name exists.

    Raises `Conflict` while the old one is still being deleted.
    """
    metadata = before["metadata"]
    existing = await cluster.find(MACHINE_AUTOSCALER, metadata["name"], namespace=NAMESPACE)
    if existing and get_path(existing, "metadata", "deletionTimestamp"):
        raise Conflict(f"{describe(existing)} is still being deleted")
    if existing:
        return
    again = {
        "apiVersion": MACHINE_AUTOSCALER.api_version,
        "kind": MACHINE_AUTOSCALER.kind,
        "metadata": {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata},
        "spec": before["spec"],
    }
    with contextlib.suppress(AlreadyExists):
        await cluster.create(MACHINE_AUTOSCALER, again)


async def _annotate(cluster: Cluster, name: str, *, paused: str | None) -> None:
    fields = {"metadata": {"annotations": {PAUSED_ANNOTATION: paused}}}
    await cluster.patch_merge(MACHINE_HEALTH_CHECK, name, fields, namespace=NAMESPACE)


async def _list(cluster: Cluster, resource: Resource) -> list[KubeObject]:
    try:
        return await cluster.list(resource, namespace=NAMESPACE)
    except NotServed:
        return []
