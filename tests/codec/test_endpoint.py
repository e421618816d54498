"""Temporal's remote codec protocol: the real `temporal` command reads an encrypted run through it, and nobody else."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from google.protobuf import json_format
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import WorkflowHistory

import temporal
from api.app import create_app
from api.payloads import COOKIE, codec_app
from config.settings import Settings
from tests.codec.rings import codec, line
from tests.support.serving import Serving, listening
from tests.workflows.answers import TARGET, request
from tests.workflows.conftest import TEMPORAL

TOKEN, ORIGIN = "s3cret-token", "https://temporal.example.com"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"vc-new.example.com"')


def body(*payloads: Payload) -> str:
    return json_format.MessageToJson(Payloads(payloads=payloads))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "codec-token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture
async def http(payload_keys: Path, token_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = codec_app(payload_keys=payload_keys, token_file=token_file, origin=ORIGIN)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://codec") as client:
        yield client


async def test_what_is_encoded_there_is_decoded_there(http: httpx.AsyncClient) -> None:
    encoded = await http.post("/encode", content=body(PLAIN), headers=BEARER)
    assert "anNvbi9wbGFpbg" not in encoded.text, "json/plain in base64"
    decoded = await http.post("/decode", content=encoded.content, headers=BEARER)
    assert list(json_format.Parse(decoded.content, Payloads()).payloads) == [PLAIN]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {TOKEN}"}])
@pytest.mark.parametrize("path", ["/encode", "/decode"])
async def test_nobody_reads_without_the_token(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await http.post(path, content=body(PLAIN), headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert TOKEN not in answer.text


@pytest.mark.parametrize("sent", ["", '{"payloads": 1}', b"\xff"])
async def test_a_body_that_is_none_is_refused(http: httpx.AsyncClient, sent: str | bytes) -> None:
    assert (await http.post("/decode", content=sent, headers=BEARER)).status_code == 400


async def test_a_key_that_is_missing_is_said(http: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    foreign = await codec(tmp_path / "elsewhere", line("theirs")).encode([PLAIN])
    answer = await http.post("/decode", content=body(*foreign), headers=BEARER)
    assert answer.status_code == 422
    assert "'theirs'" in answer.json()["detail"]


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://evil.example.com", None)])
async def test_one_origin_alone_may_call(http: httpx.AsyncClient, origin: str, allowed: str | None) -> None:
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,authorization-extras,content-type,x-namespace",
    }
    preflight = await http.options("/decode", headers={"Origin": origin, **asks})
    assert preflight.status_code == (200 if allowed else 400)
    assert preflight.headers.get("access-control-allow-origin") == allowed
    assert preflight.headers.get("access-control-allow-credentials") == "true"
    answer = await http.post("/decode", content=body(PLAIN), headers={**BEARER, "Origin": origin})
    assert answer.headers.get("access-control-allow-origin") == allowed


async def test_a_browser_logs_in_once(http: httpx.AsyncClient) -> None:
    """As Temporal's UI does: with the browser's cookies, and without a token of its own."""
    form = await http.get("/login")
    assert (form.status_code, form.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in form.headers["content-security-policy"]
    answer = await http.post("/login", data={"token": TOKEN})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie, "who reads the browser's files does not have the token"
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=strict"}
    encoded = await http.post("/encode", content=body(PLAIN), headers={"Origin": ORIGIN})
    decoded = await http.post("/decode", content=encoded.content, headers={"Origin": ORIGIN})
    assert list(json_format.Parse(decoded.content, Payloads()).payloads) == [PLAIN]


async def test_the_cookie_is_for_this_endpoint_alone_and_stays_on_https(payload_keys: Path, token_file: Path) -> None:
    app = FastAPI()
    app.mount("/codec", codec_app(payload_keys=payload_keys, token_file=token_file, origin=ORIGIN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://t") as https:
        answer = await https.post("/codec/login", data={"token": TOKEN})
        assert {"Path=/codec", "Secure"} <= set(answer.headers["set-cookie"].split("; "))
        assert (await https.post("/codec/decode", content=body(PLAIN))).status_code == 200


@pytest.mark.parametrize("sent", ["", "token=", "token=other", f"other={TOKEN}", b"token=\xff%ff"])
async def test_another_token_logs_nobody_in(http: httpx.AsyncClient, sent: str | bytes) -> None:
    answer = await http.post("/login", content=sent)
    assert answer.status_code == 403
    assert "VCFM_CODEC_TOKEN_FILE" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kept", [TOKEN, "0" * 64])
async def test_a_cookie_that_is_another_is_none(http: httpx.AsyncClient, kept: str) -> None:
    answer = await http.post("/decode", content=body(PLAIN), headers={"Cookie": f"{COOKIE}={kept}"})
    assert answer.status_code == 401
    assert "/codec/login" in answer.json()["detail"]


async def test_the_temporal_command_reads_a_run_through_it(
    encrypted: Serving, payload_keys: Path, token_file: Path, tmp_path: Path
) -> None:
    migration = await encrypted.migrations.start(cluster="", spec=request().spec)
    await encrypted.client.get_workflow_handle(migration).result()
    settings = Settings(state_directory=tmp_path, payload_keys_file=payload_keys, codec_token_file=token_file)
    async with listening(create_app(settings, client=encrypted.client)) as url:
        through = await shown(encrypted, migration, {"TEMPORAL_CODEC_ENDPOINT": f"{url}/codec"})
    assert TARGET.encode() in through
    assert TARGET.encode() not in await shown(encrypted, migration, {})


async def shown(service: Serving, migration: str, environment: dict[str, str]) -> bytes:
    """The history that `temporal workflow show` prints."""
    process = await asyncio.create_subprocess_exec(
        *(TEMPORAL, "workflow", "show", "--output", "json", "--workflow-id", migration),
        env={
            **os.environ,
            "TEMPORAL_ADDRESS": service.client.service_client.config.target_host,
            "TEMPORAL_CODEC_AUTH": f"Bearer {TOKEN}",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    history = WorkflowHistory.from_json(migration, printed.decode())
    return b"".join(each.SerializeToString() for each in history.events)


def test_an_empty_token_is_refused(payload_keys: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(temporal.TemporalUnavailable, match="openssl rand"):
        codec_app(payload_keys=payload_keys, token_file=tmp_path / "empty", origin=None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"codec_token_file": "token"}, "VCFM_PAYLOAD_KEYS_FILE"),
        ({"payload_keys_file": "keys", "codec_ui_origin": ORIGIN}, "VCFM_CODEC_TOKEN_FILE"),
    ],
)
def test_half_an_endpoint_is_no_configuration(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate(settings)
