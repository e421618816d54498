"""Temporal's remote codec protocol: its UI and its command line ask here to read what our processes encrypt.

An application of its own, mounted under `/codec`: the one page that may call across origins is the Temporal UI's, and
it may call this and nothing else of ours. Whoever holds the token reads every payload, so it is a secret like the keys.
The paths and bodies are Temporal's contract, not ours, and stay out of our OpenAPI document.

The command line sends the token itself. The UI cannot be told one, but sends cookies where it is told to include
credentials: so a person gives the token once, at `/login`, and the browser keeps what is derived from it.
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
"""What pages of the UI's origin may call; the login is for pages of our own."""
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
<p>{said}</p>
<form method="post">
<label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Log in</button>
</form></html>
"""


def codec_app(*, payload_keys: Path, token_file: Path, origin: str | None) -> FastAPI:
    """`POST /encode` and `POST /decode`, each with a document of payloads in and out; `/login` is for browsers.

    Raises:
        temporal.TemporalUnavailable: the keys or the token are not usable.
    """
    codec = temporal.encryption(payload_keys)
    token = token_file.read_text().strip()
    if not token:
        raise temporal.TemporalUnavailable(f"{token_file} is empty: write a token into it (`openssl rand -hex 32`)")
    wanted = f"Bearer {token}".encode()
    kept = hmac.digest(token.encode(), b"cookie of /codec", "sha256").hex()
    app = FastAPI(openapi_url=None)
    problems.install(app)

    def known(authorization: Annotated[str, Header()] = "", cookie: Annotated[str, Cookie(alias=COOKIE)] = "") -> None:
        by_token = hmac.compare_digest(authorization.encode(), wanted)
        if not by_token and not hmac.compare_digest(cookie.encode(), kept.encode()):
            raise HTTPException(
                401,
                "the token of VCFM_CODEC_TOKEN_FILE is missing or another: send it as a bearer token, or log in with a "
                "browser at /codec/login",
                _CHALLENGE,
            )

    @app.get("/login")
    async def form() -> Response:
        said = "Who has the token of VCFM_CODEC_TOKEN_FILE may read payloads in Temporal's UI, with this browser."
        return HTMLResponse(_PAGE.format(said=said), headers=_PAGE_HEADERS)

    @app.post("/login")
    async def login(request: Request) -> Response:
        given = parse_qs((await request.body()).decode(errors="replace")).get("token", [""])[0]
        if not hmac.compare_digest(given.strip().encode(), token.encode()):
            said = "That is not the token of VCFM_CODEC_TOKEN_FILE: enter what this service's file holds."
            return HTMLResponse(_PAGE.format(said=said), status_code=403, headers=_PAGE_HEADERS)
        answer = HTMLResponse("Temporal's UI shows payloads in this browser now, until you close it.")
        answer.set_cookie(
            COOKIE,
            kept,
            path=request.scope["root_path"] or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def asked(request: Request) -> Payloads:
        try:
            return json_format.Parse(await request.body(), Payloads())
        except (json_format.ParseError, UnicodeError) as error:
            raise HTTPException(400, 'the body is no `{"payloads": [...]}`, as Temporal sends it') from error

    @app.post("/encode", dependencies=[Depends(known)])
    async def encode(request: Request) -> Response:
        return _answer(await codec.encode((await asked(request)).payloads))

    @app.post("/decode", dependencies=[Depends(known)])
    async def decode(request: Request) -> Response:
        try:
            return _answer(await codec.decode((await asked(request)).payloads))
        except CodecError as error:
            raise HTTPException(422, str(error)) from error

    if origin:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin],
            allow_methods=["POST"],
            allow_credentials=True,
            # What Temporal's UI sends; the extras where it passes on who is logged in to it.
            allow_headers=["authorization", "authorization-extras", "content-type", "x-namespace"],
        )
    return app


def _answer(payloads: Sequence[Payload]) -> Response:
    return Response(json_format.MessageToJson(Payloads(payloads=payloads)), media_type="application/json")
