"""What people said, into the journal."""

import asyncio

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.frozen_model import FrozenModel
from migration.run.status import Decision


class DecisionsMade(FrozenModel):
    """Some of a run's decisions, one after the other.

    Attributes:
        first: the first one's number in the run; with the run's id it tells each from every other.
    """

    migration: str
    run: str
    first: int
    decisions: list[Decision]


class Decisions:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="record_decisions")
    async def record(self, made: DecisionsMade) -> None:
        """Write each into the journal, unless an attempt before this one has.

        Raises:
            JournalUnavailable: the journal takes none now.
        """
        for number, each in enumerate(made.decisions, start=made.first):
            await asyncio.to_thread(
                self._context.journal.decide,
                each,
                migration=made.migration,
                run=made.run,
                key=f"{made.run}:{number}",
            )
