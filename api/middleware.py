"""What every request passes before its route: HEAD answered as GET, and who asks, where a proxy has found out.

HEAD is there wherever GET is: RFC 9110 §9.1 asks it of every server, load balancers use it, FastAPI leaves it out.

The service does not authenticate anybody itself. Who asks it takes from one header, and from nowhere else; it believes
that header because nothing but the proxy can reach it and the proxy replaces what clients send; two values mean that it
does not. Probes come without a user, and `/codec` has a token of its own.
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
    """Turns away whoever comes without a name, and keeps the name for the routes as `request.state.user`."""

    def __init__(self, app: ASGIApp, *, header: str) -> None:
        self._app = app
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
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
            "Who asks?",
            f"the header {self._header} must hold one name of at most {LONGEST_NAME} characters",
            headers={"WWW-Authenticate": f'Proxy header="{self._header}"'},
            remedy="come by the proxy that authenticates users; it must set this header and drop what clients send",
        )
        await refusal(scope, receive, send)
