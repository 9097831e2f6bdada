"""Pauses before another attempt at a job, and dead letters: jobs that failed through no fault of their own.

Revision 0018, after 0017. It only adds, but for the index of queued runs, which leaves out those in a pause: older code
claims the same runs without it, more slowly, and does not wait for the end of a pause.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision: str | None = "0017"

TABLES = ("runs", "batch_predictions")
QUEUE = ["submitted_by", "priority", "created_at", "id"]


def upgrade() -> None:
    """Add the columns and their indexes, and make the index of queued runs again."""
    in_pause, is_dead = sa.text("retry_at IS NOT NULL"), sa.text("dead_since IS NOT NULL")
    for table in TABLES:
        op.add_column(table, sa.Column("retry_at", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("dead_since", sa.BigInteger(), nullable=True))
        op.create_index(f"ix_{table}_retry_at", table, ["retry_at"], sqlite_where=in_pause, postgresql_where=in_pause)
        op.create_index(
            f"ix_{table}_dead_since_id", table, ["dead_since", "id"], sqlite_where=is_dead, postgresql_where=is_dead
        )
    _replace_queue("state = 'queued' AND retry_at IS NULL")


def _replace_queue(condition: str) -> None:
    op.drop_index("ix_runs_queue", table_name="runs")
    where = sa.text(condition)
    op.create_index("ix_runs_queue", "runs", QUEUE, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop them with what is in them; jobs in a pause are tried again at once."""
    _replace_queue("state = 'queued'")
    for table in TABLES:
        op.drop_index(f"ix_{table}_dead_since_id", table_name=table)
        op.drop_index(f"ix_{table}_retry_at", table_name=table)
        op.drop_column(table, "dead_since")
        op.drop_column(table, "retry_at")
