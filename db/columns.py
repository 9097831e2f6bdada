"""Column types that behave the same on SQLite and PostgreSQL."""

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, BigInteger, Dialect, Double, Enum, Integer, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from db.documents import replace_unstorable

MICROSECONDS_PER_SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# An absent document is SQL's NULL, never JSON's null, so that `IS NULL` finds it.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# Text that is ordered by code points on every database; PostgreSQL's own order depends on its language.
PlainText = Text().with_variant(Text(collation="C"), "postgresql")

# SQLite numbers rows by itself only where the key is called INTEGER.
SeriesId = BigInteger().with_variant(Integer, "sqlite")


def word_of(words: type[StrEnum]) -> Enum:
    """Column type that stores the value of an enumeration's member as text."""
    # Not a native enumeration of PostgreSQL: each new value of one needs a migration.
    return Enum(words, native_enum=False, length=16, values_callable=lambda members: [str(word) for word in members])


class Document(TypeDecorator[Any]):
    """JSON column whose values are instances of a dataclass or pydantic model.

    Text that no database can store is replaced. Unknown fields are ignored when a row is read, so that rows of earlier
    and later versions can be read.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__(none_as_null=True)
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use JSONB where the database has it."""
        return dialect.type_descriptor(Json)

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """Convert the value to JSON."""
        return None if value is None else replace_unstorable(self._adapter.dump_python(value, mode="json"))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """Convert JSON to a value of the type."""
        return None if value is None else self._adapter.validate_python(value)


class Timestamp(TypeDecorator[datetime]):
    """Time stored as BIGINT microseconds since 1970 and read as an aware datetime in UTC.

    Integers compare and subtract the same way on every database; date types do not.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Convert an aware datetime to microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The time {value} has no time zone. Give an aware datetime, such as datetime.now(UTC).")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Convert microseconds to an aware datetime."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class MetricValue(TypeDecorator[float]):
    """Value of a metric; NaN is stored as NULL.

    SQLite turns NaN into NULL by itself. Doing so on both gives NULL one meaning, and lets aggregates skip NaN.
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> float | None:
        """Convert NaN to NULL."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, _dialect: Dialect) -> float:
        """Convert NULL to NaN."""
        return math.nan if value is None else value
