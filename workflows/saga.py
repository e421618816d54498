"""What a rollback would do now: recorded as data before each phase acts, undone in reverse.

It is recorded before, because an act may have worked although its answer was lost; so every undo must be safe when its
act never happened. Data and not closures, so that people can read it in the status and a replay finds the same.
"""

from migration.phase import PhaseName, row, undo_order
from migration.run.status import Compensation
from workflows.phase import Undoable
from workflows.status.tracker import StatusTracker


class Saga:
    """The compensations of one run, in the order their phases began."""

    def __init__(self, tracker: StatusTracker) -> None:
        self._tracker = tracker
        self._recorded: list[PhaseName] = []

    def take_over(self, phases: list[PhaseName]) -> None:
        """An earlier run had begun these, and they are not undone."""
        self._recorded = list(phases)
        self._tell()

    def record(self, phase: PhaseName) -> None:
        """A phase is about to act."""
        if row(phase).undo and phase not in self._recorded:
            self._recorded.append(phase)
            self._tell()

    def done(self, phase: PhaseName) -> None:
        """A phase has been undone."""
        self._recorded.remove(phase)
        self._tell()

    def clear(self) -> None:
        """The point of no return is crossed: nothing can be undone any more."""
        self._recorded.clear()
        self._tell()

    def in_undo_order(self, steps: tuple[Undoable, ...]) -> list[Undoable]:
        """The recorded phases in the order in which they are undone."""
        known = {each.name: each for each in steps}
        return [known[each] for each in undo_order(self._recorded)]

    def _tell(self) -> None:
        last_first = reversed(undo_order(self._recorded))
        self._tracker.would_undo([Compensation(phase=each, undo=row(each).undo) for each in last_first])
