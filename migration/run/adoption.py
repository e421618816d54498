"""Taking over a migration whose workflow is gone: which way it shall go from there, and who said so."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from migration.commands import LONGEST_NAME, LONGEST_REASON
from migration.frozen_model import FrozenModel

By = Annotated[str, Field(max_length=LONGEST_NAME)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
"""As long as an instruction may have them: the new run keeps an adoption as one of its decisions."""


class Direction(StrEnum):
    CONTINUE = "Continue"
    ROLLBACK = "Rollback"


class Adoption(FrozenModel):
    """What a person asked for.

    Attributes:
        channel: the interface that was used, as in `migration.commands.Instruction`.
        ended: when the earlier run is known to have ended; None where Temporal has forgotten it.
    """

    direction: Direction = Direction.CONTINUE
    by: By = ""
    reason: Reason = ""
    channel: str = "temporal"
    ended: AwareDatetime | None = None
