"""One line of the list of migrations."""

from pydantic import AwareDatetime

from migration.frozen_model import FrozenModel
from migration.phase import PhaseName
from migration.run.status import State


class MigrationSummary(FrozenModel):
    """What Temporal's search attributes alone can tell, without asking a worker."""

    id: str
    cluster: str
    state: State
    phase: PhaseName
    needs_human: bool
    started: AwareDatetime
    completed: AwareDatetime | None = None
