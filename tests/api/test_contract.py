"""What every client may rely on: the OpenAPI document, health, and errors of the server itself."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from temporalio.client import Client
from temporalio.service import RetryConfig

from api.app import create_app
from cli.dev_server import dev_server
from config.settings import Settings
from journal.store import Journal

PROBLEM = "#/components/schemas/ProblemDetails"


@asynccontextmanager
async def serving(client: Client, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service, where a bug of ours shows as it does over the wire."""
    app = create_app(Settings(state_directory=directory), client=client)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield http


@pytest.fixture(scope="module")
async def http(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(temporal_client, tmp_path_factory.mktemp("service")) as client:
        yield client


async def document(http: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get("/openapi.json")).json()
    return found


async def test_the_openapi_document_is_valid_and_whole(http: httpx.AsyncClient) -> None:
    found = await document(http)
    OpenAPI.model_validate(found)
    text = (await http.get("/openapi.json")).text
    references = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', text))
    assert references <= set(found["components"]["schemas"])
    assert "HTTPValidationError" not in text


async def test_every_route_documents_how_it_fails(http: httpx.AsyncClient) -> None:
    operations = {
        f"{method} {path}": operation["responses"]
        for path, methods in (await document(http))["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/")
    }
    assert len(operations) >= 6
    for name, responses in operations.items():
        wanted = {"403", "421", "422", "500", "503"}
        wanted |= {"415"} if name.startswith("post") else set()
        wanted |= {"404"} if "{migration}" in name or name.endswith("/adoptions") else set()
        wanted |= {"409"} if name.startswith("post") and not name.endswith("/preflights") else set()
        wanted |= (
            {"502"} if name in {f"post /api/v1/{each}" for each in ("migrations", "adoptions", "preflights")} else set()
        )
        failures = {status for status in responses if status >= "400"}
        assert failures == wanted, name
        for status in failures:
            assert responses[status]["content"] == {"application/problem+json": {"schema": {"$ref": PROBLEM}}}


async def test_the_body_of_a_start_is_documented(http: httpx.AsyncClient) -> None:
    found = await document(http)
    body = found["paths"]["/api/v1/migrations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    submission = found["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert submission["required"] == ["spec"]
    assert "Location" in found["paths"]["/api/v1/migrations"]["post"]["responses"]["201"]["headers"]


async def test_health(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/migrations", "/api/v1/migrations/none"])
async def test_head_is_get_without_its_body(http: httpx.AsyncClient, path: str) -> None:
    head, get = await http.head(path), await http.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/v1/nothing", 404, None),
        ("GET", "/", 404, None),
        ("DELETE", "/api/v1/migrations", 405, "POST"),
        ("PUT", "/healthz", 405, "GET"),
    ],
)
async def test_what_is_not_there(
    http: httpx.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert allow is None or allow in answer.headers["allow"]


async def test_alive_but_not_ready_when_temporal_has_gone(tmp_path: Path) -> None:
    async with dev_server(
        database=tmp_path / "temporal.db", port=0, ui_port=0, log=tmp_path / "temporal.log"
    ) as server:
        client = await Client.connect(server.address, retry_config=RetryConfig(max_elapsed_time_millis=1000))
    async with serving(client, tmp_path) as http:
        assert (await http.get("/healthz")).status_code == 200
        for path in ("/readyz", "/api/v1/migrations/vcfm-x"):
            answer = await http.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert "TEMPORAL_ADDRESS" in answer.json()["remedy"]


async def test_a_bug_is_a_problem_without_its_stack(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        password = "hunter2-secret"
        raise KeyError(password)

    monkeypatch.setattr(Journal, "read", broken)
    monkeypatch.setattr("client.migrations.Migrations.run_id", _any_run)
    answer = await http.get("/api/v1/migrations/x/journal")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "a bug of the service: KeyError"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


async def _any_run(*_: object) -> str:
    return "run"
