"""Machines as people follow them: one line each, with the node's readiness and whatever holds the machine up."""

from collections.abc import Iterable, Mapping

from migration.frozen_model import KubeObject
from migration.run.status import MachineView
from openshift.api.cache import Cache, WatchTarget
from openshift.api.documents import conditions
from openshift.api.resources import MACHINE, NODE
from openshift.machines import NAMESPACE, Machine, read_machine

MACHINES = WatchTarget(resource=MACHINE, namespace=NAMESPACE)
NODES = WatchTarget(resource=NODE)


def machines(cache: Cache) -> list[Machine]:
    """All Machines of a watched world, by name."""
    return sorted((read_machine(each) for each in cache[MACHINES].values()), key=lambda each: each.name)


def is_ready(node: KubeObject | None) -> bool:
    """Whether a Node is there and says that it is Ready."""
    if node is None:
        return False
    ready = conditions(node).get("Ready")
    return ready is not None and ready.status == "True"


def views(listed: Iterable[Machine], nodes: Mapping[str, KubeObject]) -> tuple[MachineView, ...]:
    """The machines for the live view."""
    return tuple(
        MachineView(
            name=each.name,
            role=each.role,
            server=each.server,
            phase=each.phase or "New",
            ready=is_ready(nodes.get(each.node or "")),
            note=each.obstacle[:200],
        )
        for each in listed
    )
