"""What people said to a migration, and what came of it: few rows, precious, each committed by itself and never twice.

Calls come in thousands and go through a writer that batches them; a decision is in the database when whoever brought it
goes on. The worker may die between the two and bring it once more: the decision's key tells, and the second is let go.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from journal.models import DecisionRow
from migration.audit import redact


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One thing that was said.

    Attributes:
        id: its number in this journal; 0 for one that is not in it yet.
        key: the same whenever it is brought, and no other decision's.
        phase: in which it was said.
        verb: what was said; of a signal that nobody knows, its name.
        by, reason: as given; nobody has to give them.
        door: `rest`, `cli`, `cr` or `temporal`; whoever speaks to Temporal directly may claim another, unless
            approvals are signed.
        outcome: `granted`, or `refused: ` and why; what it quotes was redacted by whoever quotes.
    """

    id: int = 0
    key: str
    at: datetime
    migration: str
    run: str
    phase: str
    verb: str
    by: str
    reason: str
    channel: str
    outcome: str


def write(engine: Engine, decision: Decision) -> None:
    """Commits it, unless its key is there. Raises SQLAlchemyError."""
    row = asdict(decision) | {"by": redact.line(decision.by), "reason": redact.line(decision.reason)}
    del row["id"]
    try:
        with engine.begin() as connection:
            connection.execute(insert(DecisionRow), row)
    except IntegrityError:
        with engine.connect() as connection:
            if not connection.execute(select(DecisionRow.id).where(DecisionRow.key == decision.key)).first():
                raise


def read(connection: Connection, migration: str, *, after_id: int, limit: int) -> list[Decision]:
    """Those of a migration, in the order they were recorded. Raises SQLAlchemyError."""
    mine = select(DecisionRow.__table__).where(DecisionRow.migration == migration, DecisionRow.id > after_id)
    rows = connection.execute(mine.order_by(DecisionRow.id).limit(limit)).mappings()
    return [Decision(**row) for row in rows]
