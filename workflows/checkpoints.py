"""What the cluster itself remembers of this run, so that another one could take it over without our history.

The one place from which the record is written: before each phase acts, before each undo, and when it is over. One small
activity each time, and none where nothing is new since the last.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.cluster.checkpoint import Record
    from migration.phase import PhaseName
    from migration.run.checkpoint import MigrationRecord
    from migration.run.request import MigrationRequest
    from migration.run.status import State
    from workflows.phases import OBSERVING
    from workflows.run import Run


class Chronicle:
    """The record of one run; there is none until preflight has pinned the plan, as nothing is changed before."""

    def __init__(self, run: Run, *, request: MigrationRequest, run_id: str) -> None:
        self._run = run
        self._request = request.model_copy(update={"adopts": None})
        self._run_id = run_id
        self._record: MigrationRecord | None = None
        self._kept: MigrationRecord | None = None

    def take_over(self, record: MigrationRecord) -> None:
        """Go on with the record that an earlier run left; with the next writing it is ours."""
        ours = {"run": self._run_id, "workflow": self._run.migration, "takeovers": record.takeovers + 1}
        self._record = record.model_copy(update={**ours, "request": self._request, "plan": self._run.plan})

    async def begins(self, phase: PhaseName) -> None:
        """A phase is about to act: see what it will meet, then write down both."""
        for each in OBSERVING:
            if each.name is phase:
                await each.observe(self._run)
        if self._record is None and self._run.planned:
            self._record = MigrationRecord(
                request=self._request,
                plan=self._run.plan,
                workflow=self._run.migration,
                run=self._run_id,
                phase=phase,
            )
        await self._keep(phase=phase)

    def skips(self, phase: PhaseName) -> None:
        """A person left a phase out; written down when the next one begins."""
        if self._record:
            self._record = self._record.model_copy(update={"skipped": [*self._record.skipped, phase]})

    def forgoes(self, phase: PhaseName) -> None:
        """A person lets a phase begin without a way back; written down when it does."""
        if self._record:
            self._record = self._record.model_copy(update={"forgone": phase})

    async def goes_back(self) -> None:
        """A rollback is about to begin."""
        await self._keep(going_back=True)

    async def undoes(self, undone: list[PhaseName]) -> None:
        """The next undo is about to act, and these are behind us."""
        before = self._record.undone if self._record else []
        await self._keep(undone=[*before, *(each for each in undone if each not in before)])

    async def ends(self, state: State) -> None:
        """It is over."""
        await self._keep(ended=state)

    async def _keep(self, **changes: object) -> None:
        if self._record is None:
            return
        seen = {"images": self._run.images, "backups": self._run.ledger.status.backups}
        self._record = self._record.model_copy(update={**seen, **changes})
        if self._record != self._kept:
            await self._run.act(Record.keep, self._record, f"note in the cluster: {self._record.progress}")
            self._kept = self._record
