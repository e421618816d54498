"""What the cluster itself remembers of this run, so that another one could take it over without our history.

The one place from which the record is written: before each phase acts, before each undo, and when it is over. One
activity each time, and none where nothing is new since the last. Request and plan are most of it and never change:
they are sent with the first writing alone, and the history does not hold them once for each phase.
"""

from temporalio.exceptions import ActivityError, ApplicationError

from activities.cluster.checkpoint import CheckpointMissing, CheckpointSecret
from migration.phase import PhaseName
from migration.run.checkpoint import Checkpoint
from migration.run.request import MigrationRequest
from migration.run.status import State
from workflows.phases import OBSERVING
from workflows.run import Run


class Checkpoints:
    """The record of one run; there is none until preflight has pinned the plan, as nothing is changed before."""

    def __init__(self, run: Run, *, request: MigrationRequest, run_id: str) -> None:
        self._run = run
        self._request = request.model_copy(update={"adopts": None})
        self._run_id = run_id
        self._checkpoint: Checkpoint | None = None
        self._written: Checkpoint | None = None

    def take_over(self, record: Checkpoint) -> None:
        """Go on with the record that an earlier run left; with the next writing it is ours."""
        ours = {"run": self._run_id, "workflow": self._run.migration, "takeovers": record.takeovers + 1}
        self._checkpoint = record.model_copy(update={**ours, "request": self._request, "plan": self._run.plan})

    async def begins(self, phase: PhaseName) -> None:
        """A phase is about to act: see what it will meet, then write down both."""
        for each in OBSERVING:
            if each.name is phase:
                await each.observe(self._run)
        if self._checkpoint is None and self._run.planned:
            self._checkpoint = Checkpoint(
                request=self._request,
                plan=self._run.plan,
                workflow=self._run.migration,
                run=self._run_id,
                phase=phase,
            )
        await self._write(phase=phase)

    def skips(self, phase: PhaseName) -> None:
        """A person left a phase out; written down when the next one begins."""
        if self._checkpoint:
            self._checkpoint = self._checkpoint.model_copy(update={"skipped": [*self._checkpoint.skipped, phase]})

    def waives(self, phase: PhaseName) -> None:
        """A person lets a phase begin although the source is not ready for a rollback; written when it begins."""
        if self._checkpoint:
            self._checkpoint = self._checkpoint.model_copy(update={"waived": phase})

    async def rolling_back(self) -> None:
        """A rollback is about to begin."""
        await self._write(going_back=True)

    async def undoes(self, undone: list[PhaseName]) -> None:
        """The next undo is about to act, and these are behind us."""
        before = self._checkpoint.undone if self._checkpoint else []
        await self._write(undone=[*before, *(each for each in undone if each not in before)])

    async def ends(self, state: State) -> None:
        """It is over."""
        await self._write(ended=state)

    async def _write(self, **changes: object) -> None:
        if self._checkpoint is None:
            return
        seen = {"images": self._run.images, "backups": self._run.tracker.status.backups}
        self._checkpoint = self._checkpoint.model_copy(update={**seen, **changes})
        if self._checkpoint != self._written:
            await self._store(self._checkpoint)
            self._written = self._checkpoint

    async def _store(self, checkpoint: Checkpoint) -> None:
        """Whole the first time, and again where somebody has removed it; else only what may have changed."""
        said = f"note in the cluster: {checkpoint.progress}"
        if self._written:
            try:
                await self._run.act(CheckpointSecret.update, checkpoint.update, said)
            except ActivityError as error:
                if not is_missing(error):
                    raise
            else:
                return
        await self._run.act(CheckpointSecret.write, checkpoint, said)


def is_missing(error: ActivityError) -> bool:
    """Whether an update found nothing to be merged into."""
    return isinstance(error.cause, ApplicationError) and error.cause.type == CheckpointMissing.__name__
