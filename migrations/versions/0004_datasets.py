"""Create the tables of uploaded datasets, their versions, and the runs that use them.

Revision 0004, after 0003. It only adds: older code continues to work.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision: str | None = "0003"

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "datasets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_datasets"),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("num_bytes", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("description", Json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_name", "version", name="pk_dataset_versions"),
        sa.ForeignKeyConstraint(["dataset_name"], ["datasets.name"], name="fk_dataset_versions_dataset_name"),
        sa.UniqueConstraint("dataset_name", "sha256", name="uq_dataset_versions_dataset_name_sha256"),
    )
    op.create_index("ix_dataset_versions_sha256", "dataset_versions", ["sha256"])
    op.create_table(
        "run_datasets",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_datasets"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_datasets_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["dataset_name", "version"],
            ["dataset_versions.dataset_name", "dataset_versions.version"],
            name="fk_run_datasets_dataset_name",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_run_datasets_dataset_name_version", "run_datasets", ["dataset_name", "version"])


def downgrade() -> None:
    """Drop the tables; the files of uploads stay until housekeeping removes them."""
    for table in ("run_datasets", "dataset_versions", "datasets"):
        op.drop_table(table)
