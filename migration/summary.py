"""One line of the list of migrations."""

from pydantic import AwareDatetime

from migration.phase import PhaseName
from migration.status import State
from migration.value import Value


class MigrationSummary(Value):
    """What Temporal's search attributes alone can tell, without asking a worker."""

    id: str
    cluster: str
    state: State
    phase: PhaseName
    needs_human: bool
    started: AwareDatetime
    completed: AwareDatetime | None = None
