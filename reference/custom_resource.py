"""Every field of the custom resource, from the schema that the API server is given."""

import json
from collections.abc import Iterator

from bridge.crd.definition import definition
from bridge.resource.model import FINALIZER, FORCE_DELETE
from migration.frozen_model import KubeObject
from reference.markdown import code, page, table


def text() -> str:
    """The page."""
    document = definition()["spec"]
    version = document["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    return page(
        "Custom resource",
        f"`{document['names']['kind']}` in `{document['group']}/{version['name']}`, short name "
        f"`{document['names']['shortNames'][0]}`, namespaced, with a status subresource. How it behaves is described "
        "in [The custom resource](../custom-resource.md).",
        f'Finalizer: `{FINALIZER}`. Annotation that lets a deleted resource go at once: `{FORCE_DELETE}: "true"`.',
        *(part for root in ("spec", "status") for part in _sections(root, schema["properties"][root])),
        "## Rules between fields and over time",
        "The API server enforces these; the message says what is wrong.",
        "\n".join(f"- {each['message']}" for each in _rules(schema)),
    )


def _sections(path: str, node: KubeObject) -> Iterator[str]:
    """One section for each object, the outer before the inner."""
    yield f"## `{path}`"
    yield node.get("description", "")
    required = set(node.get("required", []))
    yield table(
        ("field", "type", "default", "meaning"),
        (
            (code(name), _kind(each, required=name in required), _default(each), _meaning(each))
            for name, each in node["properties"].items()
        ),
    )
    for name, each in node["properties"].items():
        inner = each.get("items", each)
        if "properties" in inner:
            yield from _sections(f"{path}.{name}{'[]' if 'items' in each else ''}", inner)


def _kind(node: KubeObject, *, required: bool) -> str:
    inner = node.get("items", node)
    kind = inner.get("format") if inner.get("format") == "date-time" else inner.get("type", "")
    listed = f"list of {kind}s" if "items" in node else kind
    return f"{listed}, required" if required else str(listed)


def _default(node: KubeObject) -> str:
    return code(json.dumps(node["default"]).strip('"')) if "default" in node else ""


def _meaning(node: KubeObject) -> str:
    values = node.get("items", node).get("enum")
    told = node.get("description", "")
    return f"{told} One of {', '.join(map(code, values))}." if values else str(told)


def _rules(node: KubeObject) -> Iterator[KubeObject]:
    yield from node.get("x-kubernetes-validations", [])
    for each in node.get("properties", {}).values():
        yield from _rules(each)
    if "items" in node:
        yield from _rules(node["items"])
