"""Validation of a spec: reports every problem at once, each with its field and what to write instead.

With one problem per attempt, a person would need as many attempts as there are problems. So each field's shape is
validated separately, and the rules over several fields run over every field whose shape is valid
(`migration.spec.draft`), whatever is wrong beside it. Nothing here reads the cluster or a vCenter; preflight does
(`migration.preflight.evaluate`).
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from migration.commands import LONGEST_NAME
from migration.frozen_model import KubeObject
from migration.names import is_label_value, sanitise
from migration.phase import FIRST, following
from migration.spec.draft import DraftDomain, draft
from migration.spec.model import DesiredState, MigrationSpec
from migration.spec.paths import place_problems
from migration.spec.problem import Problem, shown
from migration.spec.shape import shape_problems

_HOST_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*")
_HIGHEST_PORT = 32767
"""`maximum` of `vcenters[].port` in the Infrastructure CRD."""
_BODY = ("cluster", "spec", "requestedBy")
_MOST_TARGETS = 2
"""Infrastructure holds three vCenters, and one of them is the source."""


class InvalidSpec(ValueError):
    """A spec has problems; `problems` holds all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def parse(document: Any) -> MigrationSpec:
    """The spec. Raises InvalidSpec with every problem it has."""
    if found := problems(document):
        raise InvalidSpec(found)
    return MigrationSpec.model_validate(document)


def parse_submission(body: Any) -> tuple[str, MigrationSpec]:
    """Name of the cluster (empty: the only one) and spec of a body `{"cluster", "spec", "requestedBy"}`.

    Raises:
        InvalidSpec: every problem of the body and of the spec in it.
    """
    return _parsed(body, _not_now)


def parse_question(body: Any) -> tuple[str, MigrationSpec]:
    """The same of a body that starts nothing, so that the spec may ask for any state. Raises InvalidSpec."""
    return _parsed(body, lambda _: iter(()))


def _parsed(body: Any, further: Callable[[Any], Iterator[Problem]]) -> tuple[str, MigrationSpec]:
    if not isinstance(body, dict):
        rule, remedy = "must be an object", 'Send {"cluster": "<name, optional>", "spec": {…}} as application/json.'
        raise InvalidSpec([Problem(field="body", value=shown(body), rule=rule, remedy=remedy)])
    found = [
        Problem(field=str(each), rule="is not a field of a submission", remedy=f"The fields are {', '.join(_BODY)}.")
        for each in body
        if each not in _BODY
    ]
    asks = body.get("requestedBy", "")
    if not isinstance(asks, str) or len(asks) > LONGEST_NAME:
        rule = f"must be a text of at most {LONGEST_NAME} characters"
        found.append(Problem(field="requestedBy", value=shown(asks), rule=rule, remedy="Name who asks."))
    cluster = body.get("cluster") or ""
    if not isinstance(cluster, str):
        found.append(Problem(field="cluster", value=shown(cluster), rule="must be a text", remedy="Name the cluster."))
    if "spec" not in body:
        found.append(Problem(field="spec", rule="is required", remedy="Add it."))
    else:
        found += [*problems(body["spec"]), *further(body["spec"])]
    if found:
        raise InvalidSpec(found)
    return cluster, MigrationSpec.model_validate(body["spec"])


def _not_now(spec: Any) -> Iterator[Problem]:
    """A submission starts the migration; a state to start in later belongs to a custom resource, which stays."""
    state = spec.get("state") if isinstance(spec, dict) else None
    if state in set(DesiredState) - {DesiredState.RUNNING}:
        rule = "cannot be asked for here: submitting a migration starts it"
        remedy = "Leave it out, or write Running; a migration that runs is paused and rolled back by its own verbs."
        yield Problem(field="spec.state", value=shown(state), rule=rule, remedy=remedy)


