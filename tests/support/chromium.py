"""A headless Chromium that reaches this machine and nothing else, driven by its DevTools protocol."""

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PATIENCE = 300.0
"""Seconds; a busy machine is slow, and no test fails for that."""


def executable() -> str:
    """Chromium's path; skips where there is none, but fails in continuous integration, which installs it (.ci/run)."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found:
        return found
    missing = f"no Chromium ({', '.join(_NAMES)}): apt-get install chromium-headless-shell"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Page:
    """One tab.

    Attributes:
        failed: what could not be loaded, or was forbidden, as the browser says it.
    """

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._calls = 0
        self.failed: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to one call."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._calls:
                assert "error" not in message, message
                answer: dict[str, Any] = message["result"]
                return answer
            self._note(message)

    def open(self, url: str) -> None:
        """Go there and wait until a document is."""
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert not failed, failed

    def evaluate(self, expression: str) -> Any:
        """Its value; a promise's once it is kept."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until the expression is truthy."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with suppress(AssertionError):  # as long as a document gives way to the next
                if self.evaluate(f"Boolean({expression})"):
                    return
            time.sleep(0.1)
        raise TimeoutError(f"{expression}: {self.evaluate('document.documentElement.outerHTML')[:2000]}; {self.failed}")

    def picture(self) -> bytes:
        """A PNG of what a person sees."""
        return b64decode(self.call("Page.captureScreenshot")["data"])

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        if message["method"] == "Network.loadingFailed":
            self.failed.append(parameters.get("blockedReason") or parameters["errorText"])
        elif message["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.failed.append(parameters["entry"]["text"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.failed.append(parameters["exceptionDetails"]["text"])


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A browser of its own; every address but this machine's is behind a proxy that is not there."""
    command = [
        executable(),
        "--headless",
        "--no-sandbox",  # of containers and root
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--proxy-server=http://127.0.0.1:9",
        "--proxy-bypass-list=127.0.0.1;localhost",
        "--remote-debugging-port=0",
        "--remote-allow-origins=*",
        "--window-size=1200,1000",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    with (profile / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with closing(websocket.create_connection(_debugger(profile, process), timeout=_PATIENCE)) as socket:
                yield Page(socket)
        finally:
            process.kill()


def _debugger(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The address of its one tab."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError, ValueError, StopIteration, httpx.TransportError):
            port = int((profile / "DevToolsActivePort").read_text().split()[0])
            tabs = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False, timeout=30).json()
            return str(next(each["webSocketDebuggerUrl"] for each in tabs if each["type"] == "page"))
        time.sleep(0.1)
    raise TimeoutError(f"Chromium shows no page: {(profile / 'log').read_text()}")
