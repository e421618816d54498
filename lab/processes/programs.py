"""Which programs a lab consists of, and their command lines.

No password is an argument: arguments are public on every machine. Everything listens on loopback only, and what a part
would serve beyond its purpose (metrics, webhooks, health) is off or takes any free port.
"""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from lab.binaries.build import Built
from lab.certificates import Pair
from lab.state import StateDir, write_private
from lab.vcenters.site import Site

RELEASE = "4.21.0"
MACHINE_API = "openshift-machine-api"


class Ports(NamedTuple):
    etcd: int
    etcd_peer: int
    api: int
    controller_manager: int
    scheduler: int
    source_admin: int
    target_admin: int


class Processes:
    """Writes the supervisor's files, a layer at a time: each layer needs the one before it."""

    def __init__(self, *, state: StateDir, built: Built, ports: Ports) -> None:
        self._state, self._built, self._ports = state, built, ports

    def start_stores(self, *, sites: list[Site], pairs: list[Pair], other_vms: int, api: Pair, tokens: Pair) -> None:
        """etcd, the API server and the two vCenters: what remembers."""
        self._start_etcd()
        self._start_api_server(api=api, tokens=tokens)
        for site, pair in zip(sites, pairs, strict=True):
            folder = self._state.path / f"vcenter-{site.role}"
            folder.mkdir(exist_ok=True)
            inventory = folder / "inventory.json"
            inventory.write_text(site.inventory(other_vms=other_vms if site.role == "target" else 0))
            self._run(
                f"vcenter-{site.role}",
                "vcenter",
                f"-listen={site.server}:{site.port}",
                f"-admin={site.admin}",
                f"-inventory={inventory}",
                f"-certificate={pair.certificate}",
                f"-key={pair.key}",
                f"-data={folder}",
                LAB_VCENTER_PASSWORD=site.password,
                LAB_ADMIN_TOKEN=site.admin_token,
            )

    def start_kubernetes(self, *, tokens: Pair) -> None:
        """The controller manager and the scheduler."""
        kubeconfig = self._state.kubeconfig
        serving = f"--cert-dir={self._state.pki}"
        self._run(
            "kube-controller-manager",
            "kube-controller-manager",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={tokens.key}",
            f"--root-ca-file={self._state.authority}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports.controller_manager}",
            serving,
            "--node-monitor-grace-period=40s",
        )
        self._run(
            "kube-scheduler",
            "kube-scheduler",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports.scheduler}",
            serving,
        )

    def start_openshift(self) -> None:
        """OpenShift's own controllers, and the simulation of those that are not there."""
        kubeconfig = f"--kubeconfig={self._state.kubeconfig}"
        machine_api = [kubeconfig, f"--namespace={MACHINE_API}"]
        quiet = ["--metrics-bind-address=127.0.0.1:0", "--health-addr=127.0.0.1:0"]
        self._run("machine-controller", "machine-controller", "-v=3", *machine_api, *quiet)
        self._run("machineset-controller", "machineset-controller", "--webhook-enabled=false", *machine_api, *quiet)
        self._run("nodelink-controller", "nodelink-controller", *machine_api)
        self._run("machine-healthcheck-controller", "machine-healthcheck-controller", *machine_api, *quiet)
        self._run(
            "control-plane-machine-set-operator",
            "control-plane-machine-set-operator",
            kubeconfig,
            "--leader-elect=false",
            "--webhook-port=0",
            "--metrics-bind-address=127.0.0.1:0",
            "--health-probe-bind-address=127.0.0.1:0",
            RELEASE_VERSION=RELEASE,
        )
        simulation = [sys.executable, "-m", "lab.simulation", "--state-dir", str(self._state.path)]
        self._write("simulation", simulation, {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"})

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._ports.etcd, self._ports.etcd_peer))
        self._run(
            "etcd",
            "etcd",
            f"--data-dir={self._state.path / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # its data is thrown away with the lab
        )

    def _start_api_server(self, *, api: Pair, tokens: Pair) -> None:
        self._run(
            "kube-apiserver",
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._ports.etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports.api}",
            f"--tls-cert-file={api.certificate}",
            f"--tls-private-key-file={api.key}",
            f"--client-ca-file={self._state.authority}",
            f"--cert-dir={self._state.pki}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={tokens.certificate}",
            f"--service-account-signing-key-file={tokens.key}",
            "--allow-privileged=true",
            # What others wrote into the cluster, for whoever doubts them; reads would fill the disk.
            f"--audit-policy-file={Path(__file__).parents[1] / 'manifests' / 'audit-policy.yaml'}",
            f"--audit-log-path={self._state.logs / 'audit.log'}",
            "--audit-log-mode=blocking",  # a write is in the log before it is answered
            # The simulated kubelets mount nothing, and pods must not wait for a namespace's default account.
            "--disable-admission-plugins=ServiceAccount",
        )

    def _run(self, name: str, binary: str, *arguments: str, **environment: str) -> None:
        self._write(name, [str(self._built.binary(binary)), *arguments], environment)

    def _write(self, name: str, argv: list[str], environment: dict[str, str]) -> None:
        common = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._state.path),
            "TMPDIR": str(self._state.path / "tmp"),
            "SSL_CERT_FILE": str(self._state.authority),
        }
        document = {"argv": argv, "env": common | environment}
        write_private(self._state.processes / f"{name}.json", json.dumps(document, indent=1))
