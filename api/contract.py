"""The OpenAPI document: what FastAPI derives, with the error responses that this service really sends.

FastAPI documents a rejected request with its own schema and media type, which this service never sends. Each route
names its error statuses (`errors`); all of them refer to the one schema of a problem document.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import ProblemDetails
from http_security.same_origin import MEDIA_TYPE

_REFERENCE = "#/components/schemas/{model}"
_MEANINGS = {
    401: "No user name: the request did not come through the proxy that authenticates users",
    403: "Cross-origin request from a page that is not allowed",
    404: "No such migration, or none that can be taken over",
    409: "Conflict: the cluster has a running migration (`link`), or the migration does not accept this command now",
    415: "The request's content type is not JSON",
    421: "The `Host` header names a host that this service does not serve",
    422: "Invalid request; `problems` lists every problem at once",
    500: "Internal error of the service",
    502: "The cluster cannot be reached",
    503: "No worker or no Temporal server answers, or a stored payload is encrypted with a key that this process lacks",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route; 422 and 500 are always added."""
    schema = {"$ref": _REFERENCE.format(model=ProblemDetails.__name__)}
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (*statuses, 422, 500)
    }


def install(app: FastAPI, *, named: bool) -> None:
    """Add the error responses to the app's OpenAPI document.

    Args:
        app: the application.
        named: requests need a user name from the proxy, so that `/api/` also answers 401.
    """

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
    """Responses of the middleware, which rejects a request before it reaches a route."""
    statuses = {403, 421}
    statuses |= {415} if method == "post" else set()
    statuses |= {401} if named and path.startswith("/api/") else set()
    known = errors(*sorted(statuses))
    return {str(status): known[status] for status in statuses}
