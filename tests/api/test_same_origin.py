"""Who asks from another origin, or by another name, is refused before any route, over the wire as it is."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from api.app import create_app
from api.problems import ProblemDetails
from cli.dev_server import free_port
from cli.rest import Refused, Service
from config.settings import Settings
from http_security.same_origin import SECURITY_HEADERS
from migration.commands import Verb
from migration.run.status import State
from monitoring.endpoint import answering
from tests.api.test_migrations import SPEC, until
from tests.codec.rings import line
from tests.support.serving import Serving, listening

CHANGING = [f"/api/v1/migrations/vcfm-none/{each}" for each in (*Verb, "cancel")]
STARTING = ["/api/v1/migrations", "/api/v1/adoptions", "/api/v1/preflights"]
READING = ["/api/v1/migrations", "/api/v1/migrations/vcfm-none", "/docs", "/openapi.json", "/healthz", "/metrics"]
UI = "https://temporal.example.com"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

FOREIGN: list[tuple[dict[str, str], int, str]] = [
    ({"Host": "evil.example"}, 421, "Host"),
    ({"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"}, 421, "Host"),  # a rebound name
    ({"Host": "vcfm.example.com"}, 421, "Host"),
    ({"Host": "10.1.2.3:{port}"}, 421, "Host"),
    ({"Origin": "http://evil.example"}, 403, "Origin"),
    ({"Origin": "null"}, 403, "Origin"),
    ({"Origin": "http://127.0.0.1"}, 403, "Origin"),
    ({"Origin": "http://127.0.0.1:1"}, 403, "Origin"),  # another server of this machine
    ({"Origin": "http://localhost:{port}"}, 403, "Origin"),
    ({"Origin": UI}, 403, "Origin"),  # the one origin of /codec is nobody elsewhere
    ({"Origin": "{own}", "Sec-Fetch-Site": "same-site"}, 403, "Sec-Fetch-Site"),
    ({"Sec-Fetch-Site": "cross-site"}, 403, "Sec-Fetch-Site"),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403, "Sec-Fetch-Site"),
    ({**LINK, "Sec-Fetch-Dest": "iframe"}, 403, "Sec-Fetch-Site"),
    ({"Sec-Fetch-Site": "anything"}, 403, "Sec-Fetch-Site"),
]
OWN: list[dict[str, str]] = [
    {},
    {"Host": "localhost:{port}"},
    {"Host": "localhost:{port}", "Origin": "http://localhost:{port}", "Sec-Fetch-Site": "same-origin"},
    {"Host": "[::1]:1234"},  # a forwarded port
    {"Origin": "{own}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    {"Host": "vcfm.internal"},
    {"Host": "VCFM.internal", "Origin": "https://vcfm.internal"},  # a proxy that ends TLS
    {"Sec-Fetch-Site": "none"},
]
TYPES: list[tuple[dict[str, str], bytes | None, bool]] = [
    ({}, None, True),  # curl -X POST
    ({}, b"", True),
    ({"Content-Type": JSON}, b"{}", True),
    ({"Content-Type": JSON}, None, True),
    ({"Content-Type": "Application/JSON; charset=utf-8"}, b"{}", True),
    ({}, b"{}", False),
    ({"Content-Type": FORM}, b"{}", False),  # curl -d
    ({"Content-Type": FORM}, None, False),  # a form without fields
    ({"Content-Type": "text/plain"}, b"{}", False),
    ({"Content-Type": "text/plain; application/json"}, b"{}", False),
    ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", False),
    ({"Content-Type": "application/jsonp"}, b"{}", False),
    ({"Transfer-Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n", False),
]


@pytest.fixture(scope="module")
async def http(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A service with everything that it can have, behind which no worker is."""
    directory = tmp_path_factory.mktemp("service")
    (directory / "keys").write_text(line("2026-11"))
    (directory / "token").write_text("s3cret-token")
    settings = Settings(
        state_directory=directory,
        task_queue="nobody",
        api_allowed_hosts=("vcfm.internal",),
        payload_keys_file=directory / "keys",
        codec_token_file=directory / "token",
        codec_ui_origin=UI,
    )
    async with (
        listening(create_app(settings, client=temporal_client)) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
    ):
        yield client


