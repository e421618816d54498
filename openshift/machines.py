"""Machines and MachineSets of Machine API (machine.openshift.io/v1beta1).

A Machine of the source is never edited, and of its MachineSet only `replicas` is: Machine API finds a VM by the
Machine's own `workspace.server`, and a Machine whose VM is not found there is Failed for ever or "already deleted"
(machine-api-operator, vSphere reconciler), which orphans the VM. Hooks and providerIDs are only read here.
"""

import contextlib

from pydantic import AwareDatetime

from migration.audit import redact
from migration.frozen_model import FrozenModel, KubeObject
from migration.openshift_names import CONTROL_PLANE_ROLES, MACHINE_API_NAMESPACE, MACHINE_ROLE_LABEL
from openshift.api.client import Cluster
from openshift.api.documents import Condition, conditions, describe, get_path, moment, require
from openshift.api.resources import MACHINE, MACHINE_SET
from openshift.errors import AlreadyExists, NotFound, StillInUse

NAMESPACE = MACHINE_API_NAMESPACE

_LABEL = "machine.openshift.io/cluster-api-"
MACHINE_SET_LABEL = f"{_LABEL}machineset"
REGION_LABEL = "machine.openshift.io/region"
ZONE_LABEL = "machine.openshift.io/zone"

_HALF = 150
"""Characters kept of the beginning and of the end of what a Machine says."""
_WORKSPACE = ("spec", "providerSpec", "value", "workspace")
_TEMPLATE = ("spec", "template")


class Hook(FrozenModel):
    """A lifecycle hook: who holds the Machine's deletion, and at which step."""

    step: str
    name: str
    owner: str


class Machine(FrozenModel):
    """One Machine.

    Attributes:
        uid: also the instance UUID of its VM.
        server: the vCenter it was made for; empty for a Machine without a workspace.
        machine_set: the MachineSet it belongs to; None for control-plane Machines.
        phase: `Provisioning`, `Provisioned`, `Running`, `Deleting`, `Failed`; empty when new.
        node: name of its Node, once nodelink has found it.
        provider_id: `vsphere://<BIOS UUID of the VM>`.
        deleting_since: when its deletion was asked for.
        conditions: `Drainable`, `Drained`, `Terminable`, `InstanceExists`, and vSphere's own `MachineCreation` from
            `status.providerStatus`, as far as they were written.
    """

    name: str
    uid: str
    server: str
    datacenter: str
    role: str
    machine_set: str | None
    phase: str
    node: str | None
    provider_id: str | None
    error_reason: str
    error_message: str
    created: AwareDatetime
    deleting_since: AwareDatetime | None
    hooks: list[Hook]
    conditions: dict[str, Condition]
    addresses: list[str]
    region: str
    zone: str

    @property
    def is_control_plane(self) -> bool:
        """Whether it is a master: `master` is the role's name everywhere, `control-plane` the one it may get."""
        return self.role in CONTROL_PLANE_ROLES

    @property
    def obstacle(self) -> str:
        """What the Machine itself says holds it up, or nothing.

        Its error, if it has one. While it is deleted the drain or hook that blocks this; before it has a Node the
        vCenter that cannot be asked for its VM, or that refused to make one: Machine API tries those again for ever,
        and neither makes the Machine Failed. Without what looks like a secret, and brief: Machine API prints whole
        structures before the vCenter's own words.
        """
        if self.error_message or self.error_reason:
            return _brief(self.error_message or self.error_reason)
        held: dict[str, str] = {}
        if self.deleting_since:
            held = {"Drainable": "False", "Drained": "False", "Terminable": "False"}
        elif not self.node:
            held = {"InstanceExists": "Unknown", "MachineCreation": "False"}
        said = [self.conditions[each] for each in held if each in self.conditions]
        return _brief(next((each.message for each in said if each.status == held[each.type]), ""))


class MachineSet(FrozenModel):
    """One MachineSet.

    Attributes:
        replicas: wanted; 1 where the field is absent, as Machine API defaults it.
        region, zone: labels of the template, which ValidatingAdmissionPolicies compare with failure domains.
    """

    name: str
    uid: str
    resource_version: str
    server: str
    role: str
    replicas: int
    ready_replicas: int
    labels: dict[str, str]
    region: str
    zone: str


def _brief(text: str) -> str:
    text = redact.line(text)
    return text if len(text) <= 2 * _HALF else f"{text[:_HALF]} … {text[-_HALF:]}"


