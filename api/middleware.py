"""Middleware of every request: HEAD is answered as GET, and an authenticating proxy's user name is read.

RFC 9110 §9.1 requires HEAD wherever there is GET, load balancers use it, and FastAPI does not add it.

The service does not authenticate users itself. It trusts the header because only the proxy can reach the service and
the proxy replaces the header that clients send; two values show that it does not. Probes need no user, and `/codec` has
a token of its own.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from migration.commands import LONGEST_NAME


class Head:
    """Answers HEAD as the same GET without its body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


_OPEN = {"/healthz", "/readyz", "/metrics"}


class User:
    """Rejects requests without a user name, and gives the name to the routes as `request.state.user`."""

    def __init__(self, app: ASGIApp, *, header: str) -> None:
        self._app = app
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] in _OPEN or scope["path"].startswith("/codec/"):
            await self._app(scope, receive, send)
            return
        names = [each.strip() for each in Headers(scope=scope).getlist(self._header)]
        if len(names) == 1 and 0 < len(names[0]) <= LONGEST_NAME:
            scope.setdefault("state", {})["user"] = names[0]
            await self._app(scope, receive, send)
            return
        refusal = problem(
            401,
            "No user name",
            f"the header {self._header} must hold one name of at most {LONGEST_NAME} characters",
            headers={"WWW-Authenticate": f'Proxy header="{self._header}"'},
            remedy="use the proxy that authenticates users; it must set this header and drop the one that clients send",
        )
        await refusal(scope, receive, send)
