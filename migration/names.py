"""Names that Kubernetes accepts, made from names that people and vCenters use.

A MachineSet's name becomes the prefix of its Machines', a Machine's name becomes its VM's and its node's hostname, and
a hostname label ends at 63 characters (RFC 1123). The machineset controller appends `-` and five characters, which
leaves 57. Longer names are cut and carry a digest of the whole, so that the same input always gives the same name and
two long names that begin alike stay apart; a counter would depend on the order in which sets are met.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

LONGEST_MACHINE_SET_NAME = 63 - len("-xxxxx")
_DIGEST = 6
"""Hexadecimal digits: one clash among 16 million, and a clash is noticed and avoided anyway."""


def sanitise(text: str) -> str:
    """The text as an RFC 1123 label: lower case, every run of other characters one hyphen, none at the ends.

    Nothing usable gives the empty string; the caller decides whether that is an error. Not shortened.
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def shorten(name: str, *, limit: int = LONGEST_MACHINE_SET_NAME) -> str:
    """The name itself if it fits into `limit` characters, else its beginning and a digest of the whole."""
    return name if len(name) <= limit else _digested(name, of=name, limit=limit)


def is_label_value(text: str) -> bool:
    """Whether Kubernetes accepts the text as the value of a label."""
    return bool(re.fullmatch(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", text))


def pools(roles: Mapping[str, str], *, infrastructure_name: str) -> dict[str, str]:
    """What tells each source MachineSet from its siblings, as briefly as it can be said.

    Args:
        roles: name of the MachineSet → its `machine.openshift.io/cluster-api-machine-role` (may be empty).
        infrastructure_name: the installer's prefix of all of them.

    Returns:
        name of the MachineSet → `worker` for `<infra>-worker-0` or `<infra>-worker-us-east-1a` where it is the only set
        of that role; `worker-gpu` where the role alone is shared and the name without its index is not; else what
        follows the prefix. Index and zone are the source's business and mean nothing on the target.
    """
    candidates = {name: _pool_candidates(name, role, infrastructure_name) for name, role in roles.items()}
    found = {}
    for name, mine in candidates.items():
        shared = [Counter(theirs[level] for theirs in candidates.values()) for level in range(len(mine))]
        found[name] = next((each for level, each in enumerate(mine) if shared[level][each] == 1), mine[-1])
    return found


def machine_set_names(
    *, infrastructure_name: str, pools: Mapping[str, str], failure_domains: Iterable[str], taken: Iterable[str]
) -> dict[tuple[str, str], str]:
    """A name `<infra>-<pool>-<failure domain>` for every source MachineSet on every failure domain.

    Valid, at most 57 characters, all different, and none of those already `taken`; the same input gives the same names.

    Returns:
        (name of the source MachineSet, name of the failure domain) → name of the new MachineSet.
    """
    used = set(taken)
    domains = list(failure_domains)
    found = {}
    for source in sorted(pools):
        for domain in domains:
            parts = (infrastructure_name, pools[source], domain)
            name = shorten("-".join(filter(None, map(sanitise, parts))))
            if name in used:
                name = _digested(name, of=f"{infrastructure_name}/{source}/{domain}")
            while name in used:
                name = _digested(name, of=name)
            used.add(name)
            found[source, domain] = name
    return found


def _pool_candidates(name: str, role: str, infrastructure_name: str) -> list[str]:
    """From the briefest to the whole: the role, the name without prefix and index, the name without prefix."""
    rest = name.removeprefix(f"{infrastructure_name}-") or name
    unnumbered = re.sub(r"(-\d+)+$", "", rest) or rest
    begins_with_role = bool(role) and (rest == role or rest.startswith(f"{role}-"))
    return [role if begins_with_role else unnumbered, unnumbered, rest]


def _digested(name: str, *, of: str, limit: int = LONGEST_MACHINE_SET_NAME) -> str:
    digest = sha256(of.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - _DIGEST - 1].rstrip('-')}-{digest}"
