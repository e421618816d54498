"""What every part is given: the cluster's objects, the vCenters' machines, the pace, and a way to live.

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
from lab.simulation.cluster.informer import Store, Wake
from lab.simulation.cluster.kinds import FOLLOWED
from lab.simulation.delays import Pace
from lab.simulation.vcenters.machines import VCenters
from lab.simulation.vcenters.session import Logins

log = logging.getLogger(__name__)
RETRY_SECONDS = 0.3
REFUSED_SECONDS = 2.0  # somebody has to change something first


class World:
    """Attributes:
    cluster: for writing; reading goes through `store`.
    state_dir: where a part may remember what a real one would keep on its own disk.
    """

    def __init__(
        self, *, cluster: Cluster, vcenters: VCenters, logins: Logins, scenario: Scenario, pace: Pace, state_dir: Path
    ) -> None:
        self.cluster = cluster
        self.vcenters = vcenters
        self.logins = logins
        self.scenario = scenario
        self.pace = pace
        self.state_dir = state_dir
        self._stores = {kind: Store(kind) for kind in FOLLOWED}

    def store(self, kind: Kind) -> Store:
        return self._stores[kind]

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> Document | None:
        return self._stores[kind].get(name, namespace=namespace)

    def wake(self, *kinds: Kind, machines: bool = False) -> Wake:
        """A wake that these kinds set, and the vCenters' machines if asked for."""
        wake = Wake()
        for kind in kinds:
            self._stores[kind].tell(wake)
        if machines:
            self.vcenters.tell(wake)
        return wake

    async def follow(self) -> None:
        """Keep every store true for ever."""
        async with asyncio.TaskGroup() as group:
            for store in self._stores.values():
                group.create_task(store.follow(self.cluster), name=f"follow {store.kind.plural}")

    async def told(self) -> None:
        """Wait until every kind was listed once: before that an absent object means nothing."""
        for store in self._stores.values():
            await store.told.wait()

    async def keep(self, reconcile: Callable[[], Awaitable[None]], wake: Wake) -> None:
        """Reconcile at every wake, for ever; what fails is tried again, and said once per attempt."""
        await self.told()
        while True:
            await wake.wait()
            try:
                await reconcile()
            except (Conflict, Absent):
                wake.later(RETRY_SECONDS)
            except Refused as error:
                log.warning("refused: %s", error)
                wake.later(REFUSED_SECONDS)
            except ClusterError as error:
                log.info("%s", error)
                wake.later(RETRY_SECONDS)
            except Exception:  # a document that one part cannot read must not stop the kubelets
                log.exception("this part stands still")
                wake.later(REFUSED_SECONDS)

    async def attempt(self, act: Callable[[], Awaitable[None]]) -> None:
        """Act once; a failure is said, and left to the next look at the world."""
        try:
            await act()
        except ClusterError as error:
            log.info("%s", error)
            await asyncio.sleep(RETRY_SECONDS)
