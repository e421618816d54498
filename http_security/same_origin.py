"""Requests that a web page of somebody else made: refused before any route sees them.

A browser lets every page send requests to every address that the browser reaches, loopback included; only reading the
answer is forbidden. Four checks keep such pages out, each for what the others do not see:

- `Host` (421): a page whose own name was rebound to this server is of the same origin for the browser.
- `Origin` (403): browsers send it with everything that may change something, and pages cannot forge it. It must be this
  very server's, so a proxy in front must pass on the `Host` it was asked by. `null` is an origin that does not say its
  name, and as foreign as any.
- `Sec-Fetch-Site` (403): sent also with plain GETs, which carry no `Origin`. A person who follows a link to here is let
  in, a page that loads something from here is not.
- `Content-Type` (415): forms and `text/plain` are what a page may send without asking first (Fetch standard,
  "CORS-safelisted request-header"), also from browsers too old for the other headers. A form always has a content
  type, so a request with neither body nor content type can come from no form, and `curl -X POST` stays as it is.
"""

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from http_security.hosts import AllowedHosts
from migration.spec.problem import Problem, shown

MEDIA_TYPE = "application/problem+json"
"""RFC 9457."""
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""Of every answer: a browser neither guesses its type, nor frames it, nor runs anything in it.

An answer that needs another value (`/docs` runs scripts) sets its own, which stays.
"""


def securing(send: Send) -> Send:
    """The same `send`, which adds what an answer has not set itself."""

    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return secured


_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class SameOrigin:
    """Refuses what another origin's page sends, and secures every answer.

    Args:
        hosts: the names under which this server answers.
        shared: paths that the pages of one other origin may call too; the route itself must ask for credentials.
        forms: paths that take HTML forms, of this origin's own pages.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: AllowedHosts, shared: Mapping[str, str] | None = None, forms: Collection[str] = ()
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._shared = shared or {}
        self._forms = forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        refusal = (
            self._misdirected(headers) or self._foreign(method, path, headers) or self._typed(method, path, headers)
        )
        await (refusal or self._app)(scope, receive, securing(send))

    def _misdirected(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) == 1 and self._hosts.allow(hosts[0]):
            return None
        return _refused(
            421,
            "Not a name of this server",
            field="Host",
            value=", ".join(hosts),
            rule="is not a name under which this server may be asked",
            remedy=(
                "Ask by localhost or by the address it listens on, or add the host name to VCFM_API_ALLOWED_HOSTS and "
                "restart the service."
            ),
        )

    def _foreign(self, method: str, path: str, headers: Headers) -> Response | None:
        own = {f"{scheme}://{headers['host']}".lower() for scheme in ("http", "https")}
        shared = self._shared.get(path)
        origins = headers.getlist("origin")
        for origin in origins:
            if origin.lower() not in own and origin != shared:
                return _cross_origin("Origin", origin)
        site = headers.get("sec-fetch-site", "none")
        if site in {"none", "same-origin"} or (shared and shared in origins) or _followed_link(method, headers):
            return None
        return _cross_origin("Sec-Fetch-Site", site)

    def _typed(self, method: str, path: str, headers: Headers) -> Response | None:
        types = headers.getlist("content-type")
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0").strip("0 ") != ""
        if method in _SAFE or (not types and not has_body):
            return None
        accepted = {_JSON, _FORM} if path in self._forms else {_JSON}
        if len(types) == 1 and types[0].partition(";")[0].strip().lower() in accepted:
            return None
        return _refused(
            415,
            "Not JSON",
            field="Content-Type",
            value=", ".join(types),
            rule=f"must be {_JSON}",
            remedy=f"Add the header: curl -H 'content-type: {_JSON}' -d … (curl -d alone says that it sends a form).",
        )


def _followed_link(method: str, headers: Headers) -> bool:
    """A person opens a page of ours from somewhere else, in a tab of its own and not in a frame."""
    wanted = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return method in {"GET", "HEAD"} and wanted == ("navigate", "document")


def _cross_origin(field: str, value: str) -> Response:
    return _refused(
        403,
        "From another origin",
        field=field,
        value=value,
        rule="says that the page of another origin asks; none may",
        remedy="Use vcfm, curl, or /docs of this server. A proxy in front must pass on the Host that it was asked by.",
    )


def _refused(status: int, title: str, *, field: str, value: str, rule: str, remedy: str) -> Response:
    found = Problem(field=field, value=shown(value or None), rule=rule, remedy=remedy)
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": f"{found}; nothing was done",
        "remedy": remedy,
        "problems": [found.model_dump(mode="json", exclude_defaults=True)],
    }
    return JSONResponse(document, status_code=status, media_type=MEDIA_TYPE)
