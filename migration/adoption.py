"""Taking over a migration whose workflow is gone: which way it shall go from there, and who said so."""

from enum import StrEnum

from pydantic import AwareDatetime

from migration.value import Value


class Direction(StrEnum):
    CONTINUE = "Continue"
    ROLLBACK = "Rollback"


class Adoption(Value):
    """What a person asked for.

    Attributes:
        door: through which it came, as in `migration.steering.Instruction`.
        ended: when the earlier run is known to have ended; None where Temporal has forgotten it.
    """

    direction: Direction = Direction.CONTINUE
    by: str = ""
    reason: str = ""
    door: str = "temporal"
    ended: AwareDatetime | None = None
