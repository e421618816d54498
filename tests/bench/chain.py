"""The longest chain of the world's own time in one run: what nobody could have made faster from outside.

A run alternates: we act, the world takes its time, we react. Each step here begins with a call of ours (from the
journal) and ends with the last thing that the world showed because of it (from an observer of the API server). The
chain is the sum of the steps; everything else of the wall time is ours. Nothing in a step is waited for twice, and the
stability window that an operator of the service configures counts as ours. A cluster without workers has no step of
workers.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from lab.simulation.cluster.client import Kind
from lab.simulation.cluster.kinds import CLUSTER_OPERATOR, CONFIG_MAP, MACHINE, NODE, POD, SECRET
from migration.audit.journal_views import JournalEntry
from openshift.config_maps import GENERATED
from openshift.operators import unrest
from openshift.pods import NAMESPACES
from openshift.secrets import COPIES
from tests.bench.observer import Document, Observer


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stretch of the world's own time, and how long we took to act after it.

    Attributes:
        begin, end: seconds since the epoch.
        reaction: seconds from its end to our next mutating call; None where a stability window lies between.
    """

    name: str
    begin: float
    end: float
    reaction: float | None

    @property
    def seconds(self) -> float:
        """How long the world took."""
        return self.end - self.begin


class Chain:
    """Reads one run's steps out of what was observed and journaled."""

    def __init__(
        self, observer: Observer, entries: list[JournalEntry], *, source: str, target: str, end: float
    ) -> None:
        self._observer = observer
        self._calls = [each for each in entries if each.mutating and each.outcome == "ok"]
        self._source = source
        self._target = target
        self._end = end

    def steps(self) -> list[Step]:
        """The steps in order, without those that this cluster had no occasion for."""
        workers = self._act("create_workers", "POST", "/machinesets")
        masters = self._act("recreate_cpms", "PATCH", "/controlplanemachinesets")
        steps = [
            self._step(
                "credentials copied",
                self._act("update_secrets", "PATCH", "/vsphere-creds"),
                self._when_all(SECRET, COPIES, lambda each: self._target in str(each.get("data"))),
            ),
            self._step(
                "configs generated",
                self._act("update_infrastructure", "PATCH", "/infrastructures"),
                self._when_all(CONFIG_MAP, GENERATED, lambda each: self._target in str(each.get("data"))),
            ),
            self._step(
                "pods and operators",
                *self._restart("restart_pods", before=next(each for each in (workers, masters, self._end) if each)),
                window=True,
            ),
            self._step("new workers", workers, self._workers_ready(workers)),
            self._step("control plane", masters, self._gone("master")),
            self._step("old workers", self._act("scale_old", "PATCH", "/machinesets"), self._gone("worker")),
            self._step(
                "configs generated again",
                self._act("cleanup", "PATCH", "/infrastructures"),
                self._when_all(CONFIG_MAP, GENERATED, lambda each: self._source not in str(each.get("data"))),
            ),
            self._step(
                "credentials removed",
                self._act("cleanup", "PATCH", "/vsphere-creds"),
                self._when_all(SECRET, COPIES, lambda each: self._source not in str(each.get("data"))),
            ),
            self._step("pods and operators again", *self._restart("cleanup", before=self._end), window=True),
        ]
        return [each for each in steps if each]

    def _step(self, name: str, begin: float | None, end: float | None, *, window: bool = False) -> Step | None:
        if begin is None or end is None:
            return None
        following = [each.at.timestamp() for each in self._calls if each.at.timestamp() > end]
        reaction = None if window or not following else min(following) - end
        return Step(name=name, begin=begin, end=max(begin, end), reaction=reaction)

    def _act(self, phase: str, method: str, target: str) -> float | None:
        """When our first such call of that phase was made, if any was."""
        moments = (
            each.at.timestamp()
            for each in self._calls
            if (each.phase, each.method) == (phase, method) and target in each.target
        )
        return next(moments, None)

    def _when_all(self, kind: Kind, objects: tuple[tuple[str, str], ...], right: Callable[[Document], bool]) -> float:
        """When the last of some objects first became right, after having been otherwise."""
        moments = []
        for namespace, name in objects:
            events = list(self._observer.of(kind, name=f"{namespace}/{name}"))
            turns = [
                now.at for then, now in itertools.pairwise(events) if right(now.document) and not right(then.document)
            ]
            moments.append(min(turns))
        return max(moments)

    def _restart(self, phase: str, *, before: float) -> tuple[float | None, float | None]:
        """From the first deleted pod until every new one was Ready and every operator calm again."""
        begin = self._act(phase, "DELETE", "/pods/")
        if begin is None:
            return None, None
        ready: dict[str, float] = {}
        for each in self._observer.of(POD, after=begin, before=before):
            metadata = each.document["metadata"]
            if metadata["namespace"] in NAMESPACES and _is(each.document, "Ready"):
                ready.setdefault(metadata["uid"], each.at)
        old = {
            each.document["metadata"]["uid"]
            for each in self._observer.of(POD, before=begin)
            if each.document["metadata"]["namespace"] in NAMESPACES
        }
        restless = [
            each.at
            for each in self._observer.of(CLUSTER_OPERATOR, after=begin, before=before)
            if not unrest([each.document], excused=("machine-config",))
        ]
        return begin, max([at for uid, at in ready.items() if uid not in old] + restless, default=None)

    def _workers_ready(self, begin: float | None) -> float | None:
        """When the last of the new workers' nodes was first Ready, if there are any."""
        if begin is None:
            return None
        first: dict[str, float] = {}
        for each in self._observer.of(NODE, after=begin):
            if "node-role.kubernetes.io/worker" in each.document["metadata"]["labels"] and _is(each.document, "Ready"):
                first.setdefault(each.document["metadata"]["uid"], each.at)
        known = {each.document["metadata"]["uid"] for each in self._observer.of(NODE, before=begin)}
        return max((at for uid, at in first.items() if uid not in known), default=None)

    def _gone(self, role: str) -> float | None:
        """When the last of the source's Machines in that role was deleted, if there were any."""
        moments = (
            each.at
            for each in self._observer.of(MACHINE)
            if each.event == "DELETED"
            and each.document["metadata"]["labels"]["machine.openshift.io/cluster-api-machine-role"] == role
            and each.document["spec"]["providerSpec"]["value"]["workspace"]["server"] == self._source
        )
        return max(moments, default=None)


def _is(document: Document, condition: str) -> bool:
    found = document.get("status", {}).get("conditions", [])
    return any(each["type"] == condition and each["status"] == "True" for each in found)
