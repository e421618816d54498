"""Where a secret must never be, looked through byte by byte: everything that outlives a run or shows to anybody.

A secret is looked for as it is and as each place might spell it: in base64 at any of its three alignments, escaped for
JSON, XML or a URL.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import httpx
from temporalio.client import Client

from tests.e2e.running import Running
from tests.e2e.world import World
from tests.support.timeouts import EVENT_SECONDS


def spellings(secret: str) -> set[bytes]:
    """The secret in every form in which it could be found."""
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        escape(secret),
        quoteattr(secret)[1:-1],
        quote(secret),
        quote_plus(secret),
    }
    return {each.encode() for each in texts} | {form for each in texts for form in _aligned(each.encode())}


def _aligned(text: bytes) -> Iterator[bytes]:
    """In base64 a text looks different by where it begins; a group it does not fill holds its neighbours too."""
    for shift in range(3):
        yield b64encode(b"\0" * shift + text)[4 if shift else 0 : (shift + len(text)) // 3 * 4]


async def leaks(running: Running, secrets: list[str]) -> list[str]:
    """Every place that holds one of the secrets, by name; the list of a clean run is empty."""
    wanted = {form for each in secrets for form in spellings(each)}
    return [name for name, held in await places(running) if any(form in held for form in wanted)]


async def places(running: Running) -> list[tuple[str, bytes]]:
    """Everything that a run leaves behind or shows, by name: for the whole of it, nothing is sampled."""
    return [
        ("objects but Secrets", World(running.lab).everything_but_secrets.encode()),
        *_files(running.directory),
        *await _histories(running),
        *_answers(running),
        ("process arguments", b"\n".join(_read(each) for each in Path("/proc").glob("[0-9]*/cmdline"))),
    ]


def _files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """The journal, Temporal's database and every log, with what SQLite has not moved into its main file yet."""
    for each in sorted(directory.iterdir()):
        if each.is_file():
            yield each.name, each.read_bytes()


async def _histories(running: Running) -> list[tuple[str, bytes]]:
    client = await Client.connect(running.temporal.address)
    return [
        (
            f"history of {each.id}",
            (await client.get_workflow_handle(each.id, run_id=each.run_id).fetch_history()).to_json().encode(),
        )
        async for each in client.list_workflows()
    ]


def _answers(running: Running) -> Iterator[tuple[str, bytes]]:
    """What REST says of every migration, page by page."""
    with httpx.Client(base_url=f"{running.url}/api/v1", timeout=EVENT_SECONDS) as http:
        listed = http.get("/migrations")
        yield "GET /migrations", listed.content
        for migration in {each["id"] for each in listed.json()}:
            for what in ("", "/plan", "/decisions"):
                yield f"GET {migration}{what}", http.get(f"/migrations/{migration}{what}").content
            after = 0
            while page := http.get(f"/migrations/{migration}/journal", params={"limit": 1000, "after": after}).json():
                yield f"journal of {migration} after {after}", json.dumps(page, ensure_ascii=False).encode()
                after = page[-1]["id"]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
