"""What a person's browser does: `/docs` without internet, the codec's login, and nothing that others' pages want."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from temporalio.client import Client

from migration.commands import Verb
from migration.run.status import State
from tests.api.test_migrations import SPEC, until
from tests.codec.rings import line
from tests.support.chromium import browsing
from tests.support.serving import Serving, listening, serving
from tests.workflows.world import World


async def test_docs_are_shown_without_internet(idle: Serving, tmp_path: Path) -> None:
    def look() -> None:
        with browsing(tmp_path) as page:
            page.open(f"{idle.url}/docs")
            page.until("document.querySelectorAll('.opblock').length > 10")
            assert page.evaluate("document.querySelector('.title').innerText").startswith("vcf-migration")
            loaded = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
            assert {each.removeprefix(idle.url).rpartition("/")[2] for each in loaded} >= {
                "swagger-ui.css",
                "swagger-ui-bundle.js",
                "start.js",
                "openapi.json",
            }
            assert all(each.startswith((f"{idle.url}/", "data:")) for each in loaded)
            # It is also tried out from there: a request of the page itself.
            page.evaluate("document.querySelector('#operations-health-healthz_healthz_get button').click()")
            page.until("document.querySelector('.try-out__btn')")
            page.evaluate("document.querySelector('.try-out__btn').click()")
            page.until("document.querySelector('.execute')")
            page.evaluate("document.querySelector('.execute').click()")
            page.until("document.querySelector('.live-responses-table')?.innerText.includes('\"ok\"')")
            (tmp_path / "docs.png").write_bytes(page.picture())
            assert page.failed == []

    await asyncio.to_thread(look)


async def test_the_browser_reaches_nothing_but_this_machine(idle: Serving, tmp_path: Path) -> None:
    """Else the test above would prove nothing."""

    def look() -> None:
        with browsing(tmp_path) as page:
            page.open(f"{idle.url}/healthz")
            with pytest.raises(AssertionError, match="ERR_"):
                page.open("http://cdn.example.com/")

    await asyncio.to_thread(look)


async def test_a_person_logs_in_at_the_codec(temporal_client: Client, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(line("2026-11"))
    (tmp_path / "token").write_text("s3cret-token")
    (tmp_path / "profile").mkdir()
    configured = {"payload_keys_file": tmp_path / "keys", "codec_token_file": tmp_path / "token"}

    def log_in(url: str) -> None:
        with browsing(tmp_path / "profile") as page:
            page.open(f"{url}/codec/login")
            page.until("document.querySelector('form')")
            page.evaluate("document.querySelector('input').value = 's3cret-token'")
            page.evaluate("document.querySelector('form').submit()")
            page.until("!document.querySelector('form') && document.body.innerText.includes('Logged in')")

    async with serving(temporal_client, World(), tmp_path, **configured) as service:
        await asyncio.to_thread(log_in, service.url)


ATTACK = """<!doctype html><title>attack</title>
<iframe name="hidden"></iframe>
<script>
async function attack(targets) {
  const types = ["application/x-www-form-urlencoded", "text/plain", "application/json"];
  for (const target of targets) {
    for (const enctype of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]) {
      const form = document.createElement("form");
      Object.assign(form, {method: "post", action: target, enctype, target: "hidden"});
      document.body.append(form);
      form.submit();
    }
    navigator.sendBeacon(target);
    for (const credentials of ["include", "omit"]) {
      for (const mode of ["no-cors", "cors"]) {
        await fetch(target, {method: "POST", mode, credentials}).catch(() => 0);
        for (const type of types) {
          const headers = {"content-type": type};
          const sent = {method: "POST", mode, credentials, headers, body: "{}", referrerPolicy: "no-referrer"};
          await fetch(target, sent).catch(() => 0);
        }
      }
    }
  }
  return "done";
}
</script>
"""


async def test_a_page_of_another_origin_steers_nothing(service: Serving, tmp_path: Path) -> None:
    """By forms, beacons and fetch, from another port of the same host and from another host name."""

    async def page(_: Request) -> Response:
        return HTMLResponse(ATTACK)

    port = service.url.rpartition(":")[2]

    def attack(elsewhere: str) -> None:
        with browsing(tmp_path) as page:
            for host in ("127.0.0.1", "localhost"):
                verbs = [*Verb, "cancel"]
                targets = [f"http://{host}:{port}/api/v1/migrations/{service.migration}/{verb}" for verb in verbs]
                page.open(elsewhere)
                page.until("window.attack")
                assert page.evaluate(f"attack({json.dumps(targets)})") == "done"

    async with (
        listening(Starlette(routes=[Route("/", page)])) as elsewhere,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=30) as http,
    ):
        await http.post("/migrations", json={"spec": SPEC | {"gates": ["cleanup"]}})
        await until(http, service, lambda status: status.state is State.AWAITING_APPROVAL)
        await asyncio.to_thread(attack, elsewhere)
        assert (await http.get(f"/migrations/{service.migration}/decisions")).json() == []
        status = await until(http, service, lambda status: status.id == service.migration)
        assert (status.state, status.decisions) == (State.AWAITING_APPROVAL, [])
