"""Machines as people follow them: one line each, with the node's readiness and whatever holds the machine up."""

from collections.abc import Iterable, Mapping

from migration.frozen_model import Document
from migration.run.status import Node
from openshift.api.cache import Watched, World
from openshift.api.documents import conditions
from openshift.api.resources import MACHINE, NODE
from openshift.machines import NAMESPACE, Machine, read_machine

MACHINES = Watched(resource=MACHINE, namespace=NAMESPACE)
NODES = Watched(resource=NODE)


def machines(world: World) -> list[Machine]:
    """All Machines of a watched world, by name."""
    return sorted((read_machine(each) for each in world[MACHINES].values()), key=lambda each: each.name)


def is_ready(node: Document | None) -> bool:
    """Whether a Node is there and says that it is Ready."""
    if node is None:
        return False
    ready = conditions(node).get("Ready")
    return ready is not None and ready.status == "True"


def views(listed: Iterable[Machine], nodes: Mapping[str, Document]) -> tuple[Node, ...]:
    """The machines for the live view."""
    return tuple(
        Node(
            name=each.name,
            role=each.role,
            server=each.server,
            phase=each.phase or "New",
            ready=is_ready(nodes.get(each.node or "")),
            note=each.obstacle[:200],
        )
        for each in listed
    )
