"""The OpenAPI document: what FastAPI derives, with errors as they are really answered.

FastAPI documents a refused request with its own shape and media type, which this service never sends. Each route names
the statuses it can answer with (`errors`), and all of them refer to the one schema of a problem.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import ProblemDetails
from http_security.same_origin import MEDIA_TYPE

_REFERENCE = "#/components/schemas/{model}"
_MEANINGS = {
    401: "Nobody was named: the request did not come through the proxy that authenticates users",
    403: "The page of another origin asks",
    404: "No such migration, or none that could be taken over",
    409: "Not now: the cluster has a running migration (`link`), or nothing waits for this instruction",
    415: "What was sent does not say that it is JSON",
    421: "The request asks for a host name that this service does not have",
    422: "The request has problems: all of them at once, in `problems`",
    500: "A bug of the service",
    502: "The cluster cannot be reached",
    503: "No worker, or no Temporal, answers, or what it stores was encrypted with a key that this process lacks",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`; every route may also fail with 500, and any that takes input with 422."""
    schema = {"$ref": _REFERENCE.format(model=ProblemDetails.__name__)}
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (*statuses, 422, 500)
    }


def install(app: FastAPI, *, named: bool) -> None:
    """Have the app describe its errors; where users must be `named`, also that of whoever is not."""

    def describe() -> dict[str, Any]:
        if not app.openapi_schema:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            schema = ProblemDetails.model_json_schema(ref_template=_REFERENCE)
            parts = schema.pop("$defs")
            document["components"]["schemas"] |= {ProblemDetails.__name__: schema, **parts}
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    operation["responses"] |= _before_the_route(path, method, named=named)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _before_the_route(path: str, method: str, *, named: bool) -> dict[str, Any]:
    """How the middleware refuses a request that then reaches no route."""
    statuses = {403, 421}
    statuses |= {415} if method == "post" else set()
    statuses |= {401} if named and path.startswith("/api/") else set()
    known = errors(*sorted(statuses))
    return {str(status): known[status] for status in statuses}
