"""Tables and indexes that find runs: by tags, by words, by metrics.

Revision 0013, after 0012. Older code would add runs that these tables do not know, so it cannot use the database.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision: str | None = "0012"

ROWS_AT_ONCE = 1_000
LONGEST_WORD = 64
LONGEST_TEXT = 200
LARGEST_NUMBER = 1.7e308
WORD = re.compile(r"[^\W_]+")

LIST_COLUMNS = (
    *("created_at", "id", "state", "experiment", "model_name", "preset", "submitted_by"),
    *("priority", "attempt", "started_at", "ended_at"),
)

PLAIN_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create tables and indexes, and fill the tables with the runs that are there."""
    op.create_table(
        "run_tags",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("value", PLAIN_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_tags_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_run_tags"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_words",
        sa.Column("word", PLAIN_TEXT, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("word", "run_id", name="pk_run_words"),
        sqlite_with_rowid=False,
    )
    for table, value in (("run_numbers", sa.Double()), ("run_texts", PLAIN_TEXT)):
        op.create_table(
            table,
            sa.Column("path", sa.BigInteger(), nullable=False, autoincrement=False),
            sa.Column("value", value, nullable=False),
            sa.Column("run_id", sa.Uuid(), nullable=False),
            sa.PrimaryKeyConstraint("path", "value", "run_id", name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    _fill()
    op.create_index("ix_run_tags_name_value_run_id", "run_tags", ["name", "value", "run_id"])
    op.create_index("ix_runs_list", "runs", list(LIST_COLUMNS))
    op.drop_index("ix_runs_created_at_id", "runs")
    op.create_index("ix_metric_series_best", "metric_series", ["key", "best", "run_id", "min", "max"])
    op.create_index("ix_metric_series_last", "metric_series", ["key", "last", "run_id"])
    op.execute(sa.text("UPDATE compatibility SET oldest_revision = '0013'"))


def downgrade() -> None:
    """Drop tables and indexes."""
    op.execute(sa.text("UPDATE compatibility SET oldest_revision = '0012'"))
    op.drop_index("ix_metric_series_last", "metric_series")
    op.drop_index("ix_metric_series_best", "metric_series")
    op.create_index("ix_runs_created_at_id", "runs", ["created_at", "id"])
    op.drop_index("ix_runs_list", "runs")
    op.drop_table("run_texts")
    op.drop_table("run_numbers")
    op.drop_table("run_words")
    op.drop_table("run_tags")


def _fill() -> None:
    """Store the tags, the words and the specs' values of every run, a thousand runs at a time."""
    connection = op.get_bind()
    runs = sa.table(
        "runs",
        sa.column("id", sa.Uuid()),
        sa.column("tags", JSON),
        sa.column("spec", JSON),
        *map(sa.column, ("experiment", "model_name", "preset", "notes")),
    )
    values: tuple[tuple[str, tuple[str, ...], Callable[[Any], Iterable[tuple[Any, ...]]]], ...] = (
        ("run_tags", ("name", "value"), _tags_of),
        ("run_words", ("word",), _words_of),
        ("run_numbers", ("path", "value"), _numbers_of),
        ("run_texts", ("path", "value"), _texts_of),
    )
    query = sa.select(runs).order_by(runs.c.id).limit(ROWS_AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        for name, columns, find in values:
            found = [{"run_id": row.id} | dict(zip(columns, parts, strict=True)) for row in rows for parts in find(row)]
            if found:
                table = sa.table(name, sa.column("run_id", sa.Uuid()), *map(sa.column, columns))
                connection.execute(sa.insert(table), found)
        rows = connection.execute(query.where(runs.c.id > rows[-1].id)).all()


def _tags_of(row: Any) -> Iterable[tuple[str, str]]:
    return ((name, str(value)) for name, value in row.tags.items())


def _words_of(row: Any) -> Iterable[tuple[str]]:
    """Return words as core.filters.words.split_words did at this revision."""
    texts = [row.experiment, row.model_name, row.preset, row.notes]
    texts += [text for pair in _tags_of(row) for text in pair]
    words = {word[:LONGEST_WORD] for text in texts if text is not None for word in WORD.findall(_fold(text))}
    return ((word,) for word in sorted(words))


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def _numbers_of(row: Any) -> Iterable[tuple[int, float]]:
    """Return values as db.run_search.indexing found them at this revision."""
    return (
        (_hash(path), float(value))
        for path, value in _leaves_of(row.spec, ())
        if type(value) in {int, float} and abs(value) <= LARGEST_NUMBER
    )


def _texts_of(row: Any) -> Iterable[tuple[int, str]]:
    return ((_hash(path), value[:LONGEST_TEXT]) for path, value in _leaves_of(row.spec, ()) if type(value) is str)


def _hash(path: Sequence[str]) -> int:
    return int.from_bytes(blake2b("\x00".join(path).encode(), digest_size=8).digest(), "big", signed=True)


def _leaves_of(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _leaves_of(item, (*path, name))
        else:
            yield (*path, name), item
