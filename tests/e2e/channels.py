"""`make prove-channels`: a Manual migration approved through one channel alone, for each of the four.

Temporal's CLI by `workflow signal` and by `workflow update execute`, the custom resource by edits, and REST by curl. Each
is a whole migration on a lab of its own, each gate is answered once, and the journal must name who answered, and where.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from lab.commands import Lab, down, up
from lab.scenario import load
from migration.audit.journal_views import DecisionEntry
from migration.phase import PhaseName
from migration.run.status import State
from tests.e2e import claims
from tests.e2e.bridging import GATED, Bridged, Cluster, bridged, official
from tests.support.timeouts import EVENT_SECONDS, MIGRATION_SECONDS

BY = "kim"
RESOURCE = "cluster"


class Gate(NamedTuple):
    """What waits for an answer."""

    migration: str
    phase: PhaseName


class Channel(ABC):
    """How a person starts a migration, and answers its gates."""

    def __init__(self, lab: Lab, service: Bridged) -> None:
        self.lab = lab
        self.service = service

    @abstractmethod
    def start(self) -> str:
        """Start one that asks before every phase; returns its id."""

    @abstractmethod
    def approve(self, gate: Gate) -> None:
        """Answer the gate that waits."""


class Curl(Channel):
    """REST, by nothing but curl."""

    name = "curl"
    recorded = "rest"

    def start(self) -> str:
        body = self.lab.description["migration"]
        manual = body | {"spec": body["spec"] | {"approvalMode": "Manual"}}
        return str(self._post("/migrations", manual)["id"])

    def approve(self, gate: Gate) -> None:
        self._post(f"/migrations/{gate.migration}/approve", {"phase": gate.phase, "by": BY, "reason": self.name})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.service.url}/api/v1{path}"
        words = ["curl", "-sS", "--fail-with-body", "--json", json.dumps(body), url]
        answer: dict[str, Any] = json.loads(_run(words))
        return answer


class _ByTemporal(Curl):
    """Temporal's CLI answers; what it needs to be started is REST's."""

    recorded = "temporal"
    words: list[str]

    def approve(self, gate: Gate) -> None:
        answer = json.dumps({"by": BY, "reason": self.name})
        of = ["--workflow-id", gate.migration, "--name", "approve", "--input", answer]
        temporal = Path(sys.executable).parent / "temporal"
        _run([str(temporal), *self.words, *of, "--address", self.service.temporal.address])


class Signal(_ByTemporal):
    """`temporal workflow signal`."""

    name = "signal"
    words = ["workflow", "signal"]


class Update(_ByTemporal):
    """`temporal workflow update execute`."""

    name = "update"
    words = ["workflow", "update", "execute"]


class Edit(Channel):
    """The custom resource: nothing but `oc apply` and `oc patch`."""

    name = "resource"
    recorded = "cr"

    def start(self) -> str:
        cluster = Cluster(self.lab)
        cluster.apply(RESOURCE, official(self.lab) | {"approvalMode": "Manual"})
        return cluster.until(RESOURCE, lambda each: each.status.run, seconds=EVENT_SECONDS).status.migration

    def approve(self, gate: Gate) -> None:
        Cluster(self.lab).answer(RESOURCE, gate.phase)


CHANNELS: dict[str, type[Signal | Update | Edit | Curl]] = {each.name: each for each in (Signal, Update, Edit, Curl)}


class Proven(NamedTuple):
    """One migration; `answers` are the journal's."""

    channel: str
    seconds: float
    answers: list[DecisionEntry]


async def prove(name: str, directory: Path) -> Proven:
    """One migration through that channel; raises AssertionError when anything about it is not right."""
    (directory / "service").mkdir(parents=True)
    lab = await asyncio.to_thread(up, load("default"), directory / "lab", attached=True)
    try:
        async with bridged(lab, directory / "service") as service:
            return await asyncio.to_thread(_through, name, lab, service)
    finally:
        await asyncio.to_thread(down, directory / "lab")


def _through(name: str, lab: Lab, service: Bridged) -> Proven:
    channel = CHANNELS[name](lab, service)
    service.wait_until_ready()
    began = time.monotonic()
    migration = channel.start()
    for phase in GATED:
        _until_it_asks(service, migration, phase)
        channel.approve(Gate(migration, phase))
    status = service.follow(migration, seconds=MIGRATION_SECONDS)
    seconds = time.monotonic() - began
    assert status.state is State.COMPLETED, f"{status.state}: {status.message}"
    claims.migrated(lab)
    answers = list(service.service.decisions(migration))
    said = [(each.verb, each.phase, each.by, each.channel) for each in answers]
    assert said == [("approve", each, BY, channel.recorded) for each in GATED], said
    assert all(each.outcome.startswith("granted") for each in answers), answers
    return Proven(channel=name, seconds=seconds, answers=answers)


def _until_it_asks(service: Bridged, migration: str, phase: PhaseName) -> None:
    end = time.monotonic() + MIGRATION_SECONDS
    while True:
        status = service.service.status(migration)
        if status.state is State.AWAITING_APPROVAL and status.phase == phase:
            return
        assert not status.state.final, f"{status.state}: {status.message}"
        assert not status.attention, status.message
        assert time.monotonic() < end, f"{phase} did not ask within {MIGRATION_SECONDS:.0f} s: {status.message}"
        time.sleep(0.2)


def _run(words: list[str]) -> str:
    done = subprocess.run(words, capture_output=True, check=False, text=True, timeout=EVENT_SECONDS)
    assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def main() -> int:
    """Run them all, or the channel that is named; an exception says which is not proven, and why."""
    parser = argparse.ArgumentParser(prog="make prove-channels ARGS=…", description=__doc__)
    parser.add_argument("--channel", choices=CHANNELS, help="only this one")
    wanted = parser.parse_args().channel
    table = Table("channel", "gates answered", "took", "the journal names", title="Approved through one channel alone")
    for name in [wanted] if wanted else CHANNELS:
        with tempfile.TemporaryDirectory(prefix="vcfm-channel-") as directory:
            done = asyncio.run(prove(name, Path(directory)))
        who = sorted({f"{each.by} at {each.channel}, {each.reason}" for each in done.answers})
        table.add_row(done.channel, f"{len(done.answers)} of {len(GATED)}", f"{done.seconds:.0f} s", "; ".join(who))
        print(f"{name}: completed in {done.seconds:.0f} s", flush=True)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
