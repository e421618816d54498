"""Which vCenters and failure domains `Infrastructure/cluster` knows: document in, JSON patch out.

The object belongs to the cluster, so it is never written whole: a field that this code does not know would be lost, and
a colleague's edit overwritten. A merge patch cannot append to a list. A JSON patch can, and its `test` operations
turn a concurrent change of either list into a refusal (the API server answers 422), upon which the caller reads again
and computes anew. Both lists change in one patch: components of OpenShift look a failure domain's server up
in `vcenters` without expecting it to be missing.
"""

from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from migration.documents.difference import differences
from migration.frozen_model import FrozenModel, KubeObject
from migration.spec.failure_domain import FailureDomain
from migration.spec.model import MigrationSpec

Operation = KubeObject
"""One operation of a JSON patch (RFC 6902)."""

_ROOT = "/spec/platformSpec/vsphere"

MOST_VCENTERS = 3
"""`maxItems` of `vcenters` in the Infrastructure CRD."""


class InfrastructureError(Exception):
    """What is in Infrastructure cannot be changed as asked."""


class FailureDomainConflictError(InfrastructureError):
    """A failure domain of that name exists and says something else."""


class VCenterEntry(FrozenModel):
    """An entry of `vcenters`, with the datacenters that failure domains use."""

    server: str
    port: int = 443
    datacenters: list[str]


def vcenters(infrastructure: KubeObject) -> list[KubeObject]:
    """The entries of `vcenters` as they stand; empty where the cluster has none."""
    return list(_vsphere(infrastructure).get("vcenters") or [])


def servers(infrastructure: KubeObject) -> list[str]:
    """The servers of `vcenters`, in its order."""
    return [each["server"] for each in vcenters(infrastructure)]


def failure_domains(infrastructure: KubeObject) -> list[KubeObject]:
    """The failure domains as they stand; empty where the cluster has none."""
    return list(_vsphere(infrastructure).get("failureDomains") or [])


def name(infrastructure: KubeObject) -> str:
    """The infrastructure name (`ocp1-x7x2g`): prefix of machines, name of folder and ownership tag."""
    return str((infrastructure.get("status") or {}).get("infrastructureName") or "")


def targets(spec: MigrationSpec) -> list[VCenterEntry]:
    """The entries that a spec's failure domains need, each server once, in the spec's order."""
    datacenters: dict[str, list[str]] = {}
    for domain in spec.failure_domains:
        known = datacenters.setdefault(domain.server, [])
        if domain.topology.datacenter not in known:
            known.append(domain.topology.datacenter)
    return [
        VCenterEntry(server=server, port=spec.port_of(server), datacenters=each) for server, each in datacenters.items()
    ]


def add(
    infrastructure: KubeObject, *, vcenters: Sequence[VCenterEntry], failure_domains: Sequence[FailureDomain]
) -> list[Operation]:
    """The patch that makes the vCenters and failure domains known; empty when nothing is missing.

    A vCenter that is listed already keeps its place and its port and gains the datacenters it lacks.

    Args:
        infrastructure: the object as it was just read.
        vcenters: the entries that must be there (`targets`).
        failure_domains: completed ones (`FailureDomain.completed`).

    Raises:
        InfrastructureError: no vCenter or failure domain is listed yet, or there would be more than three vCenters.
        FailureDomainConflictError: a failure domain of the same name exists with other content.
    """
    _refuse_empty(infrastructure)
    changes = [*_missing_vcenters(infrastructure, vcenters), *_missing_domains(infrastructure, failure_domains)]
    return [*_unchanged(infrastructure), *changes] if changes else []


