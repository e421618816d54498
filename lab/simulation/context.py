"""What every part is given: the cluster's objects, the vCenters' machines, the delays, and a reconcile loop.

A part is level-triggered: told that *something* it reads has changed, it compares what is with what should be and
acts on the difference, so that a missed event, a crash or an outage costs a repetition and nothing else. Polling was
rejected: fifteen parts that look twice a second are most of what an idle lab does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from lab.scenario import Scenario
from lab.simulation.cluster.client import Absent, Cluster, ClusterError, Conflict, Document, Kind, Refused
from lab.simulation.cluster.informer import Store, Trigger
from lab.simulation.cluster.kinds import WATCHED
from lab.simulation.delays import StepDelays
from lab.simulation.vcenters.machines import VCenters
from lab.simulation.vcenters.session import Logins

log = logging.getLogger(__name__)
RETRY_SECONDS = 0.3
REFUSED_SECONDS = 2.0  # somebody has to change something first


class SimulationContext:
    """Attributes:
    cluster: for writing; reading goes through `store`.
    state_dir: where a part may remember what a real one would keep on its own disk.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        vcenters: VCenters,
        logins: Logins,
        scenario: Scenario,
        delays: StepDelays,
        state_dir: Path,
    ) -> None:
        self.cluster = cluster
        self.vcenters = vcenters
        self.logins = logins
        self.scenario = scenario
        self.delays = delays
        self.state_dir = state_dir
        self._stores = {kind: Store(kind) for kind in WATCHED}

    def store(self, kind: Kind) -> Store:
        return self._stores[kind]

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> Document | None:
        return self._stores[kind].get(name, namespace=namespace)

    def trigger(self, *kinds: Kind, machines: bool = False) -> Trigger:
        """A trigger that these kinds set, and the vCenters' machines if asked for."""
        trigger = Trigger()
        for kind in kinds:
            self._stores[kind].notify(trigger)
        if machines:
            self.vcenters.notify(trigger)
        return trigger

    async def run_informers(self) -> None:
        """Keep every store true for ever."""
        async with asyncio.TaskGroup() as group:
            for store in self._stores.values():
                group.create_task(store.run(self.cluster), name=f"informer {store.kind.plural}")

    async def wait_for_sync(self) -> None:
        """Wait until every kind was listed once: before that an absent object means nothing."""
        for store in self._stores.values():
            await store.synced.wait()

    async def run_reconciler(self, reconcile: Callable[[], Awaitable[None]], trigger: Trigger) -> None:
        """Reconcile at every trigger, for ever; what fails is tried again, and said once per attempt."""
        await self.wait_for_sync()
        while True:
            await trigger.wait()
            try:
                await reconcile()
            except (Conflict, Absent):
                trigger.later(RETRY_SECONDS)
            except Refused as error:
                log.warning("refused: %s", error)
                trigger.later(REFUSED_SECONDS)
            except ClusterError as error:
                log.info("%s", error)
                trigger.later(RETRY_SECONDS)
            except Exception:  # a document that one part cannot read must not stop the kubelets
                log.exception("this part stands still")
                trigger.later(REFUSED_SECONDS)

    async def attempt(self, act: Callable[[], Awaitable[None]]) -> None:
        """Act once; a failure is said, and left to the next reconcile."""
        try:
            await act()
        except ClusterError as error:
            log.info("%s", error)
            await asyncio.sleep(RETRY_SECONDS)
