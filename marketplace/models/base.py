"""What all nouns share: the declarative base, moments in UTC, and public identifiers."""

import secrets
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

# Migrations on SQLite rebuild tables and must be able to name every constraint.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

JsonValue = JSON().with_variant(JSONB(), "postgresql")


class Moment(TypeDecorator[datetime]):
    """An aware moment: `timestamptz` on PostgreSQL, UTC without offset on SQLite. Refuses naive datetimes."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept to its last digit, as text: SQLite has no decimals and would round it."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


Choice = TypeVar("Choice", bound=StrEnum)


def enum_column(choices: type[Choice]) -> Enum:
    """Store a `StrEnum` by value in a text column with a check constraint, alike on both databases."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in choices.__name__).strip("_")
    return Enum(
        choices,
        native_enum=False,
        length=32,
        name=name,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


def new_uid() -> str:
    """Return an unguessable public identifier: 128 random bits in 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


class Base(DeclarativeBase):
    """The base of every noun: a private integer key; what appears in addresses is a slug or a `uid`."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: Moment,
            Decimal: Exact,
            dict[str, Any]: JsonValue,
            dict[str, str]: JsonValue,
            list[str]: JsonValue,
        },
    )

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
