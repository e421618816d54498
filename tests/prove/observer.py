"""An observer outside the product: watches the invariants while something goes on, and says what broke, and when.

The invariants are those of docs/architecture.md.

It watches the cluster by the administrator's watches, lists the vCenters every second, and reads the API server's own audit
of what the product's service account wrote. Where a watch is broken (an outage is part of the proofs) it is blind, says
for how long, and evaluates again only after it has read everything anew.
"""

import asyncio
import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lab.commands import Lab
from lab.simulation.cluster.client import Cluster, ClusterError, Kind
from lab.simulation.cluster.kinds import DEPLOYMENT, MACHINE, NODE, SECRET
from lab.vcenters.admin import VCenterAdmin, VCenterAdminError
from tests.prove import audit
from tests.prove.invariants import STATES, Wanted, edited
from tests.prove.view import AUTOSCALER, HEALTH_CHECK, MACHINE_SET, SEEN, ClusterView, Document, Inventory, called

LOOK = 0.2
LIST = 1.5
CVO = "openshift-cluster-version/cluster-version-operator"
PAUSED = "cluster.x-k8s.io/paused"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """An invariant that was broken: when (seconds since the epoch), which, of which object, and how."""

    at: float
    invariant: str
    object: str
    said: str


@dataclass
class Observation:
    """What was seen from beginning to end.

    Attributes:
        blind: seconds in which something could not be seen.
        looks: how often all invariants were evaluated.
    """

    violations: list[Violation] = field(default_factory=list)
    blind: float = 0.0
    looks: int = 0


