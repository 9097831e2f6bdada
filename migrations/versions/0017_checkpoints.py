"""Checkpoints of runs, paused runs, and attempts that go on from a checkpoint.

Revision 0017, after 0016. Older code does not know the state `paused`, and would delete the curves of a run that is to
go on from a checkpoint, so it cannot use the database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"

JOBS = ("runs", "batch_predictions")


def upgrade() -> None:
    """Create the table and add the columns."""
    op.create_table(
        "checkpoints",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("num_bytes", sa.BigInteger(), nullable=False),
        sa.Column("monitor", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("is_best", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_checkpoints_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "step", name="pk_checkpoints"),
    )
    op.create_index("ix_checkpoints_sha256", "checkpoints", ["sha256"])
    op.add_column("attempts", sa.Column("resumed_at_step", sa.BigInteger(), nullable=True))
    for table in JOBS:
        op.add_column(table, sa.Column("furthest", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
        op.add_column(table, sa.Column("interruption", sa.String(16), nullable=True))
    op.execute(sa.text("UPDATE compatibility SET oldest_revision = '0017'"))


def downgrade() -> None:
    """Drop the table and the columns. Paused runs are queued again."""
    op.execute(sa.text("UPDATE compatibility SET oldest_revision = '0013'"))
    op.execute(sa.text("UPDATE runs SET state = 'queued' WHERE state = 'paused'"))
    for table in JOBS:
        op.drop_column(table, "interruption")
        op.drop_column(table, "furthest")
    op.drop_column("attempts", "resumed_at_step")
    op.drop_index("ix_checkpoints_sha256", "checkpoints")
    op.drop_table("checkpoints")
