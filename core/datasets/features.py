"""Feature columns of a run, and their widths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.datasets.base import Scaling
from core.datasets.shape import DatasetShape, EmbeddingTable
from core.errors import json_pointer
from core.notices import Notice
from core.signatures.encodings import DatePart
from core.uploads.reading import ColumnType, TextForm

Kind = Literal["number", "category", "boolean", "date"]

Missing = Literal["mean", "median", "most_frequent", "constant", "category", "refuse"]


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """Feature column of a run.

    Attributes:
        name: Name in the table.
        source: Type of its values in the upload.
        kind: Type that it is used as.
        scaling: Scaling of numbers and dates.
        missing: Replacement of missing values.
        fill_value: Value for `constant`.
        is_embedded: True if categories are embedded, False if they are one-hot encoded.
        embedding_dim: Length of the embedding vectors.
        max_categories: As in the spec.
        num_values: Different values in the whole table; the training rows may have fewer.
        has_missing: True if a value is missing anywhere in the table.
        has_time: True if dates have a time of day.
        text: Form of the texts that its values were read from; None if the upload was typed.
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
    text: TextForm | None = None

    @property
    def parts(self) -> tuple[DatePart, ...]:
        """Parts that a date is encoded as."""
        days: tuple[DatePart, ...] = ("elapsed_days", "month", "day", "day_of_week")
        return (*days, "hour", "minute") if self.has_time else days

    @property
    def encoded_width(self) -> int:
        """Numbers in an input row of the model."""
        return len(self.parts) if self.kind == "date" else 1

    @property
    def num_kept(self) -> int:
        """Categories that are kept, if the training rows contain all values of the table."""
        return min(self.num_values, self.max_categories or self.num_values)

    @property
    def prepared_width(self) -> int:
        """Input width of the network, if the training rows contain all values of the table."""
        flag = int(self.has_missing and self.missing == "category")
        if self.kind != "category":
            return self.encoded_width + flag
        if self.is_embedded:
            return 1
        others = int(self.max_categories is not None and self.max_categories < self.num_values)
        return self.num_kept + others + flag


@dataclass(frozen=True, slots=True)
class Features:
    """Feature columns of a run.

    Attributes:
        columns: In the order of the table, or that of the spec.
        warnings: Warnings about columns that are left out, for users.
    """

    columns: tuple[FeatureColumn, ...]
    warnings: tuple[Notice, ...]

    @property
    def encoded_width(self) -> int:
        """Numbers in an input row of the model."""
        return sum(column.encoded_width for column in self.columns)

    @property
    def prepared_width(self) -> int:
        """Estimated input width of the network; see FeatureColumn."""
        return sum(column.prepared_width for column in self.columns)

    @property
    def embeddings(self) -> tuple[EmbeddingTable, ...]:
        """Estimated embedding tables."""
        embedded = [column for column in self.columns if column.is_embedded]
        return group_embeddings([column.embedding_dim for column in embedded], [c.num_kept for c in embedded])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)


def choice_pointer(name: str, field: str = "") -> str:
    """Return the JSON pointer to the preparation of a column."""
    return json_pointer("dataset", "columns", name, *([field] if field else []))


UNSEEN_AND_MISSING = 2
"""Vectors of an embedded column besides those of its categories: the first and the last."""


def group_embeddings(dims: Sequence[int], nums_categories: Sequence[int]) -> tuple[EmbeddingTable, ...]:
    """Group embedded columns by the length of their vectors, shortest first.

    Args:
        dims: Length of the vectors of each column.
        nums_categories: Number of categories of each column.
    """
    tables = []
    for dim in sorted(set(dims)):
        counts = [count for count, other in zip(nums_categories, dims, strict=True) if other == dim]
        tables.append(EmbeddingTable(len(counts), sum(counts) + UNSEEN_AND_MISSING * len(counts), dim))
    return tuple(tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape(DatasetShape):
    """Shape of arrays made from a table's columns.

    Attributes:
        features: Feature columns of the run.
    """

    features: Features
