"""The ControlPlaneMachineSet: where the control plane should live, and how far it has got.

Pointing an Active one at other failure domains makes OpenShift's own operator roll it, one index at a time, create
first, with etcd's pre-drain hook in force. We set exactly two fields and watch. An Active one cannot be made Inactive;
deleted, it comes back Inactive within a second, and the Machines keep running (seen in the lab).
"""

import contextlib
from collections.abc import Sequence

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import Condition, conditions, get_path, require
from openshift.api.resources import CONTROL_PLANE_MACHINE_SET
from openshift.errors import NotFound
from openshift.machines import NAMESPACE

NAME = "cluster"

_MACHINES = "machines_v1beta1_machine_openshift_io"


class ControlPlane(FrozenModel):
    """The ControlPlaneMachineSet.

    Attributes:
        state: `Active` or `Inactive`; an Inactive one only describes.
        strategy: `RollingUpdate`, `OnDelete` (a person deletes each Machine) or `Recreate`.
        failure_domains: names, in its order; empty where the template itself says where.
        server: of the template's own workspace; empty where failure domains say it.
        replicas: wanted; `updated` and `ready` of them are as wanted and Ready, `unavailable` are missing.
    """

    uid: str
    state: str
    strategy: str
    failure_domains: list[str]
    server: str
    generation: int
    observed_generation: int
    replicas: int
    current: int
    updated: int
    ready: int
    unavailable: int
    conditions: dict[str, Condition]

    @property
    def rolled(self) -> bool:
        """Whether the operator has seen the last change and every index is as wanted, Ready, with none to spare.

        The operator's own word; that every Machine is on the target is for the caller to see.
        """
        seen = self.observed_generation >= self.generation
        return seen and 0 < self.replicas == self.updated == self.ready == self.current and not self.unavailable


def read_control_plane(document: KubeObject) -> ControlPlane:
    """The ControlPlaneMachineSet's document, read."""
    status = document.get("status") or {}
    template = get_path(document, "spec", "template", _MACHINES) or {}
    return ControlPlane(
        uid=require(document, "metadata", "uid"),
        state=get_path(document, "spec", "state") or "Inactive",
        strategy=get_path(document, "spec", "strategy", "type") or "RollingUpdate",
        failure_domains=[each["name"] for each in get_path(template, "failureDomains", "vsphere") or []],
        server=get_path(template, "spec", "providerSpec", "value", "workspace", "server") or "",
        generation=require(document, "metadata", "generation"),
        observed_generation=status.get("observedGeneration") or 0,
        replicas=require(document, "spec", "replicas"),
        current=status.get("replicas") or 0,
        updated=status.get("updatedReplicas") or 0,
        ready=status.get("readyReplicas") or 0,
        unavailable=status.get("unavailableReplicas") or 0,
        conditions=conditions(document),
    )


async def find_control_plane(cluster: Cluster) -> ControlPlane | None:
    """The ControlPlaneMachineSet; None on a cluster without one."""
    document = await cluster.find(CONTROL_PLANE_MACHINE_SET, NAME, namespace=NAMESPACE)
    return read_control_plane(document) if document else None


async def point_at(cluster: Cluster, *, failure_domains: Sequence[str]) -> ControlPlane:
    """Make it Active in these failure domains; without any, where its template says.

    Writes only when something differs (the order of names does not). Raises `NotFound` without a
    ControlPlaneMachineSet, and `Conflict` when somebody else changes the same fields at the same time.
    """
    document = await cluster.get(CONTROL_PLANE_MACHINE_SET, NAME, namespace=NAMESPACE)
    observed = read_control_plane(document)
    if observed.state == "Active" and set(observed.failure_domains) == set(failure_domains):
        return observed
    operations = pointing(document, failure_domains=failure_domains)
    return read_control_plane(
        await cluster.patch_json(CONTROL_PLANE_MACHINE_SET, NAME, operations, namespace=NAMESPACE)
    )


def provider_spec(document: KubeObject) -> KubeObject:
    """The provider spec of its machines, into which its operator puts what failure domains say."""
    return get_path(document, "spec", "template", _MACHINES, "spec", "providerSpec", "value") or {}


def pointing(document: KubeObject, *, failure_domains: Sequence[str]) -> list[KubeObject]:
    """The JSON patch that points a ControlPlaneMachineSet at failure domains and makes it Active.

    It holds only for this very object with these very fields. `test` with null is how a missing field is asserted.
    """
    path = f"/spec/template/{_MACHINES}/failureDomains"
    old = get_path(document, "spec", "template", _MACHINES, "failureDomains")
    new = {"platform": "VSphere", "vsphere": [{"name": name} for name in failure_domains]}
    moved: list[KubeObject] = [{"op": "add", "path": path, "value": new}]
    if not failure_domains:
        moved = [{"op": "remove", "path": path}] if old is not None else []
    return [
        {"op": "test", "path": "/metadata/uid", "value": require(document, "metadata", "uid")},
        {"op": "test", "path": path, "value": old},
        {"op": "test", "path": "/spec/state", "value": get_path(document, "spec", "state")},
        *moved,
        {"op": "add", "path": "/spec/state", "value": "Active"},
    ]


async def make_inactive(cluster: Cluster) -> None:
    """Delete an Active ControlPlaneMachineSet, upon which its operator writes a new, Inactive one.

    Nothing to do where it is Inactive or gone already. Raises `Conflict` when it changed in between.
    """
    document = await cluster.find(CONTROL_PLANE_MACHINE_SET, NAME, namespace=NAMESPACE)
    if document is None:
        return
    observed = read_control_plane(document)
    if observed.state == "Active":
        with contextlib.suppress(NotFound):
            await cluster.delete(CONTROL_PLANE_MACHINE_SET, NAME, namespace=NAMESPACE, uid=observed.uid)
