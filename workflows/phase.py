"""What a phase is to the workflow: a module with a `name`, a `touches` and a `do`.

Its facts are its row in `migration.phase`. `do` acts through activities, observes that it is done, and returns the
evidence: sentences for people, each from something read. It fails with `ActivityError` (an activity gave up),
`NotProven` (everything was done and what is read still says no), or, in preflight alone, `PreflightRefused`.
"""

from typing import Protocol, runtime_checkable

from migration.phase import PhaseName
from migration.plan import Plan
from migration.run.status import Claim
from workflows.run import Run


class Step(Protocol):
    """A phase's module."""

    name: PhaseName

    def touches(self, plan: Plan) -> list[str]:
        """What it changes, object by object, for the person who approves it; empty where it only reads."""

    async def do(self, run: Run) -> list[str]:
        """Do it, see that it is done, and say what was seen."""


@runtime_checkable
class Undoable(Step, Protocol):
    """A phase's module that can be undone; `undo` is safe when `do` never happened."""

    async def undo(self, run: Run) -> list[str]:
        """Undo it, see that it is undone, and say what was seen."""


@runtime_checkable
class Observing(Step, Protocol):
    """A phase's module that looks at what it is about to change, so that it is recorded before it acts."""

    async def observe(self, run: Run) -> None:
        """Note in `run.images` what is there; nothing to do for what was noted before."""

    async def compare(self, run: Run) -> list[Claim]:
        """Whether what is there equals `run.images`, once everything is undone."""


class PreflightRefused(Exception):
    """Preflight found something Critical; nothing has been changed."""


class AdoptionRefused(Exception):
    """What was asked to be taken over cannot be; nothing has been changed."""


class NotProven(Exception):
    """A phase did what it does, and its proof did not appear; says what was read instead.

    Attributes:
        remedy: what a person can do next.
    """

    def __init__(self, diagnosis: str, *, remedy: str) -> None:
        super().__init__(diagnosis)
        self.remedy = remedy
