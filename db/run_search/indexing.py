"""The tables that find runs by their tags, their words and the values in their specs.

They repeat what the runs have. Whoever writes that keeps them in step, by the functions of this module.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Table, Text, delete, func, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from core.filters.words import split_words
from db.records.base import Base
from db.records.queued_runs import QueuedRun
from db.records.runs import RunNumberRecord, RunRecord, RunTagRecord, RunTextRecord, RunWordRecord
from db.statements import insert_rows

LONGEST_TEXT = 200
"""Characters of a text of a spec that are stored."""

LARGEST_NUMBER = 1.7e308
"""Numbers beyond are missing; only a whole number of JSON can be."""


TABLES: Mapping[type, Any] = MappingProxyType({float: RunNumberRecord, str: RunTextRecord})
"""Tables of the values of specs, by type."""


def add(session: Session, records: Collection[QueuedRun]) -> None:
    """Make new runs, which are stored already, findable."""
    _insert(session, RunTagRecord, [(record.id, *pair) for record in records for pair in _tags_of(record)])
    _insert(session, RunWordRecord, [(word, record.id) for record in records for word in sorted(find_words(record))])
    numbers: list[tuple[int, float, UUID]] = []
    texts: list[tuple[int, str, UUID]] = []
    for record in records:
        numbers_of_spec, texts_of_spec = _values_of(record.spec)
        numbers += [(path, value, record.id) for path, value in numbers_of_spec]
        texts += [(path, text, record.id) for path, text in texts_of_spec]
    _insert(session, RunNumberRecord, numbers)
    _insert(session, RunTextRecord, texts)


def replace(session: Session, record: RunRecord, words_before: frozenset[str]) -> None:
    """Find a run by the tags and words that it has now.

    Args:
        session: Session of a transaction that has locked the run.
        record: The run as it is now.
        words_before: Its words before the change, of `find_words`.
    """
    session.execute(delete(RunTagRecord).where(RunTagRecord.run_id == record.id))
    _insert(session, RunTagRecord, [(record.id, *pair) for pair in _tags_of(record)])
    words = find_words(record)
    _delete_words(session, record.id, words_before - words)
    _insert(session, RunWordRecord, [(word, record.id) for word in sorted(words - words_before)])


def remove(session: Session, record: RunRecord) -> None:
    """Delete what finds a run that is about to be deleted, but for its tags, which go with it."""
    _delete_words(session, record.id, find_words(record))
    numbers, texts = _values_of(record.spec)
    _delete_values(session, RunNumberRecord, numbers, record.id)
    _delete_values(session, RunTextRecord, texts, record.id)


def find_words(record: RunRecord | QueuedRun) -> frozenset[str]:
    """Return the words that a run is found by: those of its names, its tags and its notes."""
    tags = [text for pair in _tags_of(record) for text in pair]
    return split_words([record.experiment, record.model_name, record.preset, record.notes, *tags])


@lru_cache(maxsize=1024)
def hash_path(path: tuple[str, ...]) -> int:
    """Return the number of 64 bits that stands for a path of names in a spec."""
    return int.from_bytes(blake2b("\x00".join(path).encode(), digest_size=8).digest(), "big", signed=True)


def _tags_of(record: RunRecord | QueuedRun) -> Iterator[tuple[str, str]]:
    return ((name, str(value)) for name, value in record.tags.items())


def _values_of(spec: Mapping[str, Any]) -> tuple[list[tuple[int, float]], list[tuple[int, str]]]:
    """Return the numbers and the texts of a spec, with the hashes of their paths. Items of lists are not found."""
    numbers: list[tuple[int, float]] = []
    texts: list[tuple[int, str]] = []
    _gather(spec, (), numbers, texts)
    return numbers, texts


def _gather(
    values: Mapping[str, Any],
    path: tuple[str, ...],
    numbers: list[tuple[int, float]],
    texts: list[tuple[int, str]],
) -> None:
    for name, value in values.items():
        kind = type(value)
        if kind is str:
            texts.append((hash_path((*path, name)), value[:LONGEST_TEXT]))
        elif kind is dict:
            _gather(value, (*path, name), numbers, texts)
        elif kind in {int, float} and abs(value) <= LARGEST_NUMBER:
            numbers.append((hash_path((*path, name)), float(value)))


def _insert(session: Session, kind: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, whose values are in the order of the table's columns, in one statement."""
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        insert_rows(session, kind, rows)
        return
    table = cast("Table", kind.__table__)
    names = [column.name for column in table.columns]
    # A parameter for each column, not for each value.
    types = [Text() if isinstance(column.type, Text) else column.type for column in table.columns]
    arrays = [list(values) for values in zip(*rows, strict=True)]
    columns = [func.unnest(literal(values, ARRAY(one))) for values, one in zip(arrays, types, strict=True)]
    session.execute(insert(table).from_select(names, select(*columns)))


def _delete_words(session: Session, run_id: UUID, words: Iterable[str]) -> None:
    if gone := list(words):
        session.execute(delete(RunWordRecord).where(RunWordRecord.word.in_(gone), RunWordRecord.run_id == run_id))


def _delete_values(session: Session, kind: Any, places: Sequence[tuple[int, Any]], run_id: UUID) -> None:
    if places:
        session.execute(delete(kind).where(tuple_(kind.path, kind.value).in_(places), kind.run_id == run_id))
