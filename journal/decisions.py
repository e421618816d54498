"""What people said to a migration, and what came of it: few rows, precious, each committed by itself and never twice.

Calls come in thousands and go through a writer that batches them; a decision is in the database when whoever brought it
goes on. The worker may die between the two and bring it once more: the decision's key tells, and the second is let go.
"""

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from journal.models import DecisionRow
from migration.audit import redact
from migration.audit.journal_views import DecisionEntry
from migration.run.status import Decision

_READ = [DecisionRow.__table__.c[name] for name in DecisionEntry.model_fields]


def write(engine: Engine, decision: Decision, *, migration: str, run: str, key: str) -> None:
    """Commits it, unless its key is there. Raises SQLAlchemyError.

    Args:
        engine: of an open journal.
        decision: as it was given; what its outcome quotes was redacted by whoever quotes.
        migration: the workflow's id.
        run: Temporal's id of the run it was said to.
        key: the same whenever it is brought, and no other decision's.
    """
    row = {name: getattr(decision, name) for name in Decision.model_fields}
    row |= {"by": redact.line(decision.by), "reason": redact.line(decision.reason)}
    row |= {"migration": migration, "run": run, "key": key}
    try:
        with engine.begin() as connection:
            connection.execute(insert(DecisionRow), row)
    except IntegrityError:
        with engine.connect() as connection:
            if not connection.execute(select(DecisionRow.id).where(DecisionRow.key == key)).first():
                raise


def read(connection: Connection, migration: str, *, after_id: int, limit: int) -> list[DecisionEntry]:
    """Those of a migration, in the order they were recorded. Raises SQLAlchemyError."""
    mine = select(*_READ).where(DecisionRow.migration == migration, DecisionRow.id > after_id)
    rows = connection.execute(mine.order_by(DecisionRow.id).limit(limit)).mappings()
    return [DecisionEntry(**row) for row in rows]
