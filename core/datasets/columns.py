"""Feature columns of a table, and their preparation."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Annotated, Literal, Protocol

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling
from core.datasets.column_warnings import warn_of_columns
from core.datasets.features import FeatureColumn, Features, Kind, Missing, choice_pointer
from core.errors import InvalidSpec, Problem, nearest, reject_spec
from core.notices import Notice
from core.signatures.encoders import make_encoders
from core.signatures.encodings import CategoryEncoding, TableEncoding
from core.specs.base import FLOAT32_MAX, NUM_LISTED, Float, PositiveInt, SpecModel
from core.uploads.description import ColumnDescription, TableDescription
from core.uploads.reading import ColumnType
from core.uploads.text_values import AS_WRITTEN, read_value


class ColumnChoice(SpecModel):
    """Preparation of one column; fields that are left out are derived from its values."""

    type: Literal["number", "category", "boolean", "date"] | None = None
    """Treat the column as this type, for example post codes as `category`."""
    scaling: Scaling | None = None
    """Scaling of numbers and of the parts of dates; null: that of the dataset."""
    missing: Literal["mean", "median", "most_frequent", "constant", "category", "refuse"] | None = None
    """Replacement of missing values. Null: the median for numbers and dates, a category of its own for categories and
    booleans. `refuse` fails the run, and later the prediction."""
    fill_value: Float | str | None = None
    """For `constant`."""
    encoding: Literal["one_hot", "embedding"] | None = None
    """Encoding of categories; null: one-hot for at most 50 categories, else an embedding."""
    embedding_dim: PositiveInt | None = None
    """Null: min(50, (number of categories + 1) / 2), rounded up."""
    max_categories: PositiveInt | None = None
    """Keep the most frequent categories; all others, and those unseen in training, share one category."""


ColumnChoices = Annotated[dict[ColumnName, ColumnChoice], Field(max_length=MAX_COLUMNS)]


class HasColumns(Protocol):
    """Fields that `TableDataset` and `SeriesDataset` share: the feature columns and their preparation."""

    @property
    def features(self) -> tuple[str, ...] | None:
        """Feature columns; None for all."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """Columns that are not features."""

    @property
    def columns(self) -> Mapping[str, ColumnChoice]:
        """Preparation, by column."""

    @property
    def scaling(self) -> Scaling:
        """Scaling of numbers and dates, unless a column has its own."""


MOST_ONE_HOT = 50
"""Largest number of categories that are one-hot encoded by default."""

MOST_EMBEDDING_DIM = 50

MOST_CATEGORIES = 100_000
"""Limit of the categories of a column; all are written to the model's signature."""

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


def choose_features(dataset: HasColumns, description: TableDescription, left_out: Iterable[str | None]) -> Features:
    """Choose the feature columns.

    Args:
        dataset: Feature columns and preparation of the spec.
        description: Description of the table.
        left_out: Columns with another role, such as the target; None is ignored.

    Raises:
        InvalidSpec: If a column does not exist, or its preparation does not suit its values.
    """
    others = {name for name in left_out if name is not None}
    _check_names(dataset, description, others)
    named = dataset.features
    names = named if named is not None else [column.name for column in description.columns]
    chosen = [name for name in names if name not in others and name not in dataset.exclude]
    # Looked up by name, since a table may have 10,000 columns.
    described = {column.name: column for column in description.columns}
    columns: list[FeatureColumn] = []
    warnings: list[Notice] = []
    problems: list[Problem] = []
    for name in chosen:
        column = described.get(name)
        if column is None:
            continue
        is_empty = column.num_missing == description.num_rows or not column.num_distinct
        if is_empty and (named is not None or name in dataset.columns):
            pointer = f"/dataset/features/{list(names).index(name)}" if named is not None else choice_pointer(name)
            problems.append(Problem(pointer, f"The column '{name}' has no values. Leave it out.", "no_values"))
        elif is_empty:
            detail = f"The column '{name}' has no values and is left out."
            warnings.append(Notice("empty_column", choice_pointer(name), detail))
        else:
            choice = dataset.columns.get(name, ColumnChoice())
            problems += _check_choice(column, choice)
            columns.append(_feature(column, choice, dataset.scaling))
    _reject_any(problems)
    if not columns:
        reject_spec("/dataset/features", "No column is left as a feature. Exclude fewer.", "no_features")
    return Features(tuple(columns), (*warnings, *warn_of_columns(columns, description)))


