"""The routes of the REST service, from its OpenAPI document."""

import asyncio
from collections.abc import Iterator
from typing import Any

from temporalio.client import Client

from api.app import create_app
from config.settings import Settings
from reference.markdown import code, page, table

_NOWHERE = "localhost:7233"
"""Nothing connects: a lazy client does so at its first call, and describing the routes makes none."""


def text() -> str:
    """The page; with the defaults of every setting, whatever the environment says."""
    document = asyncio.run(_document())
    schemas = document["components"]["schemas"]
    return page(
        "REST",
        "The service describes itself at `/docs` and `/openapi.json`, with the schema of every body. Errors are "
        "`application/problem+json` (RFC 9457): `detail` says what is wrong and what to do next. A request with a body "
        "must say `content-type: application/json`.",
        *(
            part
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            for part in _operation(f"{method.upper()} {path}", operation, schemas)
        ),
        "## Bodies",
        *(part for name in _bodies(document) for part in _body(name, schemas)),
        "The fields of a `MigrationSpec` are those of `spec` in the [custom resource](custom-resource.md), except "
        "`requestedBy`, which stands beside the spec here.",
    )


async def _document() -> dict[str, Any]:
    client = await Client.connect(_NOWHERE, lazy=True)
    return create_app(Settings.model_construct(), client=client).openapi()


def _operation(title: str, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield f"## `{title}`"
    yield f"{operation['summary'].rstrip('.')}."
    yield operation.get("description", "")
    parameters = [
        (code(each["name"]), each["in"], _kind(each["schema"], schemas), code(each["schema"].get("default", "")))
        for each in operation.get("parameters", [])
    ]
    yield table(("parameter", "in", "type", "default"), parameters) if parameters else ""
    if body := _named(operation.get("requestBody", {})):
        yield f"Body: {code(body)}."
    yield table(
        ("status", "body", "meaning"),
        (
            (status, _answer(each), each["description"].replace("Successful Response", "success"))
            for status, each in sorted(operation["responses"].items())
        ),
    )


def _answer(response: dict[str, Any]) -> str:
    for content in response.get("content", {}).values():
        schema = content.get("schema", {})
        if "items" in schema:
            return f"list of {code(_name(schema['items']))}"
        return code(_name(schema))
    return ""


def _bodies(document: dict[str, Any]) -> list[str]:
    named = {
        _named(operation.get("requestBody", {}))
        for operations in document["paths"].values()
        for operation in operations.values()
    }
    return sorted(named - {""})


def _body(name: str, schemas: dict[str, Any]) -> Iterator[str]:
    schema = schemas[name]
    yield f"### `{name}`"
    yield schema.get("description", "").partition("\n\n")[0]
    required = set(schema.get("required", []))
    yield table(
        ("field", "type", "required"),
        (
            (code(field), _kind(each, schemas), "yes" if field in required else "no")
            for field, each in schema["properties"].items()
        ),
    )


def _named(body: dict[str, Any]) -> str:
    """The model of a request's body, also where it may be left out."""
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    return next(filter(None, map(_name, [schema, *schema.get("anyOf", [])])), "")


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


def _kind(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each, schemas) for each in schema["anyOf"] if each.get("type") != "null")
    if name := _name(schema):
        values = schemas[name].get("enum")
        return ", ".join(map(code, values)) if values else code(name)
    if "items" in schema:
        return f"list of {_kind(schema['items'], schemas)}"
    return str(schema.get("type", ""))
