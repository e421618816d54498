"""Whether a lab is as it was, by two of the lab's own snapshots: everything in it, but for what is told here and why."""

from collections import Counter
from typing import Any

Document = dict[str, Any]

PASSING = frozenset(
    {
        "v1/Pod",  # restarted, drained, rescheduled
        "v1/Event",
        "events.k8s.io/v1/Event",
        "v1/Endpoints",  # follow the pods
        "discovery.k8s.io/v1/EndpointSlice",
        "coordination.k8s.io/v1/Lease",  # a pulse
        "v1/ServiceAccount",  # the controller manager's own moments
        "metrics.k8s.io/v1beta1/PodMetrics",
        "apps/v1/ControllerRevision",
        "apps/v1/ReplicaSet",
    }
)
"""Kinds whose objects come and go by themselves."""

ENDPOINTS = "openshift-etcd/etcd-endpoints"
"""Addresses of masters, which are new: compared by number."""

KEPT = ("vcfm-backup-", "vcfm-checkpoint-")
"""Before-images and the record of the run are kept on purpose."""


def differences(before: Document, after: Document, name: str) -> list[str]:
    """What is not as it was, a sentence each, of a lab with that infrastructure name; empty if it is as it began."""
    found = []
    for kind in sorted((before["objects"].keys() | after["objects"].keys()) - PASSING - RECREATED.keys()):
        then, now = (_written(each["objects"].get(kind, {})) for each in (before, after))
        found += [
            f"{kind} {name}: {_how(then.get(name), now.get(name))}"
            for name in sorted(then.keys() | now.keys())
            if then.get(name) != now.get(name)
        ]
    for kind, like in RECREATED.items():
        were, are = (Counter(map(like, each["objects"].get(kind, {}).values())) for each in (before, after))
        found += _counted(kind, were, are)
    for role in ("source", "target"):
        were, are = (_inventory(each["vcenters"][role], name) for each in (before, after))
        found += _counted(f"{role} vCenter", were, are)
    return found


def _counted(where: str, were: Counter[str], are: Counter[str]) -> list[str]:
    fewer = [f"{where}: {count} fewer of {each}" for each, count in (were - are).items()]
    return fewer + [f"{where}: {count} more of {each}" for each, count in (are - were).items()]


def _written(objects: dict[str, Document]) -> dict[str, Document]:
    """What somebody wrote into each: neither what the API server counts nor what controllers report."""
    return {
        name: {"etcd members": len(each.get("data") or {})} if name == ENDPOINTS else _content(each)
        for name, each in objects.items()
        if not name.split("/")[1].startswith(KEPT)
    }


def _content(document: Document) -> Document:
    metadata = {key: document["metadata"].get(key) or {} for key in ("labels", "annotations", "finalizers")}
    return {key: value for key, value in document.items() if key not in {"metadata", "status"}} | metadata


def _how(then: Document | None, now: Document | None) -> str:
    if then is None or now is None:
        return "it is new" if then is None else "it is gone"
    return (
        f"differs in {', '.join(sorted(each for each in then.keys() | now.keys() if then.get(each) != now.get(each)))}"
    )


def _machine(document: Document) -> str:
    spec, labels = document["spec"], document["metadata"]["labels"]
    place = spec["providerSpec"]["value"]["workspace"]
    zone = labels.get("machine.openshift.io/zone")
    owners = sorted(f"{each['kind']} {each['name']}" for each in document["metadata"].get("ownerReferences", []))
    hooks = sorted(each["name"] for each in spec.get("lifecycleHooks", {}).get("preDrain", []))
    role = labels["machine.openshift.io/cluster-api-machine-role"]
    return f"{role} on {place['server']} in {zone}, {document['status'].get('phase')}, of {owners}, hooks {hooks}"


def _node(document: Document) -> str:
    labels = {key: value for key, value in document["metadata"]["labels"].items() if key != "kubernetes.io/hostname"}
    ready = [each["status"] for each in document["status"]["conditions"] if each["type"] == "Ready"]
    return f"labels {sorted(labels.items())}, taints {document['spec'].get('taints')}, Ready {ready}"


def _inventory(found: Document, name: str) -> Counter[str]:
    """Objects by path, type and tags; the cluster's machines without their names."""
    return Counter(
        [_entity(each, name) for each in found["objects"]]
        + [
            f"category {each['name']} ({each['cardinality']}) with tags {sorted(each['tags'])}"
            for each in found["categories"]
        ]
    )


def _entity(each: Document, name: str) -> str:
    path = each["path"]
    if each["type"] == "VirtualMachine" and not each.get("template") and f"/{name}-" in path:
        folder, machine = path.rsplit("/", 1)
        path = f"{folder}/{'master' if '-master-' in machine else machine.rsplit('-', 1)[0]}"
    return f"{each['type']} {path} {each.get('power', '')} {sorted(each.get('tags') or [])}"


RECREATED = {"v1/Node": _node, "machine.openshift.io/v1beta1/Machine": _machine}
"""Kinds whose objects come back under other names; compared as what they are."""