def remove(infrastructure: KubeObject, *, servers: Iterable[str]) -> list[Operation]:
    """The patch that forgets the vCenters and every failure domain on them; empty when none is known.

    Raises:
        InfrastructureError: no vCenter or no failure domain would remain.
    """
    gone = set(servers)
    listed, domains = vcenters(infrastructure), failure_domains(infrastructure)
    changes = [
        *_removals("vcenters", [each["server"] in gone for each in listed]),
        *_removals("failureDomains", [each["server"] in gone for each in domains]),
    ]
    if not changes:
        return []
    for what, remaining in (("vCenter", listed), ("failure domain", domains)):
        if all(each["server"] in gone for each in remaining):
            raise InfrastructureError(
                f"Infrastructure/cluster would be left without any {what} if {', '.join(sorted(gone))} were removed: "
                "add the target first (phase update_infrastructure), or check which side is being removed"
            )
    return [*_unchanged(infrastructure), *changes]


def _vsphere(infrastructure: KubeObject) -> KubeObject:
    return (infrastructure.get("spec", {}).get("platformSpec") or {}).get("vsphere") or {}


def _refuse_empty(infrastructure: KubeObject) -> None:
    for field, listed in (
        ("vcenters", vcenters(infrastructure)),
        ("failureDomains", failure_domains(infrastructure)),
    ):
        if not listed:
            raise InfrastructureError(
                f"Infrastructure/cluster has no spec.platformSpec.vsphere.{field} (a cluster that was installed "
                "before 4.13?): write down there where the cluster stands today (`oc edit infrastructure cluster`), "
                "wait until the cluster operators are stable, and start again"
            )


def _unchanged(infrastructure: KubeObject) -> list[Operation]:
    """Both lists are still what they were when the patch was computed."""
    return [
        {"op": "test", "path": f"{_ROOT}/vcenters", "value": vcenters(infrastructure)},
        {"op": "test", "path": f"{_ROOT}/failureDomains", "value": failure_domains(infrastructure)},
    ]


def _missing_vcenters(infrastructure: KubeObject, wanted: Sequence[VCenterEntry]) -> list[Operation]:
    known = servers(infrastructure)
    total = len({*known, *(each.server for each in wanted)})
    if total > MOST_VCENTERS:
        raise InfrastructureError(
            f"Infrastructure/cluster lists {len(known)} vCenters and would list {total}, but OpenShift allows "
            f"{MOST_VCENTERS}: migrate to fewer target vCenters at a time"
        )
    operations: list[Operation] = []
    for vcenter in wanted:
        if vcenter.server not in known:
            operations.append({"op": "add", "path": f"{_ROOT}/vcenters/-", "value": vcenter.model_dump()})
            continue
        index = known.index(vcenter.server)
        listed = vcenters(infrastructure)[index].get("datacenters") or []
        operations.extend(
            {"op": "add", "path": f"{_ROOT}/vcenters/{index}/datacenters/-", "value": datacenter}
            for datacenter in vcenter.datacenters
            if datacenter not in listed
        )
    return operations


def _missing_domains(infrastructure: KubeObject, wanted: Sequence[FailureDomain]) -> list[Operation]:
    known = {each["name"]: each for each in failure_domains(infrastructure)}
    operations: list[Operation] = []
    for domain in wanted:
        if domain.name not in known:
            operations.append({"op": "add", "path": f"{_ROOT}/failureDomains/-", "value": domain.document()})
        elif fields := conflict(known[domain.name], domain, infrastructure_name=name(infrastructure)):
            raise FailureDomainConflictError(
                f"Infrastructure/cluster already has a failure domain {domain.name!r} with other values of "
                f"{', '.join(fields)}: give the one in the migration's spec another name"
            )
    return operations


def conflict(existing: KubeObject, wanted: FailureDomain, *, infrastructure_name: str) -> list[str]:
    """Fields in which a failure domain of Infrastructure differs from the wanted one.

    Both are completed first: a field left to OpenShift's default equals the default written out.
    """
    try:
        known = FailureDomain.model_validate(existing)
    except ValidationError:
        return differences(existing, wanted.document())
    return differences(
        known.completed(infrastructure_name).document(), wanted.completed(infrastructure_name).document()
    )


def _removals(field: str, doomed: Sequence[bool]) -> list[Operation]:
    """Highest index first: each removal moves what stands behind it."""
    return [
        {"op": "remove", "path": f"{_ROOT}/{field}/{index}"} for index in reversed(range(len(doomed))) if doomed[index]
    ]
