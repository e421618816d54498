"""The invariants of docs/architecture.md, as an observer outside the product evaluates them: each a function of a view.

Some compare two sources that arrive through two watches. Those must be broken for `PATIENCE` before they count:
an event that is still on its way is no violation.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.simulation.cluster.kinds import MACHINE, NODE, SECRET
from tests.prove.view import MACHINE_SET, ROLE, ClusterView, Document, called, in_replacement, workspace

PATIENCE = 1.0
CREDENTIALS = "kube-system/vsphere-creds"
Broken = Iterator[tuple[str, str]]
"""(object, what is wrong with it)."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What there was when the observation began."""

    masters: int
    workers: int


def credentials(view: ClusterView, _: Wanted) -> Broken:
    """A vCenter's keys are in vsphere-creds for as long as a machine of the cluster lives there."""
    secret = view.one(SECRET, CREDENTIALS) or {}
    since = view.changed.get((SECRET, CREDENTIALS), 0.0)
    for role, server in view.servers.items():
        if {f"{server}.username", f"{server}.password"} <= set(secret.get("data") or {}):
            continue
        living = [called(each) for each in view.machines_on(server)]
        listing = view.inventories.get(role)
        if listing and listing.asked > since:
            living += [each["path"] for each in view.vms(role)]
        if living:
            yield CREDENTIALS, f"no keys of the {role} {server}, where {', '.join(living)} still live"


def one_index(view: ClusterView, wanted: Wanted) -> Broken:
    """At most one control-plane index is in replacement, with at most one Machine to spare."""
    moving = in_replacement(view.masters)
    if len(moving) > 1 or len(view.masters) > wanted.masters + 1:
        names = sorted(each["metadata"]["name"] for each in view.masters)
        yield "ControlPlaneMachineSet", f"indices {', '.join(sorted(moving))} at once: {', '.join(names)}"


def quorum(view: ClusterView, wanted: Wanted) -> Broken:
    """Etcd has quorum with one to lose, and at most one member more than it is meant to have."""
    members = view.members
    healthy = sum(members.values())
    if healthy < wanted.masters - 1 or 2 * healthy <= len(members) or len(members) > wanted.masters + 1:
        yield "etcd", f"{healthy} of {len(members)} members healthy, {wanted.masters} wanted"


def workers(view: ClusterView, wanted: Wanted) -> Broken:
    """There are never fewer nodes to work on than there were."""
    if len(view.ready_workers) < wanted.workers:
        yield "workers", f"{len(view.ready_workers)} Ready and schedulable of {wanted.workers}: {view.ready_workers}"


def nothing_twice(view: ClusterView, _: Wanted) -> Broken:
    """No machine, tag, category or MachineSet exists twice."""
    sets = Counter(
        (place["server"], place.get("resourcePool"), each["spec"]["template"]["metadata"]["labels"].get(ROLE))
        for each in view.objects[MACHINE_SET].values()
        for place in [workspace(each)]
    )
    yield from (("MachineSet", f"{count} of {key}") for key, count in sets.items() if count > 1)
    for role, listing in view.inventories.items():
        names = Counter(each["path"].rsplit("/", 1)[1] for each in view.vms(role))
        identities = Counter(each["instance_uuid"] for each in view.vms(role) if "instance_uuid" in each)
        categories = Counter(each["name"] for each in listing.categories)
        tags = Counter(f"{each['name']}/{tag}" for each in listing.categories for tag in each["tags"])
        for found in (names, identities, categories, tags):
            yield from ((f"{role} vCenter", f"{each} {count} times") for each, count in found.items() if count > 1)


STATES: dict[str, tuple[Callable[[ClusterView, Wanted], Broken], float]] = {
    "credentials of every vCenter in use": (credentials, PATIENCE),
    "one control-plane index at a time": (one_index, PATIENCE),
    "etcd quorum": (quorum, PATIENCE),
    "workers wanted are Ready": (workers, PATIENCE),
    "nothing twice": (nothing_twice, PATIENCE),
}


def edited(before: Document, after: Document, kind: Any) -> Broken:
    """A Machine's and a source MachineSet's spec stays, and a providerID that was given stays given."""
    name, old, new = called(after), dict(before["spec"]), dict(after["spec"])
    if kind is NODE:
        old, new = ({"providerID": each.get("providerID")} for each in (old, new))
    if not old.get("providerID"):
        new.pop("providerID", None), old.pop("providerID", None)
    for each in ("lifecycleHooks",) if kind is MACHINE else ("replicas",):
        old.pop(each, None), new.pop(each, None)
    if old != new:
        changed = sorted(each for each in old.keys() | new.keys() if old.get(each) != new.get(each))
        yield name, f"{', '.join(changed)} edited"
