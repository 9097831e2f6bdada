"""Record the oldest code that can use the database.

Revision 0003, after 0002. A later migration that older code cannot work with raises the revision:
`UPDATE compatibility SET oldest_revision = '…'`. docs/operations.md describes how migrations are split so that two
versions can run side by side.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Create the table with its one row. Code from before this revision does not read it, and rejects the database."""
    compatibility = op.create_table(
        "compatibility",
        sa.Column("oldest_revision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("oldest_revision", name="pk_compatibility"),
    )
    op.bulk_insert(compatibility, [{"oldest_revision": revision}])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("compatibility")
