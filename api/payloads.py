"""A remote codec server, by which Temporal's UI and command line decode the payloads that this service encrypts.

It is an application of its own, mounted under `/codec`: only pages of Temporal's UI may call it across origins, and
they may call nothing else of this service. The token gives access to every payload, so it is a secret like the keys.
Paths and bodies are Temporal's contract, so they are not in the OpenAPI document.

The command line sends the token itself. The UI has no setting for a token, but sends cookies when it is configured to
include credentials: a person enters the token once at `/login`, and the browser stores a cookie derived from it.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

import temporal
from api import problems
from temporal.codec import CodecError

CODEC = "/codec"
"""Where the application is mounted."""
SHARED = (f"{CODEC}/encode", f"{CODEC}/decode")
"""Paths that pages of the UI's origin may call; the login form is same-origin only."""
FORMS = (f"{CODEC}/login",)
COOKIE = "vcfm-codec"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    # Under `no-referrer` a browser sends the form with `Origin: null` (Fetch standard, "append a request `Origin`").
    "Referrer-Policy": "same-origin",
}
_PAGE = """<!doctype html>
<html lang="en"><title>vcf-migration: payloads</title>
<p>{message}</p>
<form method="post">
<label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Log in</button>
</form></html>
"""


def codec_app(*, payload_keys: Path, token_file: Path, origin: str | None) -> FastAPI:
    """`POST /encode` and `POST /decode`, each from payloads to payloads; `/login` is for browsers.

    Raises:
        temporal.TemporalUnavailable: the keys or the token cannot be used.
    """
    codec = temporal.encryption(payload_keys)
    token = token_file.read_text().strip()
    if not token:
        raise temporal.TemporalUnavailable(f"{token_file} is empty: write a token into it (`openssl rand -hex 32`)")
    wanted = f"Bearer {token}".encode()
    session = hmac.digest(token.encode(), b"cookie of /codec", "sha256").hex()
    app = FastAPI(openapi_url=None)
    problems.install(app)

    def authenticated(
        authorization: Annotated[str, Header()] = "", cookie: Annotated[str, Cookie(alias=COOKIE)] = ""
    ) -> None:
        by_token = hmac.compare_digest(authorization.encode(), wanted)
        if not by_token and not hmac.compare_digest(cookie.encode(), session.encode()):
            raise HTTPException(
                401,
                "the token of VCFM_CODEC_TOKEN_FILE is missing or wrong: send it as a bearer token, or log in with a "
                "browser at /codec/login",
                _CHALLENGE,
            )

    @app.get("/login")
    async def form() -> Response:
        message = "Enter the token of VCFM_CODEC_TOKEN_FILE to decode payloads in Temporal's UI with this browser."
        return HTMLResponse(_PAGE.format(message=message), headers=_PAGE_HEADERS)

    @app.post("/login")
    async def login(request: Request) -> Response:
        given = parse_qs((await request.body()).decode(errors="replace")).get("token", [""])[0]
        if not hmac.compare_digest(given.strip().encode(), token.encode()):
            message = "Wrong token: enter the content of the file that VCFM_CODEC_TOKEN_FILE names."
            return HTMLResponse(_PAGE.format(message=message), status_code=403, headers=_PAGE_HEADERS)
        answer = HTMLResponse("Logged in: Temporal's UI decodes payloads in this browser until you close it.")
        answer.set_cookie(
            COOKIE,
            session,
            path=request.scope["root_path"] or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def payloads(request: Request) -> Payloads:
        try:
            return json_format.Parse(await request.body(), Payloads())
        except (json_format.ParseError, UnicodeError) as error:
            raise HTTPException(
                400, 'the body is not `{"payloads": [...]}`, the document that Temporal sends'
            ) from error

    @app.post("/encode", dependencies=[Depends(authenticated)])
    async def encode(request: Request) -> Response:
        return _answer(await codec.encode((await payloads(request)).payloads))

    @app.post("/decode", dependencies=[Depends(authenticated)])
    async def decode(request: Request) -> Response:
        try:
            return _answer(await codec.decode((await payloads(request)).payloads))
        except CodecError as error:
            raise HTTPException(422, str(error)) from error

    if origin:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin],
            allow_methods=["POST"],
            allow_credentials=True,
            # The headers that Temporal's UI sends; `authorization-extras` where it forwards its own logged-in user.
            allow_headers=["authorization", "authorization-extras", "content-type", "x-namespace"],
        )
    return app


def _answer(payloads: Sequence[Payload]) -> Response:
    return Response(json_format.MessageToJson(Payloads(payloads=payloads)), media_type="application/json")
