"""Temporal's remote codec protocol: its UI and its command line ask here to read what our processes encrypt.

An application of its own, mounted under `/codec`: the one page that may call across origins is the Temporal UI's, and
it may call this and nothing else of ours. Whoever holds the token reads every payload, so it is a secret like the keys.
The paths and bodies are Temporal's contract, not ours, and stay out of our OpenAPI document.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

import temporal
from api import problems
from temporal.codec import CodecError

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def codec_app(*, payload_keys: Path, token_file: Path, origin: str | None) -> FastAPI:
    """`POST /encode` and `POST /decode`, each with a document of payloads in and out.

    Raises:
        temporal.TemporalUnavailable: the keys or the token are not usable.
    """
    codec = temporal.encryption(payload_keys)
    token = token_file.read_text().strip()
    if not token:
        raise temporal.TemporalUnavailable(f"{token_file} is empty: write a token into it (`openssl rand -hex 32`)")
    wanted = f"Bearer {token}".encode()
    app = FastAPI(openapi_url=None)
    problems.install(app)

    def known(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), wanted):
            raise HTTPException(401, "the bearer token of VCFM_CODEC_TOKEN_FILE is missing or another", _CHALLENGE)

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
            allow_headers=["authorization", "content-type", "x-namespace"],  # what Temporal's UI sends
        )
    return app


def _answer(payloads: Sequence[Payload]) -> Response:
    return Response(json_format.MessageToJson(Payloads(payloads=payloads)), media_type="application/json")
