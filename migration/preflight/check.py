"""One question that preflight asks: a row of a table, with the function that answers it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from migration.concern import Category, Concern
from migration.documents import infrastructure
from migration.frozen_model import KubeObject
from migration.preflight.facts import Facts
from migration.spec.model import MigrationSpec

_MOST_OBJECTS = 100
"""A concern travels through workflow history and into a custom resource's status."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found: a sentence, and the objects it is about."""

    assessment: str
    objects: list[str]


Finder = Callable[[MigrationSpec, Facts], Finding | None]
"""None: nothing to say. Must not raise on any document that the API server could send."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A row: what a finding is called, how grave it is, what to do about it, and how it is found."""

    id: str
    category: Category
    label: str
    remedy: str
    find: Finder

    def __call__(self, spec: MigrationSpec, facts: Facts) -> Concern | None:
        """The concern, if there is one."""
        found = self.find(spec, facts)
        if found is None:
            return None
        more = len(found.objects) - _MOST_OBJECTS
        return Concern(
            id=self.id,
            category=self.category,
            label=self.label,
            assessment=found.assessment,
            remedy=self.remedy,
            objects=[*found.objects[:_MOST_OBJECTS], *([f"and {more} more"] if more > 0 else [])],
        )


def found(assessment: str, objects: Iterable[str]) -> Finding | None:
    """A finding if there are objects, each of which `{}` in the sentence stands for, sorted and separated by commas."""
    named = sorted(set(objects))
    return Finding(assessment=assessment.replace("{}", ", ".join(named[:10])), objects=named) if named else None


def named(document: KubeObject) -> str:
    """`namespace/name` of an object, or its name where it has no namespace."""
    metadata = document.get("metadata") or {}
    return "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))


def condition(document: KubeObject, kind: str) -> str:
    """`True`, `False` or `Unknown`; empty where the object has no such condition."""
    conditions = (document.get("status") or {}).get("conditions") or []
    return next((str(each.get("status")) for each in conditions if each.get("type") == kind), "")


def target_servers(spec: MigrationSpec) -> set[str]:
    """The vCenters of the spec's failure domains."""
    return {each.server for each in spec.failure_domains}


def source_servers(spec: MigrationSpec, facts: Facts) -> list[str]:
    """The vCenters in Infrastructure that are no targets."""
    return [each for each in infrastructure.servers(facts.infrastructure) if each not in target_servers(spec)]
