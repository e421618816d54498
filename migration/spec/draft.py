"""A failure domain that may be wrong: every field whose own shape is right, and None for every other.

The rules over several fields then validate what can be validated, so that a person is not told of a wrong server only
after a wrong datacenter beside it has been put right.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from migration.frozen_model import FrozenModel
from migration.spec.failure_domain import FailureDomain, RegionAffinity, Topology, ZoneAffinity

_OBJECTS: dict[str, type[FrozenModel]] = {"region_affinity": RegionAffinity, "zone_affinity": ZoneAffinity}


@dataclass(frozen=True, kw_only=True)
class DraftTopology:
    """`migration.spec.failure_domain.Topology`, with None for what is missing or of a wrong shape."""

    datacenter: str | None = None
    compute_cluster: str | None = None
    datastore: str | None = None
    networks: tuple[str | None, ...] = ()
    resource_pool: str | None = None
    folder: str | None = None
    template: str | None = None


@dataclass(frozen=True, kw_only=True)
class DraftDomain:
    """`migration.spec.failure_domain.FailureDomain`, with None for what is missing or of a wrong shape."""

    region: str | None = None
    zone: str | None = None
    server: str | None = None
    topology: DraftTopology = DraftTopology()
    region_affinity: RegionAffinity | None = None
    zone_affinity: ZoneAffinity | None = None


def draft(document: Any) -> DraftDomain:
    """The parts of one entry of `failureDomains` that can be validated; any JSON value is accepted."""
    place = _field(document, FailureDomain, "topology")
    networks = _field(place, Topology, "networks")
    return DraftDomain(
        **_right(document, FailureDomain, ("region", "zone", "server", "region_affinity", "zone_affinity")),
        topology=DraftTopology(
            **_right(
                place,
                Topology,
                ("datacenter", "compute_cluster", "datastore", "resource_pool", "folder", "template"),
            ),
            networks=tuple(each if isinstance(each, str) else None for each in networks)
            if isinstance(networks, list)
            else (),
        ),
    )


def _right(document: Any, model: type[FrozenModel], names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of these names that pass the model's own rules for them."""
    found: dict[str, Any] = {}
    for name in names:
        alias = str(model.model_fields[name].alias)
        raw = _field(document, model, name)
        try:
            model.model_validate({alias: raw})
        except ValidationError as error:
            if any(each["loc"][:1] == (alias,) for each in error.errors(include_url=False, include_context=False)):
                continue
        kind = _OBJECTS.get(name)
        found[name] = kind.model_validate(raw) if kind and raw is not None else raw
    return found


def _field(document: Any, model: type[FrozenModel], name: str) -> Any:
    """In either spelling; None where it is missing."""
    if not isinstance(document, dict):
        return None
    return document.get(str(model.model_fields[name].alias), document.get(name))
