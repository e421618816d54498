"""Converts pydantic's JSON schema to the structural schema that a CustomResourceDefinition requires.

Structural means: no references, every field with a type, no `null` beside a type, no `additionalProperties` beside
properties. The description of a field is the docstring below it.
"""

from typing import Any

from migration.frozen_model import FrozenModel, KubeObject

_KEPT = (
    "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    "required",
)  # fmt: skip


def structural(model: type[FrozenModel], *, defaults: bool) -> KubeObject:
    """The schema of a model; with `defaults` the API server fills in omitted fields (for a spec, not for a status)."""
    schema = model.model_json_schema(by_alias=True)
    return _plain(schema, schema.get("$defs", {}), defaults=defaults)


def _plain(node: KubeObject, definitions: KubeObject, *, defaults: bool) -> KubeObject:
    """One node with its references resolved; keys beside a reference override those of its target."""
    while (reference := node.get("$ref")) or "anyOf" in node or "const" in node:
        if reference:
            node = definitions[reference.rsplit("/", 1)[1]] | _without(node, "$ref")
        elif "anyOf" in node:
            (only,) = [each for each in node["anyOf"] if each.get("type") != "null"]
            node = only | _without(node, "anyOf")
        else:
            node = {"enum": [node["const"]]} | _without(node, "const")
    plain: KubeObject = {key: node[key] for key in _KEPT if key in node}
    if "description" in node:
        plain = {"description": " ".join(node["description"].split())} | plain
    if defaults and node.get("default") not in (None, "", [], {}):
        plain["default"] = node["default"]
    if "properties" in node:
        plain["properties"] = {
            name: _plain(each, definitions, defaults=defaults) for name, each in node["properties"].items()
        }
    if "items" in node:
        plain["items"] = _plain(node["items"], definitions, defaults=defaults)
    if plain.get("type") == "integer":
        plain["format"] = "int64"
    return plain


def _without(node: KubeObject, key: str) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != key}
