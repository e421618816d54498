"""The chain of a run, read from made-up observations: what a cluster has not is no step."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lab.simulation.cluster.kinds import CONFIG_MAP, MACHINE, NODE, SECRET
from migration.audit.journal_views import JournalEntry
from openshift.config_maps import GENERATED
from openshift.secrets import COPIES
from tests.bench.chain import Chain
from tests.bench.observer import Observer, Seen

CALLS = [  # at which second we did what
    (10, "update_secrets", "PATCH", "/vsphere-creds"),
    (20, "update_infrastructure", "PATCH", "/infrastructures"),
    (40, "create_workers", "POST", "/machinesets"),
    (50, "recreate_cpms", "PATCH", "/controlplanemachinesets"),
    (60, "scale_old", "PATCH", "/machinesets"),
    (70, "cleanup", "PATCH", "/infrastructures"),
    (80, "cleanup", "PATCH", "/vsphere-creds"),
]


def entry(at: int, phase: str, method: str, target: str) -> JournalEntry:
    return JournalEntry(
        id=at, at=datetime.fromtimestamp(at, UTC), seconds=0, phase=phase, activity="a",
        attempt=1, system="kubernetes", server="s", method=method, target=target, mutating=True, outcome="ok",
        request="", response="",
    )  # fmt: skip


def observed(*, workers: bool) -> Observer:
    found = Observer()

    def see(at: float, kind: Any, name: str, event: str = "MODIFIED", **content: Any) -> None:
        namespace, _, bare = name.rpartition("/")
        metadata = {"namespace": namespace, "name": bare, "uid": bare} | content.pop("metadata", {})
        found._seen.append(Seen(at=at, kind=kind, event=event, document={"metadata": metadata, **content}))

    for kind, objects, added, removed in ((SECRET, COPIES, 13, 83), (CONFIG_MAP, GENERATED, 23, 73)):
        for namespace, name in objects:
            for at, data in ((1, "old"), (added, "old new"), (removed, "new")):
                see(at, kind, f"{namespace}/{name}", data=data)
    machine = "machine.openshift.io/cluster-api-machine-role"
    spec = {"providerSpec": {"value": {"workspace": {"server": "old"}}}}
    see(55, MACHINE, "ns/master-0", "DELETED", metadata={"labels": {machine: "master"}}, spec=spec)
    if workers:
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        see(45, NODE, "w-0", metadata={"labels": {"node-role.kubernetes.io/worker": ""}}, status=ready)
        see(66, MACHINE, "ns/w-old", "DELETED", metadata={"labels": {machine: "worker"}}, spec=spec)
    return found


REST = {"credentials copied": 3, "configs generated": 3, "control plane": 5}
LAST = {"configs generated again": 3, "credentials removed": 3}


@pytest.mark.parametrize(
    ("calls", "workers", "wanted"),
    [
        (CALLS, True, REST | {"new workers": 5, "old workers": 6} | LAST),
        (CALLS, False, REST | LAST),  # MachineSets of size 0
        ([each for each in CALLS if each[3] != "/machinesets"], False, REST | LAST),  # no MachineSet at all
    ],
)
def test_a_cluster_without_workers_has_no_step_of_them(
    calls: list[tuple[int, str, str, str]], workers: bool, wanted: dict[str, float]
) -> None:
    chain = Chain(
        observed(workers=workers), [entry(*each) for each in calls], source="old", target="new", end=100
    )  # fmt: skip
    assert {each.name: each.seconds for each in chain.steps()} == wanted