def problems(document: Any) -> list[Problem]:
    """Every problem of a raw spec (the `spec` of the custom resource, or of a REST request); empty if it has none."""
    found = shape_problems(document)
    if not found:
        document = MigrationSpec.model_validate(document).model_dump()  # one spelling of every field
    if isinstance(document, dict):
        spec = _Draft(document=document, domains=list(_drafted(document)))
        found += [problem for rule in _RULES for problem in rule(spec)]
    return found


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A spec that may be invalid: as written, and the parts of each failure domain that can be validated."""

    document: KubeObject
    domains: list[tuple[str, DraftDomain]]

    @property
    def names(self) -> list[tuple[str, str]]:
        """(JSON path, name) of every failure domain that has a name."""
        return [
            (f"spec.failureDomains[{index}].name", each["name"])
            for index, each in enumerate(_listed(self.document, "failureDomains"))
            if isinstance(each, dict) and isinstance(each.get("name"), str)
        ]


def _names(spec: _Draft) -> Iterator[Problem]:
    firsts: dict[str, str] = {}
    for field, name in spec.names:
        if name in firsts.values():
            rule, remedy = "is the name of another failure domain too", "Give each failure domain its own name."
            yield Problem(field=field, value=shown(name), rule=rule, remedy=remedy)
        elif (first := firsts.setdefault(sanitise(name), name)) != name:
            rule = f"makes the same MachineSet name as {first!r}: only a-z, 0-9 and hyphens are left of both"
            yield Problem(field=field, value=shown(name), rule=rule, remedy="Choose names that differ in those.")


def _servers(spec: _Draft) -> Iterator[Problem]:
    for path, domain in spec.domains:
        if domain.server is not None:
            yield from _server(f"{path}.server", domain.server)
    servers = {domain.server for _, domain in spec.domains if domain.server is not None}
    if len(servers) > _MOST_TARGETS:
        rule = f"name {len(servers)} vCenters, and OpenShift knows three at most, the source among them"
        yield Problem(field="spec.failureDomains", rule=rule, remedy="Migrate to at most two vCenters at a time.")


def _server(field: str, server: str) -> Iterator[Problem]:
    """Byte-identical in Infrastructure, in the cloud config and in the keys `<server>.username` of Secrets."""
    cleaned = re.sub(r"^[a-z][a-z0-9+.-]*://", "", server.strip(), flags=re.IGNORECASE)
    cleaned = re.split(r"[/?#]", cleaned)[0].rsplit("@", 1)[-1].rstrip(".")
    host, _, port = cleaned.rpartition(":") if re.fullmatch(r"[^:]+:\d*", cleaned) else (cleaned, "", "")
    if _is_ipv6(server):
        rule, remedy = "is an IPv6 address, and no key of a Secret can hold a colon", "Use the vCenter's host name."
    elif _HOST.fullmatch(server) and len(server) <= 253:
        return
    elif _HOST.fullmatch(host):
        rule = "must be the host name or IPv4 address alone: no scheme, port, path or space"
        remedy = f"Write {host}" + (f", and port {port} in targetVCenters." if port else ".")
    else:
        rule, remedy = "is no host name", "Write the vCenter's fully qualified name."
    yield Problem(field=field, value=shown(server), rule=rule, remedy=remedy)


def _target_vcenters(spec: _Draft) -> Iterator[Problem]:
    used = {domain.server for _, domain in spec.domains if domain.server is not None}
    seen: set[str] = set()
    for index, each in enumerate(_listed(spec.document, "targetVCenters")):
        field = f"spec.targetVCenters[{index}]"
        server, port = (each.get("server"), each.get("port")) if isinstance(each, dict) else (None, None)
        if isinstance(server, str) and server in seen:
            yield Problem(
                field=f"{field}.server", value=shown(server), rule="is listed twice", remedy="Keep one of them."
            )
        elif isinstance(server, str) and used and server not in used:
            remedy = f"Write it as there: {', '.join(sorted(used))}."
            yield Problem(
                field=f"{field}.server", value=shown(server), rule="is the server of no failure domain", remedy=remedy
            )
        if isinstance(port, int) and _HIGHEST_PORT < port <= 65535:
            rule = f"is above {_HIGHEST_PORT}, the highest port that Infrastructure accepts"
            yield Problem(
                field=f"{field}.port", value=shown(port), rule=rule, remedy="Have vCenter listen on a lower one."
            )
        seen |= {server} if isinstance(server, str) else set()


def _references(spec: _Draft) -> Iterator[Problem]:
    known = [name for _, name in spec.names]
    for section in ("machineSetConfig", "controlPlaneMachineSetConfig"):
        config = spec.document.get(section)
        name = config.get("failureDomain") if isinstance(config, dict) else None
        if isinstance(name, str) and name not in known:
            yield Problem(
                field=f"spec.{section}.failureDomain",
                value=shown(name),
                rule="is the name of no failure domain in this spec",
                remedy=f"Name one of {', '.join(known)}, or leave it out for all." if known else "Add it.",
            )


def _affinities(spec: _Draft) -> Iterator[Problem]:
    for path, domain in spec.domains:
        zone, region = domain.zone_affinity, domain.region_affinity
        if zone and zone.type == "HostGroup":
            if zone.host_group is None:
                rule, remedy = "is required when type is HostGroup", "Add vmGroup, hostGroup and vmHostRule."
                yield Problem(field=f"{path}.zoneAffinity.hostGroup", rule=rule, remedy=remedy)
            rule = "asks for zones made of host groups, which a migration cannot build yet"
            remedy = "Use one compute cluster for each zone, or migrate first and arrange host groups afterwards."
            yield Problem(field=f"{path}.zoneAffinity.type", value=shown(zone.type), rule=rule, remedy=remedy)
        elif zone and zone.host_group:
            rule, remedy = "is only for type HostGroup", "Leave it out."
            yield Problem(field=f"{path}.zoneAffinity.hostGroup", rule=rule, remedy=remedy)
        if region and region.type == "ComputeCluster":
            rule = "asks for regions made of compute clusters, which a migration cannot build yet"
            remedy = "Leave regionAffinity out: the region is the datacenter, the zone is the compute cluster."
            yield Problem(field=f"{path}.regionAffinity.type", value=shown(region.type), rule=rule, remedy=remedy)


def _labels(spec: _Draft) -> Iterator[Problem]:
    for path, domain in spec.domains:
        for field, value in (("region", domain.region), ("zone", domain.zone)):
            if value is not None and not is_label_value(value):
                rule = "becomes a label of nodes and machines, which it cannot be"
                remedy = (
                    "Use at most 63 of a-z, A-Z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit."
                )
                yield Problem(field=f"{path}.{field}", value=shown(value), rule=rule, remedy=remedy)


def _gates(spec: _Draft) -> Iterator[Problem]:
    for index, each in enumerate(_listed(spec.document, "gates")):
        if each == FIRST:
            rule = "cannot be gated: it only reads, and there is no plan to approve before it"
            remedy = f"Gate {following(FIRST)}, the phase after it: its gate shows the plan."
            yield Problem(field=f"spec.gates[{index}]", value=shown(each), rule=rule, remedy=remedy)


def _places(spec: _Draft) -> Iterator[Problem]:
    return place_problems(spec.domains)


_RULES: tuple[Callable[[_Draft], Iterator[Problem]], ...] = (
    _names,
    _servers,
    _target_vcenters,
    _references,
    _affinities,
    _labels,
    _gates,
    _places,
)


def _drafted(document: KubeObject) -> Iterator[tuple[str, DraftDomain]]:
    for index, each in enumerate(_listed(document, "failureDomains")):
        yield f"spec.failureDomains[{index}]", draft(each)


def _listed(document: KubeObject, field: str) -> list[Any]:
    found = document.get(field)
    return found if isinstance(found, list) else []


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.strip().strip("[]")).version == 6
    except ValueError:
        return False
