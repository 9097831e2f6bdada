"""Column types that read back alike from SQLite and PostgreSQL."""

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, BigInteger, Dialect, Double, Enum, Integer, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from db.documents import made_storable

MICROSECONDS_PER_SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# An absent document is SQL's NULL, never JSON's null, so that `IS NULL` finds it.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# SQLite numbers rows by itself only where the key is called INTEGER.
SeriesId = BigInteger().with_variant(Integer, "sqlite")


def word_of(words: type[StrEnum]) -> Enum:
    """A column that stores the value of an enumeration's member as text."""
    # Not an enumeration type of PostgreSQL's: a new word there would need a migration of its own.
    return Enum(words, native_enum=False, length=16, values_callable=lambda members: [str(word) for word in members])


class Document(TypeDecorator[Any]):
    """A JSON document below, a value of a type of core's above: a dataclass or a pydantic model.

    Text that no database can hold is replaced. What the type does not know is left aside when it is read, so that
    rows of earlier and later versions can be.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__(none_as_null=True)
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB where there is such a type."""
        return dialect.type_descriptor(Json)

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """The value as JSON has it."""
        return None if value is None else made_storable(self._adapter.dump_python(value, mode="json"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """The value of the type."""
        return None if value is None else self._adapter.validate_python(value)


class Timestamp(TypeDecorator[datetime]):
    """A moment: microseconds since 1970 as BIGINT below, an aware datetime in UTC above.

    Integers compare and subtract alike on every database; date types do not.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """An aware datetime as microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The time {value} has no time zone. Give an aware datetime, such as datetime.now(UTC).")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Microseconds as an aware datetime."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class MetricValue(TypeDecorator[float]):
    """A measured number; NaN is stored as NULL.

    SQLite turns NaN into NULL by itself. Doing so everywhere keeps one meaning, and lets aggregates skip NaN on both.
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> float | None:
        """NaN as NULL."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, _dialect: Dialect) -> float:
        """NULL as NaN."""
        return math.nan if value is None else value