def filled(headers: Mapping[str, str], http: httpx.AsyncClient) -> dict[str, str]:
    """With this server's own origin and port."""
    url = f"http://{http.base_url.netloc.decode()}"
    return {name: value.format(own=url, port=url.rpartition(":")[2]) for name, value in headers.items()}


async def ask(
    http: httpx.AsyncClient, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None
) -> httpx.Response:
    return await http.request(method, path, headers=filled(headers, http), content=content)


def assert_secured(answer: httpx.Response) -> None:
    assert set(SECURITY_HEADERS) <= {each.title() for each in answer.headers}
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def assert_refused(answer: httpx.Response, status: int, field: str) -> ProblemDetails:
    """The problem names field, rule and remedy."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert_secured(answer)
    document = ProblemDetails.model_validate(answer.json())
    (problem,) = document.problems
    assert (document.status, problem.field) == (status, field)
    assert problem.rule
    assert problem.remedy == document.remedy
    assert field in document.detail
    return document


@pytest.mark.parametrize(("headers", "status", "field"), FOREIGN)
async def test_another_origin_is_refused_everywhere(
    http: httpx.AsyncClient, headers: dict[str, str], status: int, field: str
) -> None:
    for path in (*CHANGING, *STARTING, "/codec/login"):
        answer = await ask(http, "POST", path, {"Content-Type": JSON, **headers}, b"{}")
        document = assert_refused(answer, status, field)
        assert filled(headers, http)[field] in document.problems[0].value
        assert_refused(await ask(http, "POST", path, headers), status, field)  # a body or none
    for path in READING:
        assert_refused(await ask(http, "GET", path, headers), status, field)
        assert (await ask(http, "HEAD", path, headers)).status_code == status
        assert_refused(await ask(http, "OPTIONS", path, headers), status, field)


@pytest.mark.parametrize("headers", OWN)
async def test_ones_own_page_and_who_is_no_browser_reach_the_route(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for path in CHANGING:
        assert (await ask(http, "POST", path, {"Content-Type": JSON, **headers}, b"{}")).status_code == 404, path
        assert (await ask(http, "POST", path, headers)).status_code == 404, path
    for path in STARTING[:1]:
        assert (await ask(http, "POST", path, {"Content-Type": JSON, **headers}, b"{}")).status_code == 422
    for path in READING:
        answer = await ask(http, "GET", path, headers)
        assert answer.status_code == (404 if path.endswith("none") else 200)
        assert_secured(answer)


@pytest.mark.parametrize(("headers", "content", "taken"), TYPES)
async def test_what_is_sent_says_that_it_is_json(
    http: httpx.AsyncClient, headers: dict[str, str], content: bytes | None, taken: bool
) -> None:
    for path in CHANGING:
        answer = await ask(http, "POST", path, headers, content)
        if taken:
            assert answer.status_code == 404, path
        else:
            document = assert_refused(answer, 415, "Content-Type")
            assert "-H 'content-type: application/json'" in document.remedy


async def test_a_link_to_here_may_be_followed_and_nothing_more(http: httpx.AsyncClient) -> None:
    assert (await ask(http, "GET", "/docs", LINK)).status_code == 200
    assert (await ask(http, "GET", "/codec/login", LINK)).status_code == 200
    for path in CHANGING:
        assert_refused(await ask(http, "POST", path, LINK), 403, "Sec-Fetch-Site")


@pytest.mark.parametrize("sent", [b"Host: localhost\r\nHost: evil.example\r\n", b""])
async def test_one_host_it_must_be(http: httpx.AsyncClient, sent: bytes) -> None:
    """Whatever refuses it first, uvicorn or we."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
    version = b"1.1" if sent else b"1.0"
    writer.write(b"GET /healthz HTTP/" + version + b"\r\n" + sent + b"Connection: close\r\n\r\n")
    status = (await reader.readline()).split()[1]
    writer.close()
    assert status in {b"400", b"421"}


