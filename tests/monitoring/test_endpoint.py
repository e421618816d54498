"""Health of a process: alive while its event loop turns, ready while it can do its work."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from cli.dev_server import DevServer, dev_server, free_port
from config.settings import Settings
from monitoring import probe
from monitoring.endpoint import answering
from tests.support.timeouts import EVENT_SECONDS


async def ask(port: int, path: str, *, seconds: float = EVENT_SECONDS) -> httpx.Response:
    async with httpx.AsyncClient(timeout=seconds) as http:
        return await http.get(f"http://127.0.0.1:{port}{path}")


async def until(port: int, path: str, status: int, log: Path) -> httpx.Response:
    """The first answer of that status."""
    end = time.monotonic() + EVENT_SECONDS
    while time.monotonic() < end:
        with suppress(httpx.TransportError):
            answer = await ask(port, path)
            if answer.status_code == status:
                return answer
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no {status} from {path}: {log.read_text()}")


async def test_ready_says_what_is_missing(temporal_client: Client) -> None:
    port, lack = free_port(0), "no watch is open"
    async with answering(Settings(health_port=port), client=temporal_client, lacks=lambda: lack):
        assert (await ask(port, "/healthz")).json() == {"status": "ok"}
        refused = await ask(port, "/readyz")
        assert (refused.status_code, refused.json()) == (503, {"status": "not ready", "missing": [lack]})
        lack = ""
        assert (await ask(port, "/readyz")).json() == {"status": "ready"}
        assert "vcfm_migrations{" in (await ask(port, "/metrics")).text
        assert (await ask(port, "/api/v1/migrations")).status_code == 404


async def test_alive_but_not_ready_while_temporal_is_away(departed: Callable[[], Awaitable[Client]]) -> None:
    port = free_port(0)
    async with answering(Settings(health_port=port), client=await departed()):
        assert (await ask(port, "/healthz")).status_code == 200
        answer = await ask(port, "/readyz")
        assert answer.status_code == 503
        (missing,) = answer.json()["missing"]
        assert "does not answer (UNAVAILABLE)" in missing or "does not answer (CANCELLED)" in missing


async def test_a_process_whose_event_loop_is_stuck_is_not_alive(temporal_client: Client) -> None:
    port = free_port(0)
    async with answering(Settings(health_port=port), client=temporal_client):
        stuck = subprocess.Popen(
            [sys.executable, "-m", "monitoring.probe", "healthz"],
            env=os.environ | {"VCFM_HEALTH_PORT": str(port)},
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(probe.PATIENCE + 3)  # in this loop, on purpose
        assert stuck.communicate()[1].startswith("no answer: ")
        assert stuck.returncode == 1
        assert (await ask(port, "/healthz")).status_code == 200


async def test_nothing_listens_unless_asked_to(temporal_client: Client) -> None:
    async with answering(Settings(), client=temporal_client):
        pass


async def test_a_port_that_is_taken_names_the_setting(temporal_client: Client) -> None:
    settings = Settings(health_port=free_port(0))
    async with answering(settings, client=temporal_client):
        with pytest.raises(OSError, match=r"VCFM_HEALTH_PORT: cannot listen on 127\.0\.0\.1"):
            async with answering(settings, client=temporal_client):
                pass


def test_the_probe_repeats_what_a_process_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VCFM_HEALTH_PORT", str(free_port(0)))
    monkeypatch.setattr("sys.argv", ["probe", "readyz"])
    with pytest.raises(SystemExit, match=r"no answer: .*refused"):
        probe.main()


@contextmanager
def process(command: str, temporal: DevServer, log: Path, **settings: str) -> Iterator[None]:
    """`vcfm <command>`, which must end well when it is asked to."""
    environment = os.environ | {
        "TEMPORAL_ADDRESS": temporal.address,
        "VCFM_STATE_DIRECTORY": str(log.parent / command),
        "VCFM_API_PORT": str(free_port(0)),
        **settings,
    }
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "cli", command], env=environment, stdout=output, stderr=output
        )
    try:
        yield
    except BaseException:
        started.kill()
        raise
    started.terminate()
    assert started.wait(EVENT_SECONDS) == 0, log.read_text()


async def test_every_process_outlives_temporal_and_is_ready_again_when_it_is_back(tmp_path: Path) -> None:
    """Whatever they log meanwhile, by us or by the SDK beneath, is JSON where that is asked for."""
    database, log = tmp_path / "temporal.db", tmp_path / "temporal.log"
    ports = {command: (free_port(0), free_port(0)) for command in ("worker", "api", "serve")}
    said = {command: tmp_path / f"{command}.log" for command in ports}
    async with AsyncExitStack() as temporal:
        server = await temporal.enter_async_context(dev_server(database=database, port=0, ui_port=0, log=log))
        with ExitStack() as processes:
            for command, (health, sdk) in ports.items():
                settings = {
                    "VCFM_HEALTH_PORT": str(health),
                    "VCFM_TEMPORAL_METRICS_PORT": str(sdk),
                    "VCFM_LOG_JSON": "true",
                }
                processes.enter_context(process(command, server, said[command], **settings))
            for command, (health, sdk) in ports.items():
                await until(health, "/readyz", 200, said[command])
                assert "temporal_request_total{" in (await ask(sdk, "/metrics")).text
            await temporal.aclose()
            for command, (health, _) in ports.items():
                assert server.address in (await until(health, "/readyz", 503, said[command])).text
                assert (await ask(health, "/healthz")).status_code == 200
            again = int(server.address.rpartition(":")[2])
            await temporal.enter_async_context(dev_server(database=database, port=again, ui_port=0, log=log))
            for command, (health, _) in ports.items():
                await until(health, "/readyz", 200, said[command])
    # `serve` also tells a person where everything is.
    lines = [json.loads(line) for each in ("worker", "api") for line in said[each].read_text().splitlines()]
    assert any("gRPC call" in str(each) for each in lines), "the SDK said that it was alone"
