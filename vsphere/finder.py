r"""Templates, datastores, resource pools and folders, looked up as Machine API looks up what a provider spec names.

Machine API hands each name to govmomi's finder, with the workspace's datacenter set; so the finder's rules hold:

- A name without `/` is every object of that kind and name in the datacenter, however deep in folders, datastore
  clusters or vApps.
- A name with `/` is a path: from the root if it begins with `/`, else from the datacenter's own folder for that kind.
- Each part may be a pattern of Go's `path.Match` (`*`, `?`, `[a-z]`, `\` before a character that stands for itself).
- Names are compared byte for byte, as vCenter keeps them. A managed object's id (`vm-42`) is taken for a name, too.
- Nothing, or more than one object, is an error: Machine API never chooses.

(govmomi `find/finder.go` and `find/recurser.go`; machine-api-operator `pkg/controller/vsphere`, `clone` and `session`.)
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vsphere.api.moref import Moref
from vsphere.inventory import Datacenter, Inventory

_ROOTS = {"Datastore": ["datastore"], "Folder": [], "ResourcePool": ["host"], "VirtualMachine": ["vm"]}
"""Where relative paths begin, below the datacenter."""

_TOKEN = re.compile(
    r"\\(?P<literal>.)|(?P<any>\*)|(?P<one>\?)|\[(?P<range>(?:\\.|[^\]\\])+)\]|(?P<plain>[^\[\\])", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What a provider spec names: `kind` is `Datastore`, `Folder`, `ResourcePool` or `VirtualMachine`.

    Attributes:
        name: as it is written there: a name, a path, or a pattern.
        datacenter: of its workspace, by name or path; empty: the only one.
    """

    kind: str
    name: str
    datacenter: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An object that a name may mean."""

    moref: Moref
    path: str


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a name means.

    Attributes:
        datacenters: inventory paths of those that the datacenter's name means; without exactly one, nothing else is
            looked up.
        candidates: what the name means there, by path.
    """

    lookup: Lookup
    datacenters: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()

    @property
    def found(self) -> Candidate | None:
        """The object, if there is exactly one."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    def problem(self, what: str) -> str:
        """Why Machine API would refuse the name, in one clause, `what` being the kind's name; empty if it would not."""
        lookup, where = self.lookup, self.lookup.datacenter
        if not self.datacenters:
            return f"it has no datacenter {where}"
        if len(self.datacenters) > 1:
            return f"datacenter {where or '(none is named)'} may be any of {', '.join(self.datacenters)}"
        if not self.candidates:
            within = "" if lookup.name.startswith("/") else f" in datacenter {self.datacenters[0]}"
            return f"it has no {what} {lookup.name}{within}"
        if len(self.candidates) > 1:
            return f"{what} {lookup.name} may be any of {', '.join(each.path for each in self.candidates)}"
        return ""


class Finder:
    """Looks names up in one vCenter. Every method raises VSphereError."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def find(self, lookups: Iterable[Lookup]) -> dict[Lookup, Resolution]:
        """What each name means: 4 calls, 4 for each datacenter that is looked into, and one more per `PAGE` objects."""
        every = self._inventory.datacenters()
        wanted = {each: _datacenters(each.datacenter, every) for each in lookups}
        scopes = {each: _scope(each, named, every) for each, named in wanted.items()}
        kinds: dict[Datacenter, set[str]] = defaultdict(set)
        for lookup, scope in scopes.items():
            for each in scope:
                kinds[each].add(lookup.kind)
        paths = {each: self._inventory.paths(each, some) for each, some in kinds.items()}
        return {
            lookup: Resolution(
                lookup=lookup,
                datacenters=tuple(each.path for each in named),
                candidates=tuple(
                    sorted(
                        (found for each in scopes[lookup] for found in _candidates(lookup, each, paths[each])),
                        key=lambda found: found.path,
                    )
                ),
            )
            for lookup, named in wanted.items()
        }


def _datacenters(name: str, every: Sequence[Datacenter]) -> list[Datacenter]:
    """Those that the name of a workspace's datacenter means."""
    if "/" in name:
        return [each for each in every if _match(_parts(name), _parts(each.path))]
    return [each for each in every if _match([name or "*"], [each.name])]


def _scope(lookup: Lookup, named: Sequence[Datacenter], every: Sequence[Datacenter]) -> list[Datacenter]:
    """The datacenters to look into: a path from the root may lead into another than the workspace's."""
    if len(named) != 1:
        return []
    if not lookup.name.startswith("/"):
        return list(named)
    parts = _parts(lookup.name)
    return [each for each in every if _match(parts[: len(_parts(each.path))], _parts(each.path))]


def _candidates(lookup: Lookup, datacenter: Datacenter, paths: dict[Moref, str]) -> list[Candidate]:
    """What the name means among these objects."""
    some = [Candidate(moref=each, path=path) for each, path in paths.items() if each.startswith(f"{lookup.kind}:")]
    if "/" not in lookup.name:
        reference = lookup.name if ":" in lookup.name else f"{lookup.kind}:{lookup.name}"
        by_id = [each for each in some if each.moref == reference]
        return by_id or [each for each in some if _match([lookup.name], _parts(each.path)[-1:])]
    parts = _parts(lookup.name)
    if not lookup.name.startswith("/"):
        parts = [*map(_literal, _parts(datacenter.path)), *_ROOTS[lookup.kind], *parts]
    found = [each for each in some if _match(parts, _parts(each.path))]
    if lookup.kind == "ResourcePool":  # the path of a compute cluster means the pool that each has
        clusters = {path for each, path in paths.items() if each.partition(":")[0].endswith("ComputeResource")}
        found += [
            each
            for each in some
            if (above := each.path.rpartition("/")[0]) in clusters and _match(parts, _parts(above))
        ]
    return found


def _parts(path: str) -> list[str]:
    return [each for each in path.split("/") if each not in {"", "."}]


def _match(patterns: Sequence[str], names: Sequence[str]) -> bool:
    """Whether each name matches the pattern in its place; a pattern that Go cannot read matches nothing."""
    return len(patterns) == len(names) and all(
        (expression := _expression(pattern)) is not None and re.fullmatch(expression, name, re.DOTALL) is not None
        for pattern, name in zip(patterns, names, strict=True)
    )


def _expression(pattern: str) -> str | None:
    """Go's `path.Match` pattern as a regular expression; None if it is none."""
    at, written = 0, []
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        at = token.end()
        if token["any"]:
            written.append(".*")
        elif token["one"]:
            written.append(".")
        elif token["range"]:
            negated = token["range"].startswith("^")
            written.append(f"[{'^' if negated else ''}{_range(token['range'].removeprefix('^'))}]")
        else:
            written.append(re.escape(token["literal"] or token["plain"]))
    return "".join(written)


def _range(body: str) -> str:
    return re.sub(r"\\(.)|([^-])", lambda each: re.escape(each[1] or each[2]), body, flags=re.DOTALL)


def _literal(name: str) -> str:
    """The pattern that matches this name alone."""
    return re.sub(r"([\\*?\[])", r"\\\1", name)
