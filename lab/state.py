"""The state directory: the one place where a lab keeps anything, so that removing it removes the lab.

It is readable by its owner only, since it holds the lab's passwords and keys.
"""

import json
from pathlib import Path
from typing import Any


class StateDir:
    """Names of what is in there. Absolute, since the parts run elsewhere."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.pids = self.path / "pids"
        self.pki = self.path / "pki"
        self.processes = self.path / "processes"  # one JSON for each part that shall run (lab.processes.supervisor)
        self.supervisor_pid = self.pids / "supervisor"
        self.authority = self.path / "ca.pem"
        self.kubeconfig = self.path / "kubeconfig"
        self.kubeconfig_service = self.path / "kubeconfig.service"
        self.kubeconfig_bridge = self.path / "kubeconfig.bridge"
        self.scenario = self.path / "scenario.yaml"
        self.description = self.path / "lab.json"
        self.private = self.path / "private.json"  # what only the lab itself needs: admin endpoints and their token
        self.environment = self.path / "env"
        self.ready = self.path / "ready"  # the bring-up is over: from now on delays are the scenario's

    def create(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (self.logs, self.pids, self.pki, self.processes, self.path / "tmp"):
            each.mkdir(mode=0o700, exist_ok=True)

    def describe(self) -> dict[str, Any]:
        """The content of `lab.json`."""
        described: dict[str, Any] = json.loads(self.description.read_text())
        return described


def write_private(path: Path, text: str) -> None:
    """A file that only its owner may read, complete or not there at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)
