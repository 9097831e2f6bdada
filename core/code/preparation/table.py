"""Preparation of a table's columns in source: fitted on training rows, as models/preparation fits and applies it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.code.draft import Draft
from core.code.networks.embedding import count_vectors
from core.code.source import Code, call, items, literal, write
from core.datasets.features import FeatureColumn
from core.datasets.shape import EmbeddingTable
from core.signatures.encoders import category_text
from core.specs.base import FLOAT32_MAX
from core.uploads.text_values import AS_WRITTEN, read_value

_NUMBERS = '''
def numbers(name):
    """Return the numbers of a column; NaN where there is none."""
    values = columns[name]
    return np.array([np.nan if value is None else value for value in values], float)
'''

_TRUTHS = '''
def truths(name):
    """Return 1 for the word true and 0 for false; NaN where there is none."""
    words = columns[name]
    return np.array([np.nan if word is None else word.lower() == "true" for word in words])
'''

_FITTED = '''
def fitted(values, fill=np.median, scaling="none"):
    """Replace missing values and scale, both as the training rows have it."""
    known = values[fit_rows]
    known = known[~np.isnan(known)]
    filler = fill
    if callable(fill):
        filler = fill(known) if len(known) else 0.0
    values = np.where(np.isnan(values), filler, values)
    known = values[fit_rows]
    offset, spread = 0.0, 1.0
    if scaling == "standardize":
        offset, spread = known.mean(), known.std()
    elif scaling == "min_max":
        offset, spread = known.min(), np.ptp(known)
    if np.ptp(known) == 0:
        spread = 1.0
    return ((values - offset) / spread)[:, None]
'''

_MOST_FREQUENT = '''
def most_frequent(values):
    """Return the value that occurs most often, the least of several."""
    different, counts = np.unique(values, return_counts=True)
    return different[counts.argmax()]
'''

_MISSING = '''
def is_missing(name):
    """Return a column that marks missing values; none if no training row lacks one."""
    marks = np.array([value is None for value in columns[name]])
    return marks[:, None] if marks[fit_rows].any() else np.zeros((len(marks), 0))
'''

_TEXTS = '''
def texts(name):
    """Return the categories of a column as texts: numbers as JSON writes them."""
    return [None if value is None else category(value) for value in columns[name]]
'''

_CATEGORY = '''
def category(value):
    """Return the text of a category."""
    if isinstance(value, datetime):
        text = value.isoformat().removesuffix("T00:00:00")
        return f"{text}Z" if "T" in text else text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
'''

_CATEGORIES = '''
def find_categories(values, kind=str, most=None):
    """Return the categories of the training rows in order; the most frequent ones."""
    counts = Counter(values[row] for row in fit_rows)
    del counts[None]
    ordered = sorted(counts, key=kind)
    kept = set(sorted(ordered, key=lambda text: -counts[text])[:most])
    return [text for text in ordered if text in kept]
'''

_FILL_TEXTS = '''
def fill_texts(values, fill):
    """Replace missing categories by a text, or by the most frequent of `fill`."""
    if isinstance(fill, list):
        counts = Counter(values[row] for row in fit_rows)
        fill = max(fill, key=lambda text: counts[text], default=None)
    return [fill if value is None else value for value in values]
'''

_ONE_HOT = '''
def one_hot(name, kind=str, most=None, fill=None, marks_missing=False):
    """Return a column of 0 and 1 for each category of the training rows."""
    values = texts(name)
    categories = find_categories(values, kind, most)
    known = {*categories, None}
    has_others = any(values[row] not in known for row in fit_rows)
    if fill is not None:
        values = fill_texts(values, categories if fill == MOST_FREQUENT else fill)
    marked = [[value == text for text in categories] for value in values]
    if has_others:
        # The categories that were left out share a column.
        for value, row in zip(values, marked):
            row.append(value not in known)
    marked = np.array(marked, float).reshape(len(values), -1)
    return np.hstack([marked, is_missing(name)]) if marks_missing else marked
'''

_NUMBERED = '''
def numbered(name, kind=str, most=None, fill=None, first=0):
    """Return the number of each category's vector, and how many vectors there are.

    The first is for categories that the training rows lack, the last for missing ones.
    """
    values = texts(name)
    categories = find_categories(values, kind, most)
    if fill is not None:
        values = fill_texts(values, categories if fill == MOST_FREQUENT else fill)
    numbers = {text: number for number, text in enumerate(categories)}
    lacks = any(values[row] is None for row in fit_rows)
    numbers[None] = len(categories) if lacks else -1
    codes = [first + 1 + numbers.get(value, -1) for value in values]
    return np.array(codes, float)[:, None], len(categories) + 2
'''

_DATES = '''
def date_part(name, part, fill=None):
    """Return a part of the times of a column as numbers; NaN where there is none."""
    moments = np.array(columns[name], "datetime64[us]")
    known = moments[fit_rows]
    known = known[~np.isnat(known)]
    start = known.min() if len(known) else np.datetime64("1970-01-01", "us")
    if fill is not None:
        moments = np.where(np.isnat(moments), np.datetime64(fill, "us"), moments)
    days = moments.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    hours = (moments - days).astype("timedelta64[h]")
    parts = {
        "elapsed_days": (moments - start).astype(np.int64) / 86_400_000_000,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (days - months).astype(np.int64) + 1,
        "day_of_week": (days.astype(np.int64) + 3) % 7,
        "hour": hours.astype(np.int64),
        "minute": (moments - days).astype("timedelta64[m]").astype(np.int64) % 60,
    }
    return np.where(np.isnat(moments), np.nan, parts[part])
'''

KINDS = {"integer": "int", "number": "float"}
"""Types by which categories are ordered; others are ordered as texts."""


def write_features(draft: Draft, features: Sequence[FeatureColumn], embeddings: Sequence[EmbeddingTable]) -> None:
    """Assign `inputs`, one row for each row of the table: numbers, flags, one-hot vectors, and category numbers."""
    draft.need("import numpy as np")
    embedded = sorted((column for column in features if column.is_embedded), key=lambda column: column.embedding_dim)
    parts = [
        *(part for column in features for part in _write_numbers(draft, column)),
        *(_write_flag(draft, column) for column in features if _is_flagged(column)),
        *(_write_one_hot(draft, column) for column in features if column.kind == "category" and not column.is_embedded),
    ]
    draft.preparation.assign("parts", items(parts))
    if embedded:
        _write_embedded(draft, embedded, embeddings)
    draft.preparation.add('inputs = np.hstack(parts).astype("float32")')


def _is_flagged(column: FeatureColumn) -> bool:
    return column.kind != "category" and column.missing == "category" and column.has_missing


def _write_numbers(draft: Draft, column: FeatureColumn) -> list[Code]:
    if column.kind == "category":
        return []
    draft.preparation.define(_FITTED)
    scaling = column.scaling if column.kind != "boolean" else "none"
    shared: dict[str, Code | None] = {"scaling": literal(scaling) if scaling != "none" else None}
    name = literal(column.name)
    if column.kind == "date":
        draft.preparation.define(_DATES)
        return _write_dates(draft, column, name, shared)
    draft.preparation.define(_NUMBERS)
    is_word = column.kind == "boolean" and column.source == "text"
    if is_word:
        draft.preparation.define(_TRUTHS)
    values: Code = call("truths" if is_word else "numbers", name)
    if scaling == "none" and column.kind == "number":
        values = call("in_range", values)
        draft.preparation.define(_IN_RANGE.replace("{most}", literal(FLOAT32_MAX)))
    return [call("fitted", values, fill=_fill_of(draft, column), **shared)]


def _write_dates(draft: Draft, column: FeatureColumn, name: str, shared: dict[str, Code | None]) -> list[Code]:
    filler: str | None = None
    if column.missing == "constant":
        moment = read_value(str(column.fill_value), "date", column.text or AS_WRITTEN)
        filler = literal(moment.isoformat()) if isinstance(moment, datetime) else None
    fill = None if column.missing == "constant" else _fill_of(draft, column)
    dated = [call("date_part", name, literal(part), fill=filler) for part in column.parts]
    return [call("fitted", values, fill=fill, **shared) for values in dated]


_IN_RANGE = '''
def in_range(values):
    """Return the numbers; those beyond the range of 32 bits are missing."""
    return np.where(np.abs(values) > {most}, np.nan, values)
'''


def _fill_of(draft: Draft, column: FeatureColumn) -> Code | None:
    """Return the replacement of missing numbers; None for the median."""
    if column.missing == "constant":
        return literal(float(column.fill_value or 0))
    if column.missing == "mean":
        return "np.mean"
    if column.missing == "most_frequent" or (column.missing != "median" and column.kind == "boolean"):
        draft.preparation.define(_MOST_FREQUENT)
        return "most_frequent"
    return None


def _write_flag(draft: Draft, column: FeatureColumn) -> Code:
    draft.preparation.define(_MISSING)
    return call("is_missing", literal(column.name))


def _category_options(draft: Draft, column: FeatureColumn) -> dict[str, Code | None]:
    draft.need("from collections import Counter", "from datetime import datetime")
    for definition in (_CATEGORY, _TEXTS, _CATEGORIES):
        draft.preparation.define(definition)
    fill = None
    if column.missing in {"most_frequent", "constant"}:
        draft.preparation.define(_FILL_TEXTS)
        constant = "" if column.fill_value is None else category_text(column.fill_value)
        fill = "MOST_FREQUENT" if column.missing == "most_frequent" else literal(constant)
    return {
        "kind": KINDS.get(column.source),
        "most": None if column.max_categories is None else literal(column.max_categories),
        "fill": fill,
    }


def _write_one_hot(draft: Draft, column: FeatureColumn) -> Code:
    options = _category_options(draft, column)
    for definition in (_MISSING, _FILL_TEXTS):
        draft.preparation.define(definition)
    _define_most_frequent(draft)
    draft.preparation.define(_ONE_HOT)
    marks = "True" if column.missing == "category" and column.has_missing else None
    return call("one_hot", literal(column.name), **options, marks_missing=marks)


def _define_most_frequent(draft: Draft) -> None:
    line = "MOST_FREQUENT = object()"
    if line not in draft.preparation.blocks:
        draft.preparation.add(line)


def _write_embedded(draft: Draft, embedded: Iterable[FeatureColumn], embeddings: Sequence[EmbeddingTable]) -> None:
    """Append the category numbers of embedded columns; those whose vectors have one length share a table."""
    by_dim = {table.dim: table for table in embeddings}
    for table in embeddings:
        draft.preparation.add(f"{count_vectors(table)} = 0")
    for column in embedded:
        options = _category_options(draft, column)
        _define_most_frequent(draft)
        draft.preparation.define(_FILL_TEXTS)
        draft.preparation.define(_NUMBERED)
        used = count_vectors(by_dim[column.embedding_dim])
        numbered = call("numbered", literal(column.name), **options, first=used)
        draft.preparation.add(write(numbered, "codes, num_vectors = "), "parts.append(codes)", f"{used} += num_vectors")
