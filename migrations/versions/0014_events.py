"""Report changes of runs as they are committed, and tell webhooks of ended runs.

Revision 0014, after 0013. It only adds: older code goes on working, and its changes are reported by the triggers too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CHANNEL = "trainyard_runs"

COLUMNS = "run_id, experiment, model_name, state, attempt, is_cancelling, changed_at"

HAS_MOVED = (
    "OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt "
    "OR (OLD.cancel_requested_at IS NULL AND NEW.cancel_requested_at IS NOT NULL)"
)
"""A running attempt that replaces another within one statement is a change as well."""

HAS_ENDED = "OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL"

DELIVERIES = (
    "INSERT INTO webhook_deliveries (webhook_id, run_id, experiment, model_name, run_state, ended_at, state, "
    "num_tries, due_at, lease) SELECT id, NEW.id, NEW.experiment, NEW.model_name, NEW.state, NEW.ended_at, 'waiting', "
    "0, NEW.ended_at, 0 FROM webhooks WHERE disabled_at IS NULL AND states LIKE '% ' || NEW.state || ' %' "
    "AND (experiment IS NULL OR experiment = NEW.experiment) AND (model_name IS NULL OR model_name = NEW.model_name)"
)


def upgrade() -> None:
    """Create the tables and triggers."""
    op.create_table(
        "run_changes",
        sa.Column("id", Number, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("is_cancelling", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_run_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_changes_transaction", "run_changes", ["transaction"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("model_name", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", Number, nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("run_state", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("num_tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index("ix_webhook_deliveries_due_at", "webhook_deliveries", ["due_at"])
    if op.get_bind().dialect.name == "sqlite":
        _create_on_sqlite()
    else:
        _create_on_postgresql()


def _create_on_sqlite() -> None:
    for event, row, condition, state, moment in (
        ("INSERT", "NEW", "1", "NEW.state", "NEW.updated_at"),
        ("UPDATE", "NEW", HAS_MOVED, "NEW.state", "NEW.updated_at"),
        ("DELETE", "OLD", "1", "'deleted'", "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000"),
    ):
        values = (
            f"{row}.id, {row}.experiment, {row}.model_name, {state}, {row}.attempt, "
            f"{row}.state = 'running' AND {row}.cancel_requested_at IS NOT NULL, {moment}"
        )
        report = f"INSERT INTO run_changes ({COLUMNS}) VALUES ({values})"  # noqa: S608 - constants
        name = f"report_runs_{event.lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON runs WHEN {condition} BEGIN {report}; END")
    op.execute(f"CREATE TRIGGER queue_webhooks AFTER UPDATE ON runs WHEN {HAS_ENDED} BEGIN {DELIVERIES}; END")


def _create_on_postgresql() -> None:
    now = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    values = (
        "{row}.id, {row}.experiment, {row}.model_name, {state}, {row}.attempt, {row}.state = 'running' "
        "AND {row}.cancel_requested_at IS NOT NULL, {moment}, CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
    )
    insert = f"INSERT INTO run_changes ({COLUMNS}, transaction)"
    deleted = values.format(row="OLD", state="'deleted'", moment=now)
    changed = values.format(row="NEW", state="NEW.state", moment="NEW.updated_at")
    op.execute(
        "CREATE FUNCTION trainyard_report_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' THEN {insert} VALUES ({deleted}); "
        # PostgreSQL plans what is in a branch only once that is reached: OLD has no value in an INSERT.
        f"ELSIF TG_OP = 'INSERT' THEN {insert} VALUES ({changed}); "
        f"ELSIF {HAS_MOVED} THEN {insert} VALUES ({changed}); "
        f"IF {HAS_ENDED} THEN {DELIVERIES}; END IF; "
        "END IF; "
        f"PERFORM pg_notify('{CHANNEL}', CAST(COALESCE(NEW.id, OLD.id) AS TEXT)); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER report_runs AFTER INSERT OR DELETE ON runs FOR EACH ROW EXECUTE FUNCTION trainyard_report_run()"
    )
    # A renewed lease is no change that anybody is told of.
    op.execute(
        "CREATE TRIGGER report_runs_update AFTER UPDATE ON runs "
        "FOR EACH ROW WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION trainyard_report_run()"
    )


def downgrade() -> None:
    """Drop the triggers and tables, with what was to be told to webhooks."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("report_runs_insert", "report_runs_update", "report_runs_delete", "queue_webhooks"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER report_runs_update ON runs")
        op.execute("DROP TRIGGER report_runs ON runs")
        op.execute("DROP FUNCTION trainyard_report_run")
    for name in ("webhook_deliveries", "webhooks", "run_changes"):
        op.drop_table(name)
