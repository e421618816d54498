"""The shape of a spec, field by field: pydantic's errors in the words of the person who wrote the spec."""

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from migration.spec.failure_domain import FailureDomain, HostGroup, Topology, ZoneAffinity
from migration.spec.model import MachineSetConfig, MigrationSpec, SecretReference, TargetVCenter
from migration.spec.problem import Problem, shown

_MODELS = (
    MigrationSpec,
    FailureDomain,
    Topology,
    ZoneAffinity,
    HostGroup,
    MachineSetConfig,
    SecretReference,
    TargetVCenter,
)
_FIELDS = sorted({str(field.alias) for model in _MODELS for field in model.model_fields.values()})

_PATHS = {
    "computeCluster": "/<datacenter>/host/<cluster>",
    "datastore": "/<datacenter>/datastore/<datastore>",
    "resourcePool": "/<datacenter>/host/<cluster>/Resources/<pool>",
    "folder": "/<datacenter>/vm/<folder>",
    "template": "/<datacenter>/vm/<template>",
}
_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "list": "a list",
    "model": "an object",
    "string": "a text",
}


def shape_problems(document: Any) -> list[Problem]:
    """Every field that is missing, unknown, of another type or outside its bounds."""
    try:
        MigrationSpec.model_validate(document)
    except ValidationError as error:
        return [_translated(each) for each in error.errors(include_url=False)]
    return []


def path(location: tuple[int | str, ...]) -> str:
    """`spec.failureDomains[1].name` of `("failureDomains", 1, "name")`."""
    return "spec" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def _translated(error: ErrorDetails) -> Problem:
    field, kind, context = path(error["loc"]), error["type"], error.get("ctx", {})
    last = str(error["loc"][-1]) if error["loc"] else "spec"
    if kind == "extra_forbidden":
        # Its value is not shown: unknown fields are where passwords get written.
        near = get_close_matches(last, _FIELDS, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "Leave it out."
        return Problem(field=field, rule="is not a field of a migration's spec", remedy=remedy)
    value = shown(error["input"]) if kind != "missing" else ""
    rule, remedy = _rule(kind, last, context, error["msg"])
    return Problem(field=field, value=value, rule=rule, remedy=remedy)


def _rule(kind: str, field: str, context: dict[str, Any], message: str) -> tuple[str, str]:
    """The rule and the remedy, by pydantic's type of error."""
    stem = kind.partition("_")[0]
    if kind == "missing":
        return "is required", "Add it."
    if kind == "string_pattern_mismatch":
        return "must be an absolute inventory path", f"Write it as {_PATHS[field]}."
    if kind == "string_too_short":
        return "must not be empty", "Fill it in, or leave it out where it is optional."
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters", "Shorten it."
    if kind == "too_short":
        return "must not be empty", "Add at least one."
    if kind == "too_long":
        return f"can have at most {context['max_length']} entries", "Remove the others."
    if kind in {"enum", "literal_error"}:
        return f"must be {context['expected']}", "Write it exactly so."
    if kind.endswith(("_type", "_parsing")) and stem in _KINDS:
        return f"must be {_KINDS[stem]}", "Correct it."
    return message[:1].lower() + message[1:], "Correct it."
