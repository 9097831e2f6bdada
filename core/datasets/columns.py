"""Which columns of a table a run learns from, and what is done with each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from core.datasets.shape import EmbeddingTable
from core.datasets.splits import Scaling
from core.datasets.uploaded import ColumnChoice, SeriesDataset, TableDataset
from core.errors import InvalidSpec, Problem, json_pointer, nearest, reject_spec
from core.signatures.encodings import DatePart
from core.specs.base import FLOAT32_MAX, NUM_LISTED
from core.uploads.description import ColumnDescription, ColumnType, TableDescription

Kind = Literal["number", "category", "boolean", "date"]

Missing = Literal["mean", "median", "most_frequent", "constant", "category", "refuse"]

MOST_ONE_HOT = 50
"""Categories up to which each becomes a number of its own, unless the spec says otherwise."""

MOST_EMBEDDING_DIM = 50

MOST_CATEGORIES = 100_000
"""All of them are written into the model's signature."""

LENGTH_OF_A_DAY = len("2024-02-29")

_KINDS: dict[ColumnType, Kind] = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "text": "category",
}

_MISSING: dict[Kind, Missing] = {
    "number": "median",
    "date": "median",
    "category": "category",
    "boolean": "category",
}

_AVERAGES = frozenset({"mean", "median"})

