"""A real kube-apiserver on a real etcd, of this room's own: it is killed, frozen and compacted here."""

import asyncio
import base64
import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

from lab.binaries.build import Built
from tests.support.timeouts import EVENT_SECONDS

ADMIN, GUEST = "admin-token", "guest-token"


class ControlPlane:
    """etcd and kube-apiserver as processes, with an administrator and a guest who may do nothing."""

    def __init__(self, *, built: Built, state: Path) -> None:
        self._built = built
        self._state = state
        self._etcd_port, self._peer_port, self.port = _free_ports(3)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def etcd(self) -> str:
        return f"http://127.0.0.1:{self._etcd_port}"

    @property
    def certificate(self) -> Path:
        return self._state / "certs" / "apiserver.crt"

    def start(self) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        key = self._state / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (self._state / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n{GUEST},guest,guest\n')
        self._spawn(
            "etcd",
            f"--data-dir={self._state / 'etcd'}",
            f"--listen-client-urls={self.etcd}",
            f"--advertise-client-urls={self.etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{self._peer_port}",
            "--unsafe-no-fsync",
        )
        self.start_api()

    def start_api(self) -> None:
        key = self._state / "sa.key"
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers={self.etcd}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self._state / 'certs'}",
            f"--token-auth-file={self._state / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
        )
        deadline = time.monotonic() + EVENT_SECONDS
        while not self._ready():
            assert time.monotonic() < deadline, (self._state / "kube-apiserver.log").read_text()[-2000:]
            time.sleep(0.1)

    def signal_api(self, number: int) -> None:
        self._running["kube-apiserver"].send_signal(number)
        if number == signal.SIGKILL:
            self._running.pop("kube-apiserver").wait()

    def compact(self) -> None:
        """Forget all history, as etcd does of everything older than five minutes."""
        last = base64.b64encode(b"\0").decode()
        revision = httpx.post(f"{self.etcd}/v3/kv/range", json={"key": last}, timeout=EVENT_SECONDS).json()["header"][
            "revision"
        ]
        httpx.post(
            f"{self.etcd}/v3/kv/compaction", json={"revision": revision}, timeout=EVENT_SECONDS
        ).raise_for_status()

    def kubeconfig(self, *, token: str = ADMIN, port: int | None = None) -> Path:
        path = self._state / f"kubeconfig-{token}-{port or self.port}"
        server = f"https://127.0.0.1:{port or self.port}"
        trusted = {"server": server, "certificate-authority": str(self.certificate)}
        path.write_text(
            json.dumps(
                {
                    "clusters": [{"name": "lab", "cluster": trusted}],
                    "users": [{"name": "me", "user": {"token": token}}],
                    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
                    "current-context": "lab",
                }
            )
        )
        return path

    def stop(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _spawn(self, part: str, *arguments: str) -> None:
        with (self._state / f"{part}.log").open("ab") as log:
            self._running[part] = subprocess.Popen([self._built.binary(part), *arguments], stdout=log, stderr=log)

    def _ready(self) -> bool:
        try:
            answer = httpx.get(
                f"https://127.0.0.1:{self.port}/readyz",
                headers={"Authorization": f"Bearer {ADMIN}"},
                verify=False,
                timeout=2,
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class Proxy:
    """A TCP proxy that can go silent with every connection open, as a half-open socket does."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.accepted = 0

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        """New connections flow again; the frozen ones stay frozen for ever."""
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def stop(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        flowing = self._flowing
        there = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, there[1]), (there[0], writer)):
            pump = asyncio.create_task(self._pump(source, sink, flowing))
            self._pumps.add(pump)

    @staticmethod
    async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, flowing: asyncio.Event) -> None:
        try:
            while data := await source.read(65536):
                await flowing.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