def read_machine(document: KubeObject) -> Machine:
    """A Machine's document, read; raises `Unexpected` for one without name, uid or creation time."""
    labels = get_path(document, "metadata", "labels") or {}
    hooks = get_path(document, "spec", "lifecycleHooks") or {}
    return Machine(
        name=require(document, "metadata", "name"),
        uid=require(document, "metadata", "uid"),
        server=get_path(document, *_WORKSPACE, "server") or "",
        datacenter=get_path(document, *_WORKSPACE, "datacenter") or "",
        role=labels.get(MACHINE_ROLE_LABEL, ""),
        machine_set=labels.get(MACHINE_SET_LABEL),
        phase=get_path(document, "status", "phase") or "",
        node=get_path(document, "status", "nodeRef", "name"),
        provider_id=get_path(document, "spec", "providerID"),
        error_reason=get_path(document, "status", "errorReason") or "",
        error_message=get_path(document, "status", "errorMessage") or "",
        created=require(document, "metadata", "creationTimestamp"),
        deleting_since=moment(document, "metadata", "deletionTimestamp"),
        hooks=[Hook(step=step, **each) for step in ("preDrain", "preTerminate") for each in hooks.get(step) or []],
        conditions=conditions(document) | conditions({"status": get_path(document, "status", "providerStatus")}),
        addresses=[each["address"] for each in get_path(document, "status", "addresses") or []],
        region=labels.get(REGION_LABEL, ""),
        zone=labels.get(ZONE_LABEL, ""),
    )


def read_machine_set(document: KubeObject) -> MachineSet:
    """A MachineSet's document, read; raises `Unexpected` for one without name or uid."""
    replicas = get_path(document, "spec", "replicas")
    template = get_path(document, *_TEMPLATE, "metadata", "labels") or {}
    # What new Machines are labelled with: `metadata` of the Machine's spec goes to the Node instead.
    return MachineSet(
        name=require(document, "metadata", "name"),
        uid=require(document, "metadata", "uid"),
        resource_version=require(document, "metadata", "resourceVersion"),
        server=get_path(document, *_TEMPLATE, *_WORKSPACE, "server") or "",
        role=template.get(MACHINE_ROLE_LABEL, ""),
        replicas=1 if replicas is None else replicas,
        ready_replicas=get_path(document, "status", "readyReplicas") or 0,
        labels=get_path(document, "metadata", "labels") or {},
        region=template.get(REGION_LABEL, ""),
        zone=template.get(ZONE_LABEL, ""),
    )


async def list_machines(cluster: Cluster) -> list[Machine]:
    """All Machines."""
    return [read_machine(each) for each in await cluster.list(MACHINE, namespace=NAMESPACE)]


async def list_machine_sets(cluster: Cluster) -> list[MachineSet]:
    """All MachineSets."""
    return [read_machine_set(each) for each in await cluster.list(MACHINE_SET, namespace=NAMESPACE)]


async def scale(cluster: Cluster, name: str, *, replicas: int) -> MachineSet:
    """Set `replicas` and nothing else; writes only when they differ. Raises `NotFound`."""
    observed = read_machine_set(await cluster.get(MACHINE_SET, name, namespace=NAMESPACE))
    if observed.replicas == replicas:
        return observed
    fields = {"spec": {"replicas": replicas}}
    return read_machine_set(await cluster.patch_merge(MACHINE_SET, name, fields, namespace=NAMESPACE))


async def create_machine_set(cluster: Cluster, document: KubeObject) -> MachineSet:
    """Create it, or find that an earlier try did.

    Raises `AlreadyExists` when the name is taken by a MachineSet that makes other Machines.
    """
    name = document["metadata"]["name"]
    existing = await cluster.find(MACHINE_SET, name, namespace=NAMESPACE)
    if existing is None:
        try:
            return read_machine_set(await cluster.create(MACHINE_SET, document))
        except AlreadyExists:
            existing = await cluster.get(MACHINE_SET, name, namespace=NAMESPACE)
    if get_path(existing, *_TEMPLATE, *_WORKSPACE) != get_path(document, *_TEMPLATE, *_WORKSPACE):
        raise AlreadyExists(f"{describe(existing)} exists and places its Machines elsewhere")
    return read_machine_set(existing)


async def delete_machine_set(cluster: Cluster, name: str) -> None:
    """Delete an empty MachineSet; nothing to do where there is none.

    Raises `StillInUse` while it wants or has Machines (deleting it would delete them all at once, without the drain's
    order), and `Conflict` when it was changed between looking and deleting.
    """
    document = await cluster.find(MACHINE_SET, name, namespace=NAMESPACE)
    if document is None:
        return
    observed = read_machine_set(document)
    machines = await cluster.list(MACHINE, namespace=NAMESPACE, label_selector=f"{MACHINE_SET_LABEL}={name}")
    if observed.replicas or machines:
        left = ", ".join(each["metadata"]["name"] for each in machines) or f"replicas: {observed.replicas}"
        raise StillInUse(
            f"{describe(document)} is not empty ({left})", remedy="Scale it to 0 and let its Machines go first"
        )
    with contextlib.suppress(NotFound):
        await cluster.delete(
            MACHINE_SET,
            name,
            namespace=NAMESPACE,
            uid=observed.uid,
            resource_version=observed.resource_version,
        )
