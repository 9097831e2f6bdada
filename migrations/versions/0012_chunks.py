"""Chunks and rollups of curves.

Revision 0012, after 0011. Curves that are stored already keep a row for each point, which is read as before: nothing is
copied, so that the upgrade takes no longer for many points. Older code would show curves of newer workers without
their points, so it does not start on this database any more.
"""

import math
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.curves.encoding import decode

revision = "0012"
down_revision: str | None = "0011"

RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _make_table(
        "metric_chunks",
        sa.Column("first_step", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=True),
        sa.Column("min", sa.Double(), nullable=True),
        sa.Column("max_step", sa.BigInteger(), nullable=True),
        sa.Column("max", sa.Double(), nullable=True),
        sa.Column("points", sa.LargeBinary(), nullable=False),
    )
    _make_table(
        "metric_rollups",
        sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("first_step", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ranges", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        # The blocks are compressed already.
        op.execute("ALTER TABLE metric_chunks ALTER COLUMN points SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE metric_rollups ALTER COLUMN ranges SET STORAGE EXTERNAL")
    op.execute(sa.update(sa.table("compatibility", sa.column("oldest_revision"))).values(oldest_revision=revision))


def downgrade() -> None:
    """Store a row for each point again, and drop the tables."""
    connection = op.get_bind()
    point = sa.table("metric_points", *map(sa.column, ("series_id", "step", "value", "unix_seconds")))
    chunk = sa.table("metric_chunks", *map(sa.column, ("series_id", "first_step", "points")))
    keys = connection.execute(sa.select(chunk.c.series_id, chunk.c.first_step)).all()
    for series_id, first_step in keys:
        here = (chunk.c.series_id == series_id, chunk.c.first_step == first_step)
        block = connection.scalars(sa.select(chunk.c.points).where(*here)).one()
        connection.execute(sa.insert(point), list(_rows(series_id, block)))
    op.drop_table("metric_rollups")
    op.drop_table("metric_chunks")
    op.execute(sa.update(sa.table("compatibility", sa.column("oldest_revision"))).values(oldest_revision="0003"))


def _make_table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("series_id", RowNumber, primary_key=True, autoincrement=False),
        *columns,
        sa.PrimaryKeyConstraint(
            "series_id", *(column.name for column in columns if column.primary_key), name=f"pk_{name}"
        ),
        # Older code deletes curves without knowing of this table.
        sa.ForeignKeyConstraint(["series_id"], ["metric_series.id"], name=f"fk_{name}_series_id", ondelete="CASCADE"),
    )


def _rows(series_id: int, block: bytes) -> Iterator[dict[str, Any]]:
    points = decode(block)
    for step, value, time in zip(points.steps.tolist(), points.values.tolist(), points.times.tolist(), strict=True):
        # NaN is NULL in this table.
        number = None if math.isnan(value) else value
        yield {"series_id": series_id, "step": step, "value": number, "unix_seconds": time}
