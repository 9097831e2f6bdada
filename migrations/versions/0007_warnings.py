"""Warnings of runs: those of the spec's check, and those that the latest attempt found in the data.

Revision 0007, after 0006. It only adds: older code goes on working.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision: str | None = "0006"

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

COLUMNS = ("spec_warnings", "attempt_warnings")


def upgrade() -> None:
    """Add the columns; earlier runs have no warnings."""
    for name in COLUMNS:
        op.add_column("runs", sa.Column(name, Json, nullable=True))


def downgrade() -> None:
    """Drop the columns with the warnings in them."""
    for name in COLUMNS:
        op.drop_column("runs", name)
