"""What a person says to a running migration: the one optional object that every verb takes."""

from migration.phase import PhaseName
from migration.value import Value


class Instruction(Value):
    """Whom to blame and thank; without a phase it means what waits now."""

    phase: PhaseName | None = None
    by: str = ""
    reason: str = ""