class Observer:
    """One observation of one lab; `observing` runs it."""

    def __init__(self, lab: Lab) -> None:
        self.seen = Observation()
        self.ready = threading.Event()
        self._lab = lab
        self._view = ClusterView(
            name=lab.description["infrastructure_name"],
            servers={each["role"]: each["server"] for each in lab.description["vcenters"]},
        )
        endpoints = json.loads((lab.state_dir / "private.json").read_text())
        self._vcenters = {role: VCenterAdmin(**each) for role, each in endpoints.items()}
        self._listed: set[Kind] = set()
        self._pending: dict[tuple[str, str], float] = {}
        self._first: dict[str, Document] = {}
        self._wanted: Wanted | None = None
        self._before: dict[str, object] = {}
        passwords = [each["password"] for each in lab.description["vcenters"]]
        self._secrets = [form for each in passwords for form in (each, b64encode(each.encode()).decode())]
        self._audit = audit.AuditLog(lab)

    async def watch(self, stop: threading.Event) -> None:
        """See, and evaluate, until told to stop."""
        cluster = await Cluster.connect(kubeconfig=self._lab.description["kubeconfig"])
        tasks = [asyncio.create_task(self._follow(cluster, each)) for each in SEEN]
        tasks += [asyncio.create_task(self._list(each)) for each in self._vcenters]
        try:
            while not stop.is_set():
                if not any(task.done() for task in tasks):
                    self._look()
                else:
                    await asyncio.gather(*tasks)
                await asyncio.sleep(LOOK)
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await cluster.aclose()
        self._end()
        self._audit.close()

    async def _follow(self, cluster: Cluster, kind: Kind) -> None:
        """One kind, read anew whenever its watch breaks."""
        while True:
            try:
                documents, since = await cluster.all(kind)
                found = {called(each) for each in documents}
                for gone in self._view.objects[kind].keys() - found:
                    self._apply(kind, "DELETED", self._view.objects[kind][gone])
                for each in documents:
                    self._apply(kind, "MODIFIED", each)
                self._listed.add(kind)
                async for event, document in cluster.watch(kind, since=since):
                    if event != "BOOKMARK":
                        self._apply(kind, event, document)
            except ClusterError:
                self._listed.discard(kind)
                await asyncio.sleep(LOOK)

    async def _list(self, role: str) -> None:
        while True:
            asked = time.time()
            try:
                found = await asyncio.to_thread(self._vcenters[role].inventory)
            except (VCenterAdminError, httpx.HTTPError):  # it is away, which is part of what is being proven
                self._view.inventories.pop(role, None)
            else:
                self._view.inventories[role] = Inventory(asked=asked, **found)
            await asyncio.sleep(LIST)

    def _apply(self, kind: Kind, event: str, document: Document) -> None:
        self._view.apply(kind, event, document)
        if kind is SECRET:
            return
        if any(each in json.dumps(document) for each in self._secrets):
            self._say("no secret outside Secrets", called(document), f"a vCenter's password is in a {kind.name}")
        source = self._view.servers["source"]
        if kind in {MACHINE, NODE} or (kind is MACHINE_SET and source in json.dumps(document["spec"])):
            uid = document["metadata"]["uid"]
            for name, what in edited(self._first.get(uid, document), document, kind):
                self._say("Machines and source MachineSets stay as they are", name, what)
            if not self._first.get(uid, {}).get("spec", {}).get("providerID"):
                self._first[uid] = document

    def _look(self) -> None:
        """Evaluate every invariant on what is seen now."""
        if self._listed != set(SEEN):
            self.seen.blind += LOOK if self._wanted else 0
            self._pending.clear()
            return
        if self._wanted is None:
            if len(self._view.inventories) < len(self._vcenters):
                return
            self._begin()
        assert self._wanted
        self.seen.looks += 1
        now, broken = time.time(), {}
        for name, (invariant, patience) in STATES.items():
            for thing, what in invariant(self._view, self._wanted):
                since = self._pending.get((name, thing), now)
                broken[name, thing] = since
                if now - since >= patience:
                    self._say(name, thing, what)
        self._pending = broken
        for violation in self._audit.read(self._view):
            self._say(*violation)

    def _begin(self) -> None:
        self._wanted = Wanted(masters=len(self._view.masters), workers=len(self._view.ready_workers))
        self._before = self._quiesced()
        self.ready.set()

    def _end(self) -> None:
        """What must have been given back, whatever happened in between."""
        after = self._quiesced()
        for name, before in self._before.items():
            if after[name] != before:
                self._say("what was quiesced is restored", name, f"{before} before, {after[name]} now")
        arguments = b"".join(_read(each) for each in Path("/proc").glob("[0-9]*/cmdline"))
        if any(each.encode() in arguments for each in self._secrets):
            self._say("no secret outside Secrets", "/proc", "a vCenter's password is a process's argument")

    def _quiesced(self) -> dict[str, object]:
        """Whatever a migration may hold still, as far as it must be the same before and after."""
        view = self._view
        operator = view.one(DEPLOYMENT, CVO) or {}
        scaled = {each["spec"]["scaleTargetRef"]["name"] for each in view.objects[AUTOSCALER].values()}
        sets = {each["metadata"]["name"] for each in view.objects[MACHINE_SET].values()}
        return {
            "cluster-version-operator": (
                operator.get("spec", {}).get("replicas"),
                operator.get("status", {}).get("availableReplicas"),
            ),
            "MachineHealthChecks paused": sorted(
                name
                for name, each in view.objects[HEALTH_CHECK].items()
                if PAUSED in (each["metadata"].get("annotations") or {})
            ),
            "MachineAutoscalers over MachineSets that exist": (bool(scaled), scaled <= sets),
        }

    def _say(self, invariant: str, thing: str, what: str) -> None:
        """Once for each invariant and object: a state that lasts is one violation."""
        if not any((each.invariant, each.object) == (invariant, thing) for each in self.seen.violations):
            self.seen.violations.append(Violation(at=time.time(), invariant=invariant, object=thing, said=what))


@contextmanager
def observing(lab: Lab) -> Iterator[Observation]:
    """Observe a lab for as long as the block lasts; what was seen is complete when it has ended."""
    observer, stop = Observer(lab), threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(observer.watch(stop))
        except BaseException as error:  # noqa: BLE001 - told to whoever asked for the observation
            failed.append(error)
            observer.ready.set()

    thread = threading.Thread(target=run, name="observer")
    thread.start()
    try:
        if not observer.ready.wait(180):
            raise TimeoutError("the observer did not see the whole lab within 180 s")
        yield observer.seen
    finally:
        stop.set()
        thread.join()
        if failed:
            raise failed[0]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def told(violations: list[Violation]) -> list[str]:
    """Violations in lines."""
    return [
        f"{time.strftime('%X', time.gmtime(each.at))}Z {each.invariant}: {each.object}: {each.said}"
        for each in violations
    ]


def plain(violation: Violation) -> dict[str, Any]:
    """A violation as JSON holds it."""
    return violation.__dict__
