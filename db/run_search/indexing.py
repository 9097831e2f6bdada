"""The tables that find runs by their tags, their words and the values in their specs.

They repeat what the runs have. Whoever writes that keeps them in step, by the functions of this module.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Table, Text, delete, func, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from core.filters.words import split_words
from db.records.base import Base
from db.records.runs import RunNumberRecord, RunRecord, RunTagRecord, RunTextRecord, RunWordRecord

LONGEST_TEXT = 200
"""Characters of a text of a spec that are stored."""

LARGEST_NUMBER = 1.7e308
"""Numbers beyond are missing; only a whole number of JSON can be."""


TABLES: Mapping[type, Any] = MappingProxyType({float: RunNumberRecord, str: RunTextRecord})
"""Tables of the values of specs, by type."""


def add(session: Session, records: Collection[RunRecord]) -> None:
    """Make new runs, which are stored already, findable."""
    _insert(session, RunTagRecord, [(record.id, *pair) for record in records for pair in _tags_of(record)])
    _insert(session, RunWordRecord, [(word, record.id) for record in records for word in sorted(find_words(record))])
    for kind, values in ((RunNumberRecord, _numbers_of), (RunTextRecord, _texts_of)):
        rows = [(path, value, record.id) for record in records for path, value in values(record.spec)]
        _insert(session, kind, rows)


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
    for kind, values in ((RunNumberRecord, _numbers_of), (RunTextRecord, _texts_of)):
        if places := list(values(record.spec)):
            here = tuple_(kind.path, kind.value).in_(places)
            session.execute(delete(kind).where(here, kind.run_id == record.id))


def find_words(record: RunRecord) -> frozenset[str]:
    """Return the words that a run is found by: those of its names, its tags and its notes."""
    tags = [text for pair in _tags_of(record) for text in pair]
    return split_words([record.experiment, record.model_name, record.preset, record.notes, *tags])


def hash_path(path: Sequence[str]) -> int:
    """Return the number of 64 bits that stands for a path of names in a spec."""
    return int.from_bytes(blake2b("\x00".join(path).encode(), digest_size=8).digest(), "big", signed=True)


def _tags_of(record: RunRecord) -> Iterator[tuple[str, str]]:
    return ((name, str(value)) for name, value in record.tags.items())


def _numbers_of(spec: Mapping[str, Any]) -> Iterator[tuple[int, float]]:
    for path, value in _leaves_of(spec, ()):
        if type(value) in {int, float} and abs(value) <= LARGEST_NUMBER:
            yield hash_path(path), float(value)


def _texts_of(spec: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for path, value in _leaves_of(spec, ()):
        if type(value) is str:
            yield hash_path(path), value[:LONGEST_TEXT]


def _leaves_of(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values of nested objects with their paths. Items of lists are not found by these tables."""
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _leaves_of(item, (*path, name))
        else:
            yield (*path, name), item


def _insert(session: Session, kind: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, whose values are in the order of the table's columns, in one statement."""
    if not rows:
        return
    table = cast("Table", kind.__table__)
    names = [column.name for column in table.columns]
    if session.get_bind().dialect.name == "sqlite":
        session.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    # A parameter for each column, not for each value.
    types = [Text() if isinstance(column.type, Text) else column.type for column in table.columns]
    arrays = [list(values) for values in zip(*rows, strict=True)]
    columns = [func.unnest(literal(values, ARRAY(one))) for values, one in zip(arrays, types, strict=True)]
    session.execute(insert(table).from_select(names, select(*columns)))


def _delete_words(session: Session, run_id: UUID, words: Iterable[str]) -> None:
    if gone := list(words):
        session.execute(delete(RunWordRecord).where(RunWordRecord.word.in_(gone), RunWordRecord.run_id == run_id))
