"""Who asks, where a proxy in front of this service has found out: from one header, and from nowhere else.

The service does not authenticate anybody itself. It believes the header because nothing but the proxy can reach it and
the proxy replaces what clients send; two values mean that it does not. Probes come without a user, and `/codec` has a
token of its own.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from migration.commands import LONGEST_NAME

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
