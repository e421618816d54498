"""Whether the cluster is calm: every operator, explicitly, for a whole window."""

import time
from datetime import timedelta

from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.waiting import LOOK, Unmet, until
from migration.frozen_model import FrozenModel
from openshift.api.cache import Cache, WatchTarget
from openshift.api.resources import CLUSTER_OPERATOR
from openshift.operators import unrest

OPERATORS = WatchTarget(resource=CLUSTER_OPERATOR)


class StableExpected(FrozenModel):
    """Every ClusterOperator but the excused must be calm for the configured window."""

    cluster: str
    excused: list[str]
    at_most: timedelta


class StableSeen(FrozenModel):
    """One sentence of what was seen."""

    evidence: str


class Health:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="wait_stable", interruptible=True)
    async def wait_stable(self, expected: StableExpected) -> StableSeen:
        """Wait until every operator has been Available, not Degraded and not Progressing for the whole window.

        A single good sample proves nothing: operators notice a vCenter they cannot reach only when they next try.

        Raises:
            WaitTimedOut: they are not calm for a whole window within `at_most`.
        """
        cluster = await self._context.cluster(expected.cluster)
        window = self._context.settings.health_window
        calm_since: list[float] = []
        count = 0

        def evaluate(cache: Cache) -> Unmet | None:
            nonlocal count
            operators = list(cache[OPERATORS].values())
            count = len(operators)
            restless = unrest(operators, excused=expected.excused)
            if restless or not operators or cache.stale:
                calm_since.clear()
                return Unmet(
                    what="the cluster's operators to be stable",
                    objects=[str(each) for each in restless] if operators else ["no operator seen yet"],
                    done=count - len({each.operator for each in restless}),
                    total=count,
                    unblock="each operator's message says what it lacks (`oc describe clusteroperator`)",
                )
            if not calm_since:
                calm_since.append(time.monotonic())
            left = window - (time.monotonic() - calm_since[0])
            if left <= 0:
                return None
            return Unmet(
                what=f"the operators to stay stable for {window:g} s",
                objects=[],
                done=count,
                total=count,
                unblock="only time can: they are calm and have to stay so",
                look_again=min(left, LOOK),
            )

        await until(cluster, [OPERATORS], evaluate, at_most=expected.at_most)
        excused = f" ({', '.join(expected.excused)} excused)" if expected.excused else ""
        return StableSeen(evidence=f"all {count} operators stable for {window:g} s{excused}")