def find_column(name: str, pointer: str, description: TableDescription) -> ColumnDescription:
    """Return the column with this name.

    Raises:
        InvalidSpec: If there is none; the error suggests the nearest name.
    """
    column = description.column(name)
    if column is None:
        raise InvalidSpec(*_unknown(name, pointer, description))
    return column


def _check_names(dataset: HasColumns, description: TableDescription, others: set[str]) -> None:
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
            detail = f"The column '{name}' cannot be a feature: it is the target, or it divides or sorts the rows."
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
        has_time=_has_time(column),
        text=column.text,
    )


def _has_time(column: ColumnDescription) -> bool:
    """Return True if a date has a time of day. Descriptions stored earlier only tell whether one may have it."""
    if column.has_time is not None:
        return column.has_time
    return any(isinstance(end, str) and len(end) > LENGTH_OF_A_DAY for end in (column.least, column.greatest))


def _check_choice(column: ColumnDescription, choice: ColumnChoice) -> list[Problem]:
    """List the fields that do not suit the column's values."""
    kind = choice.type or _KINDS[column.type]
    details = {
        "type": _check_type(column, kind),
        "scaling": "scaling needs numbers or dates."
        if choice.scaling is not None and kind in {"category", "boolean"}
        else "",
        "missing": _check_missing(column, choice, kind),
        "fill_value": _check_fill_value(column, choice, kind),
    }
    for field in ("encoding", "embedding_dim", "max_categories"):
        if getattr(choice, field) is not None and kind != "category":
            details[field] = f"{field} needs categories. Set type to category, or leave {field} out."
    num_kept = min(column.num_distinct, choice.max_categories or column.num_distinct)
    if kind == "category" and num_kept > MOST_CATEGORIES:
        details["max_categories"] = (
            f"It has {column.num_distinct:,} different values; a column of categories may have {MOST_CATEGORIES:,}. "
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
        # The description may list only some of the values, or none.
        is_truth = column.type == "text" and values <= _TRUTH and len(column.values) == column.num_distinct
        is_bit = column.type in {"integer", "number"} and column.least in {0, 1} and column.greatest in {0, 1}
        if is_truth or (is_bit and column.num_distinct <= 2):  # noqa: PLR2004 - 0 and 1
            return ""
    if kind == "number" and column.type == "boolean":
        return ""
    return f"It holds values of type {column.type}, which cannot be used as {kind}. Use category, or leave type out."


def _check_missing(column: ColumnDescription, choice: ColumnChoice, kind: Kind) -> str:
    if choice.missing in _AVERAGES and kind in {"category", "boolean"}:
        return f"A {kind} has no {choice.missing}. Use most_frequent, constant, category or refuse."
    if choice.missing == "refuse" and column.num_missing:
        return f"{column.num_missing:,} rows have no value, and missing is 'refuse'. Fill them in, or set missing."
    return ""


def _check_fill_value(column: ColumnDescription, choice: ColumnChoice, kind: Kind) -> str:
    if choice.missing != "constant":
        return "fill_value needs missing 'constant'." if choice.fill_value is not None else ""
    match choice.fill_value, kind:
        case None, _:
            return "missing 'constant' needs a fill_value."
        case (int() | float(), "number"):
            return "" if abs(choice.fill_value) <= FLOAT32_MAX else "fill_value is too large."
        case (int() | float() as number, "boolean"):
            return "" if number in {0, 1} else "fill_value of a boolean must be 0 or 1."
        case str() as text, "date":
            return _check_fill_date(column, text)
        case _, "category":
            return _check_fill_category(column, choice.fill_value)
        case _:
            return f"fill_value {choice.fill_value!r} is no {kind}."


def _check_fill_category(column: ColumnDescription, value: float | str | None) -> str:
    values = tuple(entry.value for entry in column.values)
    if len(values) < column.num_distinct:
        # The description does not list all values of a column that has very many.
        return ""
    encoding = CategoryEncoding(name=column.name, source=column.type, text=column.text, values=values)
    (encode,) = make_encoders(TableEncoding(columns=(encoding,)))
    is_known = encode(value)[0] >= 0
    shown = "" if is_known else nearest(str(value), values[:1000])
    return "" if is_known else f"fill_value {value!r} is none of its {column.num_distinct:,} values.{shown}"


def _check_fill_date(column: ColumnDescription, text: str) -> str:
    try:
        is_given = read_value(text, "date", column.text or AS_WRITTEN) is not None
    except ValueError:
        is_given = False
    return "" if is_given else f"fill_value {text!r} is no date. Write it as in the upload, or like 2024-12-31."


def _reject_any(problems: list[Problem]) -> None:
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems[:NUM_LISTED]), problems[:NUM_LISTED])
