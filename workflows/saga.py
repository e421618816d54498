"""What a rollback would do now: recorded as data before each phase acts, undone in reverse.

Recorded before, because an act may have worked although nobody heard of it; so every undo must be safe when its act
never happened. Data and not closures, so that people can read it in the status and a replay finds the same.
"""

from migration.phase import PhaseName, row
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
        """The point of no return is crossed: there is nothing to go back to."""
        self._recorded.clear()
        self._tell()

    def in_reverse(self, steps: tuple[Undoable, ...]) -> list[Undoable]:
        """The recorded phases in the order in which they are undone.

        The last one first, but for the pods: they read credentials and configuration when they start, so they are
        restarted once both are back.
        """
        order = list(reversed(self._recorded))
        if {PhaseName.RESTART_PODS, PhaseName.UPDATE_SECRETS} <= set(order):
            order.remove(PhaseName.RESTART_PODS)
            order.insert(order.index(PhaseName.UPDATE_SECRETS) + 1, PhaseName.RESTART_PODS)
        known = {each.name: each for each in steps}
        return [known[each] for each in order]

    def _tell(self) -> None:
        self._tracker.would_undo([Compensation(phase=each, undo=row(each).undo) for each in self._recorded])
