"""Columns that a run learns from, and how wide they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.datasets.base import Scaling
from core.datasets.shape import DatasetShape, EmbeddingTable
from core.signatures.encodings import DatePart
from core.uploads.description import ColumnType

Kind = Literal["number", "category", "boolean", "date"]

Missing = Literal["mean", "median", "most_frequent", "constant", "category", "refuse"]


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A column that a run learns from.

    Attributes:
        name: In the table.
        source: What the upload holds there.
        kind: What it is taken for.
        scaling: Of numbers and dates.
        missing: What stands for a missing value.
        fill_value: For `constant`.
        is_embedded: Whether categories go through an embedding instead of a number each.
        embedding_dim: Numbers of that.
        max_categories: As in the spec.
        num_values: Different values in the whole table; the training rows may have fewer.
        has_missing: Whether a value is missing anywhere in the table.
        has_time: Of dates: whether there is more to them than the day.
    """

    name: str
    source: ColumnType
    kind: Kind
    scaling: Scaling
    missing: Missing
    fill_value: float | str | None
    is_embedded: bool
    embedding_dim: int
    max_categories: int | None
    num_values: int
    has_missing: bool
    has_time: bool

    @property
    def parts(self) -> tuple[DatePart, ...]:
        """Numbers that stand for a date."""
        days: tuple[DatePart, ...] = ("elapsed_days", "month", "day", "day_of_week")
        return (*days, "hour", "minute") if self.has_time else days

    @property
    def encoded_width(self) -> int:
        """Numbers in a row of the model's input."""
        return len(self.parts) if self.kind == "date" else 1

    @property
    def num_kept(self) -> int:
        """Categories with a place of their own, if the training rows have every value that the table has."""
        return min(self.num_values, self.max_categories or self.num_values)

    @property
    def prepared_width(self) -> int:
        """Numbers that reach the network, if the training rows have every value that the table has."""
        flag = int(self.has_missing and self.missing == "category")
        if self.kind != "category":
            return self.encoded_width + flag
        if self.is_embedded:
            return 1
        others = int(self.max_categories is not None and self.max_categories < self.num_values)
        return self.num_kept + others + flag


@dataclass(frozen=True, slots=True)
class Features:
    """Columns that a run learns from.

    Attributes:
        columns: In the order of the table, or as the spec names them.
        warnings: What people should know of columns left out.
    """

    columns: tuple[FeatureColumn, ...]
    warnings: tuple[str, ...]

    @property
    def encoded_width(self) -> int:
        """Numbers in a row of the model's input."""
        return sum(column.encoded_width for column in self.columns)

    @property
    def prepared_width(self) -> int:
        """Numbers that reach the network, roughly: see FeatureColumn."""
        return sum(column.prepared_width for column in self.columns)

    @property
    def embeddings(self) -> tuple[EmbeddingTable, ...]:
        """Tables that turn categories into vectors, roughly."""
        embedded = [column for column in self.columns if column.is_embedded]
        return group_embeddings([column.embedding_dim for column in embedded], [c.num_kept for c in embedded])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(column.name for column in self.columns)


UNSEEN_AND_MISSING = 2
"""Vectors of an embedded column beside those of its categories: the first, and the last."""


def group_embeddings(dims: Sequence[int], nums_categories: Sequence[int]) -> tuple[EmbeddingTable, ...]:
    """Put columns whose vectors are equally long together, shorter ones first.

    Args:
        dims: Of each column's vectors.
        nums_categories: Of each column.
    """
    tables = []
    for dim in sorted(set(dims)):
        counts = [count for count, other in zip(nums_categories, dims, strict=True) if other == dim]
        tables.append(EmbeddingTable(len(counts), sum(counts) + UNSEEN_AND_MISSING * len(counts), dim))
    return tuple(tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape(DatasetShape):
    """Shape of arrays that come of a table's columns.

    Attributes:
        features: The columns that a run learns from.
    """

    features: Features
