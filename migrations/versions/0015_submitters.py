"""Submitters with their limits, what each has on disk, and the last sweep of old runs.

Revision 0015, after 0014. It only adds: older code goes on working. Runs that it queues take their turns
all the same; what it stores counts for nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"

BYTES_A_POINT = 16


def upgrade() -> None:
    """Add tables, columns and indexes; name everybody who has submitted; measure what runs have left."""
    op.create_table(
        "submitters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("max_queued_runs", sa.Integer(), nullable=True),
        sa.Column("max_running_runs", sa.Integer(), nullable=True),
        sa.Column("max_disk_bytes", sa.BigInteger(), nullable=True),
        sa.Column("max_requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("max_priority", sa.Integer(), nullable=True),
        sa.Column("served_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_submitters"),
    )
    op.create_table(
        "retention_sweeps",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("num_runs", sa.Integer(), nullable=False),
        sa.Column("num_files", sa.Integer(), nullable=False),
        sa.Column("freed_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_sweeps"),
    )
    op.add_column("runs", sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("dataset_versions", sa.Column("submitted_by", sa.Text(), nullable=True))
    op.add_column("model_versions", sa.Column("submitted_by", sa.Text(), nullable=True))
    op.add_column("model_versions", sa.Column("uploaded_bytes", sa.BigInteger(), nullable=True))
    runs = sa.table("runs", *map(sa.column, ("id", "submitted_by", "stored_bytes", "state")))
    submitters = sa.table("submitters", sa.column("name"))
    names = sa.select(sa.func.coalesce(runs.c.submitted_by, "")).distinct()
    op.execute(sa.insert(submitters).from_select(["name"], names))
    files = sa.table("artifacts", *map(sa.column, ("run_id", "num_bytes")))
    series = sa.table("metric_series", *map(sa.column, ("run_id", "count")))
    of_files = sa.select(sa.func.coalesce(sa.func.sum(files.c.num_bytes), 0)).where(files.c.run_id == runs.c.id)
    of_points = sa.select(sa.func.coalesce(sa.func.sum(series.c.count), 0)).where(series.c.run_id == runs.c.id)
    op.execute(
        sa.update(runs).values(stored_bytes=of_files.scalar_subquery() + BYTES_A_POINT * of_points.scalar_subquery())
    )
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_runs_queue",
        "runs",
        ["submitted_by", "priority", "created_at", "id"],
        sqlite_where=queued,
        postgresql_where=queued,
    )
    op.create_index("ix_runs_submitted_by_stored_bytes", "runs", ["submitted_by", "stored_bytes"])

    _create_triggers()


def _create_triggers() -> None:
    """Name the submitter of each run that is queued, by older code too, at no cost for those that are named already."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER name_submitter AFTER INSERT ON runs "
            "WHEN NOT EXISTS (SELECT 1 FROM submitters WHERE name = coalesce(NEW.submitted_by, '')) "
            "BEGIN INSERT INTO submitters (name) VALUES (coalesce(NEW.submitted_by, '')); END"
        )
        return
    op.execute(
        "CREATE FUNCTION trainyard_name_submitter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO submitters (name) SELECT DISTINCT coalesce(new_runs.submitted_by, '') FROM new_runs "
        "WHERE NOT EXISTS (SELECT 1 FROM submitters WHERE name = coalesce(new_runs.submitted_by, '')) "
        "ON CONFLICT DO NOTHING; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER name_submitter AFTER INSERT ON runs REFERENCING NEW TABLE AS new_runs "
        "FOR EACH STATEMENT EXECUTE FUNCTION trainyard_name_submitter()"
    )


def _drop_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER name_submitter")
        return
    op.execute("DROP TRIGGER name_submitter ON runs")
    op.execute("DROP FUNCTION trainyard_name_submitter")


def downgrade() -> None:
    """Drop them with what is in them."""
    _drop_triggers()
    for name in ("ix_runs_submitted_by_stored_bytes", "ix_runs_queue"):
        op.drop_index(name, table_name="runs")
    for table, name in (
        ("model_versions", "uploaded_bytes"),
        ("model_versions", "submitted_by"),
        ("dataset_versions", "submitted_by"),
        ("runs", "stored_bytes"),
    ):
        op.drop_column(table, name)
    op.drop_table("retention_sweeps")
    op.drop_table("submitters")
