"""Notes, priorities and origins of runs, and the best value of each curve.

Revision 0011, after 0010. It only adds: older code goes on working, and leaves the best values of its curves empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"

RISING = (
    *("accuracy", "top_k_categorical_accuracy", "precision", "recall", "auc"),
    *("r2_score", "cosine_similarity"),
)
"""Metrics of which more is better, at this revision."""

FALLING = (
    *("loss", "mean_squared_error", "root_mean_squared_error", "mean_absolute_error"),
    "mean_absolute_percentage_error",
)
"""Metrics of which less is better."""


def upgrade() -> None:
    """Add the columns; find the best value of each stored curve."""
    op.add_column("runs", sa.Column("notes", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("runs", sa.Column("submitted_by", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("source_run_id", sa.Uuid(), nullable=True))
    op.add_column("metric_series", sa.Column("best_step", sa.BigInteger(), nullable=True))
    op.add_column("metric_series", sa.Column("best", sa.Double(), nullable=True))
    series = sa.table(
        "metric_series", *map(sa.column, ("key", "min", "min_step", "max", "max_step", "best", "best_step"))
    )
    for names, end in ((FALLING, "min"), (RISING, "max")):
        # A metric is the last part of a key, such as `epoch/validation/loss`.
        is_one = sa.or_(series.c.key.in_(names), *(series.c.key.like(f"%/{name}") for name in names))
        best = {"best": series.c[end], "best_step": series.c[f"{end}_step"]}
        op.execute(sa.update(series).where(is_one).values(best))


def downgrade() -> None:
    """Drop the columns with what is in them."""
    for name in ("best", "best_step"):
        op.drop_column("metric_series", name)
    for name in ("source_run_id", "submitted_by", "priority", "notes"):
        op.drop_column("runs", name)
