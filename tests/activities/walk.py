"""The phases themselves, with every activity attempted twice in a row: what Temporal may do to any of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activities.cluster.identity import Identity
from activities.decisions import Decisions, DecisionsMade
from activities.preflight.preflight import Preflight, PreflightInput
from lab.commands import Lab
from migration.audit.journal_views import JournalEntry
from migration.phase import PhaseName, row
from migration.plan import Plan
from migration.run.request import ClusterName, MigrationRequest, PreflightResult
from migration.run.status import Decision, State
from tests.activities.attempts import Attempts, name_of, spec_of
from workflows.checkpoints import Checkpoints
from workflows.phase import Step as Phase
from workflows.phases import PHASES, preflight
from workflows.rollback_readiness import check_source
from workflows.run import Run
from workflows.status.tracker import StatusTracker

MIGRATION = "vcfm-walked"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One activity, attempted twice."""

    name: str
    first: Any
    again: Any
    changed: list[str]
    changed_again: list[str]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A migration that was walked through.

    Attributes:
        calls: every call that any attempt made.
        evidence: what each phase said, by its name.
    """

    lab: Lab
    trying: Attempts
    plan: Plan
    result: PreflightResult
    steps: list[Step] = field(default_factory=list)
    calls: list[JournalEntry] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(default_factory=dict)

    def named(self, name: str) -> list[Step]:
        """The steps of one activity."""
        return [each for each in self.steps if each.name == name]


class _Twice(Run):
    """A phase's hands: each activity is attempted twice, outside of Temporal."""

    def __init__(self, lab: Lab, trying: Attempts) -> None:
        tracker = StatusTracker(migration=MIGRATION, cluster="", started=datetime.now(UTC))
        super().__init__(migration=MIGRATION, cluster="", spec=spec_of(lab), tracker=tracker, interrupted=lambda: False)
        self.steps: list[Step] = []
        self.calls: list[JournalEntry] = []
        self._trying = trying
        self._one_at_a_time = asyncio.Lock()  # what an attempt changed must be told from what its neighbour did

    async def twice(self, activity: Callable[..., Awaitable[Any]], argument: Any) -> Any:
        async with self._one_at_a_time:
            first, changed = await self._once(activity, argument)
            again, changed_again = await self._once(activity, argument)
        self.steps.append(
            Step(name=name_of(activity), first=first, again=again, changed=changed, changed_again=changed_again)
        )
        return again

    async def _once(self, activity: Callable[..., Awaitable[Any]], argument: Any) -> tuple[Any, list[str]]:
        result = await self._trying.persist(activity, argument)
        self.calls += self._trying.calls()
        return result, self._trying.changes()

    async def _execute(self, activity: Callable[..., Awaitable[Any]], argument: Any, *_: object) -> Any:
        return await self.twice(activity, argument)


async def walk(lab: Lab, trying: Attempts) -> Walk:
    """Go through all phases; returns what was seen on the way."""
    run = _Twice(lab, trying)
    await run.twice(Identity.read, ClusterName())
    result = await run.twice(Preflight.examine, PreflightInput(migration=MIGRATION, run="1", cluster="", spec=run.spec))
    assert result.plan, result.concerns
    run.plan = result.plan
    request = MigrationRequest(infrastructure_name=run.plan.infrastructure_name, spec=run.spec)
    checkpoints = Checkpoints(run, request=request, run_id="1")
    said = Decision(
        at=datetime.now(UTC), verb="approve", phase=PhaseName.CLEANUP, by="kim", reason="CHG-1", channel="rest"
    )
    await run.twice(Decisions.record, DecisionsMade(migration=MIGRATION, run="1", first=1, decisions=[said]))
    evidence = {phase.name.value: await _through(phase, run, checkpoints) for phase in PHASES if phase is not preflight}
    await checkpoints.ends(State.COMPLETED)
    return Walk(
        lab=lab, trying=trying, plan=result.plan, result=result, steps=run.steps, calls=run.calls, evidence=evidence
    )


async def _through(phase: Phase, run: Run, checkpoints: Checkpoints) -> list[str]:
    """One phase as the workflow goes through it."""
    if row(phase.name).needs_source:
        await check_source(run)
    await checkpoints.begins(phase.name)
    return await phase.do(run)
