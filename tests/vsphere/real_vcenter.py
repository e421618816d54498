"""One vCenter of the lab on its own: it starts in a second, so that tests may stop, freeze or break theirs."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from lab.binaries.build import Built
from lab.certificates import Authority
from lab.processes.addresses import free_ports, free_servers
from lab.processes.supervisor import die_with_parent
from lab.scenario import load
from lab.vcenters.admin import VCenterAdmin
from lab.vcenters.site import Site, plan_site
from migration.audit.call import Recorder
from tests.support.timeouts import EVENT_SECONDS
from vsphere.api.endpoint import Endpoint
from vsphere.api.session import VCenter

PORT = 18443


class RealVCenter:
    """The source of the default scenario, with as many VMs besides as wanted; TLS by an authority of its own."""

    def __init__(self, *, built: Built, state: Path, other_vms: int = 0) -> None:
        (admin,) = free_ports(1)
        server, _ = free_servers(port=PORT)
        self.site: Site = plan_site("source", load("default"), server=server, port=PORT, admin=f"127.0.0.1:{admin}")
        self.admin = VCenterAdmin.of(self.site)
        self.ca_file = state / "ca.pem"
        pair = Authority(self.ca_file).server(state, "vcenter", addresses=[server], names=[])
        inventory = state / "inventory.json"
        inventory.write_text(self.site.inventory(other_vms=other_vms))
        self._command = [
            str(built.binary("vcenter")),
            f"-listen={server}:{PORT}",
            f"-admin={self.site.admin}",
            f"-inventory={inventory}",
            f"-certificate={pair.certificate}",
            f"-key={pair.key}",
            f"-data={state}",
        ]
        self._log = state / "vcenter.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        secrets = {"LAB_VCENTER_PASSWORD": self.site.password, "LAB_ADMIN_TOKEN": self.site.admin_token}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=os.environ | secrets,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  a killed test run leaves nothing; it only calls prctl
            )
        deadline = time.monotonic() + EVENT_SECONDS
        while not self.admin.is_up():
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Connections are still taken (by the kernel), but nothing is answered any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def endpoint(self, **changes: Any) -> Endpoint:
        given = {
            "server": self.site.server,
            "port": self.site.port,
            "username": self.site.username,
            "password": self.site.password,
            "ca_file": str(self.ca_file),
        }
        return Endpoint(**(given | changes))

    def session(self, recorder: Recorder, **changes: Any) -> VCenter:
        return VCenter(self.endpoint(**changes), recorder)