_TRUTH = frozenset({"true", "false"})


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
        """Which numbers stand for a date."""
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
    """What a run learns from.

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
        """What turns categories into vectors, roughly."""
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


def choose_features(
    dataset: TableDataset | SeriesDataset, description: TableDescription, left_out: Iterable[str | None]
) -> Features:
    """Choose the columns to learn from.

    Args:
        dataset: Says which, and corrects what they are taken for.
        description: Of the table.
        left_out: Columns with another part in the run, such as the target; null for none.

    Raises:
        InvalidSpec: If the spec names columns that are not there, or asks of one what its values do not allow.
    """
    others = {name for name in left_out if name is not None}
    _check_names(dataset, description, others)
    named = dataset.features
    names = named if named is not None else [column.name for column in description.columns]
    chosen = [name for name in names if name not in others and name not in dataset.exclude]
    columns: list[FeatureColumn] = []
    warnings: list[str] = []
    problems: list[Problem] = []
    for name in chosen:
        column = description.column(name)
        if column is None:
            continue
        is_empty = column.num_missing == description.num_rows or not column.num_distinct
        if is_empty and (named is not None or name in dataset.columns):
            pointer = f"/dataset/features/{list(names).index(name)}" if named is not None else choice_pointer(name)
            problems.append(Problem(pointer, f"The column '{name}' has no values. Leave it out.", "no_values"))
        elif is_empty:
            warnings.append(f"The column '{name}' has no values and is left out.")
        else:
            choice = dataset.columns.get(name, ColumnChoice())
            problems += _check_choice(column, choice)
            columns.append(_feature(column, choice, dataset.scaling))
    _reject_any(problems)
    if not columns:
        reject_spec("/dataset/features", "No column is left to learn from. Exclude fewer.", "no_features")
    return Features(tuple(columns), (*warnings, *_identifier_warnings(columns, description)))


def find_column(name: str, pointer: str, description: TableDescription) -> ColumnDescription:
    """The column of this name.

    Raises:
        InvalidSpec: If there is none, with the nearest name.
    """
    column = description.column(name)
    if column is None:
        raise InvalidSpec(*_unknown(name, pointer, description))
    return column


def choice_pointer(name: str, field: str = "") -> str:
    """Where the spec says what is done with a column."""
    return json_pointer("dataset", "columns", name, *([field] if field else []))


def _check_names(dataset: TableDataset | SeriesDataset, description: TableDescription, others: set[str]) -> None:
    problems = []
    asked = [
        *((f"/dataset/features/{number}", name) for number, name in enumerate(dataset.features or ())),
        *((f"/dataset/exclude/{number}", name) for number, name in enumerate(dataset.exclude)),
        *((choice_pointer(name), name) for name in dataset.columns),
    ]
    known = {column.name for column in description.columns}
    seen: set[str] = set()
    for pointer, name in asked:
        if name not in known:
            problems += _unknown(name, pointer, description)[1]
        elif name in others and pointer.startswith("/dataset/features/"):
            detail = f"The column '{name}' is not there to learn from: it is the target, or says how rows are split."
            problems.append(Problem(pointer, detail, "not_a_feature"))
        elif pointer.startswith("/dataset/features/") and name in seen:
            problems.append(Problem(pointer, f"The column '{name}' is named twice.", "named_twice"))
        seen.add(name)
        if len(problems) == NUM_LISTED:
            break
    _reject_any(problems)


def _unknown(name: str, pointer: str, description: TableDescription) -> tuple[str, list[Problem]]:
    names = [column.name for column in description.columns]
    detail = f"There is no column '{name}'.{nearest(name, names[:1000])}"
    return detail, [Problem(pointer, detail, "unknown_column")]


def _feature(column: ColumnDescription, choice: ColumnChoice, scaling: Scaling) -> FeatureColumn:
    kind = choice.type or _KINDS[column.type]
    num_kept = min(column.num_distinct, choice.max_categories or column.num_distinct)
    is_embedded = kind == "category" and (
        choice.encoding == "embedding" or (choice.encoding is None and num_kept > MOST_ONE_HOT)
    )
    ends = [end for end in (column.least, column.greatest) if isinstance(end, str)]
    return FeatureColumn(
        name=column.name,
        source=column.type,
        kind=kind,
        scaling=choice.scaling or scaling,
        missing=choice.missing or _MISSING[kind],
        fill_value=choice.fill_value,
        is_embedded=is_embedded,
        embedding_dim=choice.embedding_dim or min(MOST_EMBEDDING_DIM, ceil((num_kept + 1) / 2)),
        max_categories=choice.max_categories if kind == "category" else None,
        num_values=column.num_distinct,
        has_missing=column.num_missing > 0,
        has_time=any(len(end) > LENGTH_OF_A_DAY and not end[LENGTH_OF_A_DAY:].startswith("T00:00:00") for end in ends),
    )


def _check_choice(column: ColumnDescription, choice: ColumnChoice) -> list[Problem]:
    """What the spec asks of a column that its values do not allow."""
    kind = choice.type or _KINDS[column.type]
    details = {
        "type": _check_type(column, kind),
        "scaling": "scaling belongs to numbers and dates."
        if choice.scaling is not None and kind in {"category", "boolean"}
        else "",
        "missing": _check_missing(column, choice, kind),
        "fill_value": _check_fill_value(choice, kind),
    }
    for field in ("encoding", "embedding_dim", "max_categories"):
        if getattr(choice, field) is not None and kind != "category":
            details[field] = f"{field} belongs to categories. Set type to category, or leave {field} out."
    num_kept = min(column.num_distinct, choice.max_categories or column.num_distinct)
    if kind == "category" and num_kept > MOST_CATEGORIES:
        details["max_categories"] = (
            f"There are {column.num_distinct:,} different values; at most {MOST_CATEGORIES:,} can be categories. "
            "Set max_categories, or exclude the column."
        )
    return [
        Problem(choice_pointer(column.name, field), f"Column '{column.name}': {detail}", f"{field}_does_not_fit")
        for field, detail in details.items()
        if detail
    ]


def _check_type(column: ColumnDescription, kind: Kind) -> str:
    if kind in {"category", _KINDS[column.type]}:
        return ""
    if kind == "boolean":
        values = {entry.value.lower() for entry in column.values}
        is_truth = column.type == "text" and values <= _TRUTH
        is_bit = column.type in {"integer", "number"} and column.least in {0, 1} and column.greatest in {0, 1}
        if is_truth or (is_bit and column.num_distinct <= 2):  # noqa: PLR2004 - 0 and 1
            return ""
    if kind == "number" and column.type == "boolean":
        return ""
    return f"It holds values of the type {column.type}, which can not be taken for {kind}. Use category, or leave it."


def _check_missing(column: ColumnDescription, choice: ColumnChoice, kind: Kind) -> str:
    if choice.missing in _AVERAGES and kind in {"category", "boolean"}:
        return f"A {kind} has no {choice.missing}. Use most_frequent, constant, category or refuse."
    if choice.missing == "refuse" and column.num_missing:
        return (
            f"{column.num_missing:,} rows have no value, and missing is 'refuse'. Fill them in, or let them be filled."
        )
    return ""


def _check_fill_value(choice: ColumnChoice, kind: Kind) -> str:
    if choice.missing != "constant":
        return "fill_value belongs to missing 'constant'." if choice.fill_value is not None else ""
    match choice.fill_value, kind:
        case None, _:
            return "missing 'constant' needs a fill_value."
        case (int() | float(), "number"):
            return "" if abs(choice.fill_value) <= FLOAT32_MAX else "fill_value is too large."
        case (int() | float() as number, "boolean"):
            return "" if number in {0, 1} else "fill_value of a boolean is 0 or 1."
        case str(), "date":
            return ""
        case _, "category":
            return ""
        case _:
            return f"fill_value {choice.fill_value!r} is no {kind}."


def _identifier_warnings(columns: list[FeatureColumn], description: TableDescription) -> list[str]:
    return [
        f"The column '{column.name}' has {column.num_values:,} different values in {description.num_rows:,} rows. "
        "Where it only names rows, exclude it."
        for column in columns
        if column.kind == "category" and column.num_values > max(MOST_ONE_HOT, description.num_rows / 2)
    ]


def _reject_any(problems: list[Problem]) -> None:
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems[:NUM_LISTED]), problems[:NUM_LISTED])
