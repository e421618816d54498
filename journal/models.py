"""Two append-only tables: what the service asked of the world, and what people decided.

Rows are never updated. `id` grows with time within one database and is what readers page by.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Index, Integer, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only when the type is INTEGER


class Moment(TypeDecorator[datetime]):
    """UTC, with its zone: SQLite forgets zones, and a naive time in an audit trail is a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's
        """Into the database."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's
        """Out of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]


class Words(TypeDecorator[str]):
    """Text as every database takes it, and as long as its column at most.

    PostgreSQL refuses NUL and whatever is too long, and no database takes half a surrogate pair. What is refused would
    be tried again for ever, and hold up every record behind it.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        """`length` in characters, as the column's; None for any."""
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's
        """Into the database."""
        if value is None:
            return None
        text = value.encode(errors="replace").decode().replace("\0", "␀")
        return text[: self.length]


class Table(DeclarativeBase):
    """The journal's schema."""


class CallRow(Table):
    """One call; `request` and `response` are redacted JSON texts, empty for none."""

    __tablename__ = "calls"
    __table_args__ = (Index("calls_of_a_migration", "migration", "id"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    seconds: Mapped[float]
    migration: Mapped[str] = mapped_column(Words(255))
    run: Mapped[str] = mapped_column(Words(64))
    phase: Mapped[str] = mapped_column(Words(64))
    activity: Mapped[str] = mapped_column(Words(128))
    attempt: Mapped[int]
    system: Mapped[str] = mapped_column(Words(32))
    server: Mapped[str] = mapped_column(Words(300))
    method: Mapped[str] = mapped_column(Words(64))
    target: Mapped[str] = mapped_column(Words)
    mutating: Mapped[bool]
    outcome: Mapped[str] = mapped_column(Words(128))
    request: Mapped[str] = mapped_column(Words)
    response: Mapped[str] = mapped_column(Words)


class DecisionRow(Table):
    """One decision of a person: who, through which channel, why, and the outcome; `key` is unique and never reused."""

    __tablename__ = "decisions"
    __table_args__ = (Index("decisions_of_a_migration", "migration", "id"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(Words(128), unique=True)
    at: Mapped[datetime] = mapped_column(Moment)
    migration: Mapped[str] = mapped_column(Words(255))
    run: Mapped[str] = mapped_column(Words(64))
    phase: Mapped[str] = mapped_column(Words(64))
    verb: Mapped[str] = mapped_column(Words(32))
    by: Mapped[str] = mapped_column(Words(255))
    reason: Mapped[str] = mapped_column(Words)
    channel: Mapped[str] = mapped_column(Words(32))
    outcome: Mapped[str] = mapped_column(Words)