async def test_the_codec_is_for_one_other_origin_too(http: httpx.AsyncClient) -> None:
    bearer = {"Authorization": "Bearer s3cret-token", "Content-Type": JSON}
    from_ui = {"Origin": UI, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    for path in ("/codec/encode", "/codec/decode"):
        allowed = await ask(http, "OPTIONS", path, from_ui | asks)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, UI)
        answer = await ask(http, "POST", path, from_ui | bearer, b'{"payloads": []}')
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, UI)
        assert (await ask(http, "POST", path, bearer, b'{"payloads": []}')).status_code == 200  # the `temporal` command
        for headers, status, field in FOREIGN:
            if headers.get("Origin") != UI:
                assert_refused(await ask(http, "POST", path, bearer | headers, b"{}"), status, field)
        assert_refused(
            await ask(http, "POST", path, bearer | {"Content-Type": "text/plain"}, b"{}"), 415, "Content-Type"
        )


async def test_the_login_is_a_form_of_our_own_page(http: httpx.AsyncClient) -> None:
    sent = {"Content-Type": FORM, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    own = sent | {"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}
    answer = await ask(http, "POST", "/codec/login", own, b"token=s3cret-token")
    assert answer.status_code == 200
    assert "set-cookie" in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"
    page = await ask(http, "GET", "/codec/login", {})
    assert page.headers["referrer-policy"] == "same-origin", "else the form comes with `Origin: null`"
    for foreign in ({"Origin": UI}, {"Origin": "null"}, {"Origin": "{own}", "Sec-Fetch-Site": "same-site"}):
        assert (await ask(http, "POST", "/codec/login", sent | foreign, b"token=s3cret-token")).status_code == 403


async def test_vcfm_says_what_to_do_about_a_name(http: httpx.AsyncClient) -> None:
    def told(name: str) -> str:
        service = Service(str(http.base_url))
        service._headers["Host"] = name
        with pytest.raises(Refused) as refused:
            service.steer("vcfm-none", "approve", by="kim", reason="")
        return str(refused.value)

    assert "VCFM_API_ALLOWED_HOSTS" in await asyncio.to_thread(told, "vcfm.example.com")
    assert "No such migration" in await asyncio.to_thread(told, "vcfm.internal")


async def test_a_live_run_is_steered_by_nobody_elses_page(service: Serving) -> None:
    """It waits at a gate; what would approve it or send it back is refused, and leaves no trace in the run."""
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=30) as http:
        assert (await http.post("/migrations", json={"spec": SPEC | {"gates": ["cleanup"]}})).status_code == 201
        before = await until(http, service, lambda status: status.state is State.AWAITING_APPROVAL)
        for verb in (*Verb, "cancel"):
            path = f"/migrations/{service.migration}/{verb}"
            for headers, status, _ in FOREIGN:
                answer = await http.post(path, headers=filled(headers, http))
                assert answer.status_code == status
            form = await http.post(path, data={"by": "kim"})
            assert form.status_code == 415
        after = await until(http, service, lambda status: status.id == service.migration)
        assert (after.state, after.decisions) == (before.state, [])
        assert (await http.get(f"/migrations/{service.migration}/decisions")).json() == []
        assert (await http.post(f"/migrations/{service.migration}/approve")).status_code == 200
        await until(http, service, lambda status: status.state is State.COMPLETED)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "10.128.3.7:8081"}, 200),  # kubelet and Prometheus, by the pod's address
        ({"Host": "[fd01::7]:8081"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "metrics.internal"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_health_is_told_to_addresses(temporal_client: Client, headers: dict[str, str], status: int) -> None:
    settings = Settings(health_port=free_port(0), api_allowed_hosts=("metrics.internal",))
    async with (
        answering(settings, client=temporal_client),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.health_port}", timeout=30) as http,
    ):
        for path in ("/healthz", "/readyz", "/metrics"):
            answer = await ask(http, "GET", path, headers)
            assert answer.status_code == status
            assert_secured(answer)


async def test_a_bug_is_answered_with_the_same_headers(
    temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr("client.migrations.Migrations.status", broken)
    app = create_app(Settings(state_directory=tmp_path), client=temporal_client)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        answer = await http.get("/api/v1/migrations/x")
    assert answer.status_code == 500
    assert_secured(answer)
