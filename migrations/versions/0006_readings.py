"""Readings of uploads: the same bytes, read with other options, are another version.

Revision 0006, after 0005. It only adds: older code goes on working, and finds the versions that were read without
options. Rows that exist were read without options.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

RUN_DATASETS = sa.table(
    "run_datasets",
    sa.column("run_id", sa.Uuid()),
    sa.column("dataset_name", sa.Text()),
    sa.column("version", sa.Integer()),
)


def upgrade() -> None:
    """Add the column, and make it part of what tells versions apart."""
    with _without_run_datasets(), op.batch_alter_table("dataset_versions") as batch:
        batch.add_column(sa.Column("reading", sa.String(16), nullable=False, server_default=sa.text("''")))
        batch.drop_constraint("uq_dataset_versions_dataset_name_sha256", type_="unique")
        batch.create_unique_constraint(
            "uq_dataset_versions_dataset_name_sha256_reading", ["dataset_name", "sha256", "reading"]
        )


def downgrade() -> None:
    """Drop the column, and with it the versions that were read with options; their files are removed later."""
    op.execute("DELETE FROM dataset_versions WHERE reading <> ''")
    with _without_run_datasets(), op.batch_alter_table("dataset_versions") as batch:
        batch.drop_constraint("uq_dataset_versions_dataset_name_sha256_reading", type_="unique")
        batch.drop_column("reading")
        batch.create_unique_constraint("uq_dataset_versions_dataset_name_sha256", ["dataset_name", "sha256"])


@contextmanager
def _without_run_datasets() -> Iterator[None]:
    """Take the table run_datasets away while SQLite copies the one that it refers to.

    SQLite changes constraints by a copy (https://www.sqlite.org/lang_altertable.html), and dropping the original would
    delete the rows that refer to it.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    rows = [row._asdict() for row in connection.execute(sa.select(RUN_DATASETS))]
    op.drop_table("run_datasets")
    yield
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
    if rows:
        op.bulk_insert(RUN_DATASETS, rows)
