"""A MachineSet for the target, patterned on one of the source: document in, document out.

Patterned on *its own* source set, so that every pool keeps its shape, labels and taints. Taken over is what describes
the machine (CPU, memory, disks, user data, taints, labels); replaced is what says where it lives; dropped is what
belongs to the source object or to the source vCenter: a tag id or a VM group of one vCenter names nothing on another,
and a copied region or zone label would tie the new set to the old failure domain for ever (OpenShift refuses to remove
a failure domain while a MachineSet's labels point at it). What can be neither taken over nor replaced is refused with
the path of the field, since a network card or an address that gets lost shows only when the node does not join.
"""

from copy import deepcopy

from migration.frozen_model import KubeObject
from migration.names import shorten
from migration.openshift_names import MACHINE_ROLE_LABEL
from migration.spec.failure_domain import FailureDomain

MIGRATED_FROM = "migration.openshift.io/migrated-from"
"""Label of a MachineSet that a migration made; its value names the source set (shortened to a label value's 63)."""

CLUSTER = "machine.openshift.io/cluster-api-cluster"
MACHINE_SET = "machine.openshift.io/cluster-api-machineset"
REGION = "machine.openshift.io/region"
ZONE = "machine.openshift.io/zone"

_FOREIGN_ANNOTATIONS = (
    "argocd.argoproj.io/",  # would have the new set pruned as one that is not in Git
    "autoscaling.openshift.io/",
    "cluster.x-k8s.io/cluster-api-autoscaler-",
    "kubectl.kubernetes.io/last-applied-configuration",
    "machine.openshift.io/cluster-api-autoscaler-",
)
_STATIC_ADDRESSES = ("addressesFromPools", "gateway", "ipAddrs", "nameservers")
_PROVIDER = "spec.template.spec.providerSpec.value"


class UnsupportedMachineSetError(Exception):
    """A MachineSet has fields that cannot be carried over to the target."""

    def __init__(self, name: str, fields: list[str]) -> None:
        self.fields = fields
        super().__init__(
            f"MachineSet {name} has {', '.join(fields)}, which cannot be carried over: put one without them "
            "in its place, or scale it to 0 and delete it"
        )


def provider_spec(document: KubeObject) -> KubeObject:
    """The VSphereMachineProviderSpec of a MachineSet's template."""
    spec = document["spec"]["template"]["spec"].get("providerSpec") or {}
    return spec.get("value") or {}


def server(document: KubeObject) -> str:
    """The vCenter on which the set makes machines; empty if it does not say."""
    return str((provider_spec(document).get("workspace") or {}).get("server") or "")


def role(document: KubeObject) -> str:
    """`worker`, `infra`, …; empty if the machines carry no role."""
    labels = document["spec"]["template"].get("metadata", {}).get("labels") or {}
    return str(labels.get(MACHINE_ROLE_LABEL) or "")


def unsupported(document: KubeObject, *, failure_domain: FailureDomain) -> list[str]:
    """Paths of the fields that cannot be carried over to that failure domain; empty if the set can be moved."""
    devices = _devices(provider_spec(document))
    found = [
        f"{_PROVIDER}.network.devices[{index}].{field}"
        for index, device in enumerate(devices)
        for field in _STATIC_ADDRESSES
        if device.get(field)
    ]
    networks = len(failure_domain.topology.networks)
    found += [f"{_PROVIDER}.network.devices[{index}]" for index in range(networks, len(devices))]
    if document["spec"].get("authoritativeAPI", "MachineAPI") != "MachineAPI":
        found.append("spec.authoritativeAPI")
    return found


def machine_set(
    source: KubeObject, *, name: str, replicas: int, failure_domain: FailureDomain, infrastructure_name: str
) -> KubeObject:
    """The MachineSet to create.

    Args:
        source: the MachineSet of the source, as the API server sends it; left unchanged.
        name: of the new set (`migration.names`).
        replicas: of the new set.
        failure_domain: where its machines go; OpenShift's defaults are filled in for what it leaves open.
        infrastructure_name: value of the label by which Machine API finds the ownership tag.

    Raises:
        UnsupportedMachineSetError: it has fields that cannot be carried over; lists them.
    """
    if fields := unsupported(source, failure_domain=failure_domain):
        raise UnsupportedMachineSetError(source["metadata"]["name"], fields)
    domain = failure_domain.completed(infrastructure_name)
    metadata, spec = source["metadata"], deepcopy(source["spec"])
    identity = {CLUSTER: infrastructure_name, MACHINE_SET: name}
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_FOREIGN_ANNOTATIONS)
    }
    spec["replicas"] = replicas
    spec["selector"]["matchLabels"] = _placeless(spec["selector"].get("matchLabels")) | identity
    template = spec["template"]
    labels = (template.get("metadata") or {}).get("labels")
    template["metadata"] = {
        "labels": _placeless(labels) | identity | {REGION: domain.region, ZONE: domain.zone},
        **({"annotations": kept} if (kept := (template.get("metadata") or {}).get("annotations")) else {}),
    }
    template["spec"].pop("providerID", None)
    template["spec"]["providerSpec"] = {"value": _relocated(provider_spec(source), domain)}
    origin = {CLUSTER: infrastructure_name, MIGRATED_FROM: shorten(metadata["name"], limit=63)}
    return {
        "apiVersion": source["apiVersion"],
        "kind": source["kind"],
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": _placeless(metadata.get("labels")) | origin,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": spec,
    }


def _relocated(provider: KubeObject, domain: FailureDomain) -> KubeObject:
    place = domain.topology
    kept = {key: value for key, value in deepcopy(provider).items() if key != "tagIDs"}
    devices = _devices(provider) or [{}]
    return kept | {
        "template": place.template,
        "snapshot": "",  # named one of the source's template; the target template's current one is used instead
        "network": {
            "devices": [device | {"networkName": place.networks[index]} for index, device in enumerate(devices)]
        },
        "workspace": {
            "server": domain.server,
            "datacenter": place.datacenter,
            "datastore": place.datastore,
            "folder": place.folder,
            "resourcePool": place.resource_pool,
        },
    }


def _devices(provider: KubeObject) -> list[KubeObject]:
    return list((provider.get("network") or {}).get("devices") or [])


def _placeless(labels: dict[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (labels or {}).items() if key not in {REGION, ZONE}}
