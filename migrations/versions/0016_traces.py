"""The trace context of the request that submitted a run.

Revision 0016, after 0015. It only adds: older code goes on working, and submits runs without a trace.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision: str | None = "0015"


def upgrade() -> None:
    """Add the column."""
    op.add_column("runs", sa.Column("traceparent", sa.String(55), nullable=True))


def downgrade() -> None:
    """Drop the column with what is in it."""
    op.drop_column("runs", "traceparent")
