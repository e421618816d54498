"""Nodes as a migration sees them: which machine they are, and whether they carry the cluster."""

from migration.frozen_model import Document, Value
from openshift.api.client import Cluster
from openshift.api.documents import conditions, dig, need
from openshift.api.resources import NODE

_ROLE = "node-role.kubernetes.io/"


class Node(Value):
    """One Node; `reason` says why it is not Ready, in the kubelet's or node controller's words."""

    name: str
    uid: str
    provider_id: str
    roles: list[str]
    ready: bool
    reason: str
    schedulable: bool


def read_node(document: Document) -> Node:
    """A Node's document, read. A Node that says nothing of Ready is not."""
    ready = conditions(document).get("Ready")
    is_ready = ready is not None and ready.status == "True"
    labels = dig(document, "metadata", "labels") or {}
    return Node(
        name=need(document, "metadata", "name"),
        uid=need(document, "metadata", "uid"),
        provider_id=dig(document, "spec", "providerID") or "",
        roles=sorted(each.removeprefix(_ROLE) for each in labels if each.startswith(_ROLE)),
        ready=is_ready,
        reason="" if is_ready else (ready.message or ready.reason if ready else "has not reported yet"),
        schedulable=not dig(document, "spec", "unschedulable"),
    )


async def list_nodes(cluster: Cluster) -> list[Node]:
    """All Nodes."""
    return [read_node(each) for each in await cluster.list(NODE)]
