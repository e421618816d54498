"""The `/api` dialect of vSphere 7.0 U2 and later in front of the simulator, which only speaks `/rest`.

Shapes as Broadcom documents them for "cis tagging": bare documents instead of `{"value": …}` and `{"create_spec": …}`,
ids without `id:`, `action` without `~`, errors as `{"error_type": "ALREADY_EXISTS"}`, and the category of
list-tags-for-category in the body instead of the path.
"""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from lab.certificates import Authority
from lab.processes.addresses import free_servers
from migration.audit.call import Recorder
from tests.vsphere.real_vcenter import RealVCenter
from vsphere.api.certificates import trust
from vsphere.api.session import VCenter

PORT = 18444
LEGACY = "/rest/com/vmware"


class ApiDialect:
    def __init__(self, *, behind: RealVCenter, state: Path) -> None:
        self._behind = behind
        self._server, _ = free_servers(port=PORT)
        self._ca_file = state / "ca.pem"
        pair = Authority(self._ca_file).server(state, "api", addresses=[self._server], names=[])
        self._simulator = httpx.Client(
            base_url=f"https://{behind.site.server}:{behind.site.port}",
            verify=trust(str(behind.ca_file)),
            trust_env=False,
        )
        self._http = ThreadingHTTPServer((self._server, PORT), _handler(self._simulator))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._simulator.close()

    def session(self, recorder: Recorder) -> VCenter:
        """REST in the newer dialect."""
        return self._behind.session(recorder, server=self._server, port=PORT, ca_file=str(self._ca_file))


def _handler(simulator: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            given = self.rfile.read(length) if length else b""
            if self.path == "/sdk":
                self._pass_on(given)
                return
            try:
                answer = simulator.request(self.command, **_translated(self.path, given, dict(self.headers)))
                status, body = answer.status_code, _bare(answer)
            except ValueError:
                status, body = 404, None
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _pass_on(self, given: bytes) -> None:
            """SOAP has one dialect only."""
            kept = {name: self.headers[name] for name in ("Cookie", "SOAPAction", "Content-Type")}
            answer = simulator.post("/sdk", content=given, headers=kept)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Set-Cookie"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _translated(path: str, given: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The request as `/rest` wants it. Raises ValueError for what `/api` does not have."""
    url = urlsplit(path)
    if not url.path.startswith("/api/") or "~" in url.query:
        raise ValueError(path)
    action = parse_qs(url.query).get("action", [""])[0]
    body = json.loads(given) if given else None
    resource = url.path.removeprefix("/api/")
    if resource == "session":
        target = "/cis/session"
    elif action == "list-tags-for-category":
        target = f"/cis/tagging/tag/id:{body['category_id']}"
    elif len(parts := resource.split("/")) > 3:
        target = f"/{'/'.join(parts[:3])}/id:{parts[3]}"
    else:
        target, body = f"/{resource}", body if action else {"create_spec": body}
    wanted = {"vmware-api-session-id", "authorization", "vmware-use-header-authn"}
    return {
        "url": f"{LEGACY}{target}",
        "params": {"~action": action} if action else None,
        "json": body,
        "headers": {name: value for name, value in headers.items() if name.lower() in wanted},
    }


def _bare(answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        return None
    if answer.is_error:
        return {"error_type": body.get("type", "").rsplit(".", 1)[-1].upper(), "messages": []}
    return body.get("value")
