"""Nodes as a migration sees them: which machine they are, and whether they carry the cluster."""

from migration.frozen_model import FrozenModel, KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import conditions, get_path, require
from openshift.api.resources import NODE

_ROLE = "node-role.kubernetes.io/"


class Node(FrozenModel):
    """One Node; `reason` says why it is not Ready, in the kubelet's or node controller's words."""

    name: str
    uid: str
    provider_id: str
    roles: list[str]
    ready: bool
    reason: str
    schedulable: bool


def read_node(document: KubeObject) -> Node:
    """A Node's document, read. A Node that says nothing of Ready is not."""
    ready = conditions(document).get("Ready")
    is_ready = ready is not None and ready.status == "True"
    labels = get_path(document, "metadata", "labels") or {}
    return Node(
        name=require(document, "metadata", "name"),
        uid=require(document, "metadata", "uid"),
        provider_id=get_path(document, "spec", "providerID") or "",
        roles=sorted(each.removeprefix(_ROLE) for each in labels if each.startswith(_ROLE)),
        ready=is_ready,
        reason="" if is_ready else (ready.message or ready.reason if ready else "has not reported yet"),
        schedulable=not get_path(document, "spec", "unschedulable"),
    )


async def list_nodes(cluster: Cluster) -> list[Node]:
    """All Nodes."""
    return [read_node(each) for each in await cluster.list(NODE)]
