"""Whether the inventory paths of failure domains fit together.

Machine API takes a datacenter by name and everything else by path, and refuses a folder that does not begin with
`/<datacenter>/vm/`; a datastore of another datacenter shows only when the first clone fails.
"""

from collections.abc import Iterator, Sequence

from migration.spec.draft import DraftDomain, DraftTopology
from migration.spec.problem import Problem, shown

Placed = tuple[str, DraftDomain]
"""JSON path of a failure domain, and the parts of it that can be validated."""


def place_problems(domains: Sequence[Placed]) -> Iterator[Problem]:
    """Every problem of the paths within each failure domain, and of tags across all of them."""
    for path, domain in domains:
        yield from _paths(f"{path}.topology", domain.topology)
    yield from _shared(domains, "region")
    yield from _shared(domains, "zone")


def _paths(field: str, place: DraftTopology) -> Iterator[Problem]:
    datacenter = place.datacenter
    if datacenter is not None and datacenter != datacenter.strip("/ "):
        name = datacenter.strip("/ ")
        rule, remedy = "must be a name, without slash or space at its ends", f"Write {name or 'its name'}."
        yield Problem(field=f"{field}.datacenter", value=shown(datacenter), rule=rule, remedy=remedy)
        datacenter = name or None  # the paths are validated against the intended name
    for name, value, kind in (
        ("computeCluster", place.compute_cluster, "host"),
        ("datastore", place.datastore, "datastore"),
        ("resourcePool", place.resource_pool, "host"),
        ("folder", place.folder, "vm"),
        ("template", place.template, "vm"),
    ):
        if value is not None:
            yield from _path(f"{field}.{name}", value, below=f"/{datacenter}/{kind}/" if datacenter else "/")
    if place.resource_pool and place.compute_cluster:
        pools = f"{_normal(place.compute_cluster)}/Resources"
        if not f"{_normal(place.resource_pool)}/".startswith(f"{pools}/"):
            rule, remedy = "is no resource pool of the compute cluster", f"Write {pools} or a pool below it."
            yield Problem(field=f"{field}.resourcePool", value=shown(place.resource_pool), rule=rule, remedy=remedy)
    for index, network in enumerate(place.networks):
        if network is None:
            continue
        if not network.strip():
            rule, remedy = "must not be empty", "Name the port group."
            yield Problem(field=f"{field}.networks[{index}]", value=shown(network), rule=rule, remedy=remedy)
        elif datacenter and network.startswith("/") and not network.startswith(f"/{datacenter}/network/"):
            rule, remedy = "is a path in another datacenter", f"Write the name alone, or /{datacenter}/network/<name>."
            yield Problem(field=f"{field}.networks[{index}]", value=shown(network), rule=rule, remedy=remedy)


def _path(field: str, value: str, *, below: str) -> Iterator[Problem]:
    if not value.startswith(below) or not value.removeprefix(below).strip("/"):
        rule, remedy = f"must lie below {below}, as the datacenter is named so", f"Write {below}<name>."
        yield Problem(field=field, value=shown(value), rule=rule, remedy=remedy)
    elif value != _normal(value) and "//Resources" not in value:  # the installer itself writes `//Resources`
        rule, remedy = "has a slash too many", f"Write {_normal(value)}."
        yield Problem(field=field, value=shown(value), rule=rule, remedy=remedy)


def _normal(path: str) -> str:
    return "/" + "/".join(step for step in path.split("/") if step)


def _shared(domains: Sequence[Placed], word: str) -> Iterator[Problem]:
    """Region tags are on datacenters and zone tags on compute clusters, one to an object (cardinality SINGLE)."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for path, domain in domains:
        place = domain.topology
        carrier = place.datacenter if word == "region" else place.compute_cluster and _normal(place.compute_cluster)
        value = domain.region if word == "region" else domain.zone
        if domain.server is None or carrier is None or value is None:
            continue
        first, other = seen.setdefault((domain.server, carrier), (path, value))
        if other != value:
            rule = f"differs from {other!r} in {first}, and {carrier} on {domain.server} can have one {word} only"
            remedy = f"Write {other}, or name another {'datacenter' if word == 'region' else 'compute cluster'}."
            yield Problem(field=f"{path}.{word}", value=shown(value), rule=rule, remedy=remedy)
