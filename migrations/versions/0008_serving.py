"""Serve what the registry says: files of versions, several versions behind an alias, history, notices of changes.

Revision 0008, after 0007. Older code goes on working, as long as no version was uploaded without a run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision: str | None = "0007"

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FILES = {"network_sha256": "model.onnx", "signature_sha256": "signature.json"}
"""Columns for the files of a version, with the names of a run's artifacts."""

WATCHED = {"models": "name", "model_versions": "model_name", "aliases": "model_name", "alias_targets": "model_name"}
"""Tables whose changes are reported, with their column for the name of the model."""


def upgrade() -> None:
    """Add columns, tables and triggers; the files of earlier versions are those of their runs."""
    op.add_column("models", sa.Column("is_unloaded", sa.Boolean(), nullable=False, server_default=sa.false()))
    _alter_versions()
    for column, name in FILES.items():
        op.execute(
            sa.text(
                f"UPDATE model_versions SET {column} = (SELECT sha256 FROM artifacts "  # noqa: S608 - constants
                "WHERE artifacts.run_id = model_versions.run_id AND artifacts.name = :name)"
            ).bindparams(name=name)
        )
    op.create_table(
        "alias_targets",
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("model_name", "alias", "role", "version", name="pk_alias_targets"),
        sa.ForeignKeyConstraint(
            ["model_name", "alias"],
            ["aliases.model_name", "aliases.alias"],
            name="fk_alias_targets_alias",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_name", "version"],
            ["model_versions.model_name", "model_versions.version"],
            name="fk_alias_targets_version",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_alias_targets_model_name_version", "alias_targets", ["model_name", "version"])
    op.create_table(
        "alias_changes",
        sa.Column("id", Number, nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", Json, nullable=True),
        sa.Column("after", Json, nullable=True),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alias_changes"),
        sa.ForeignKeyConstraint(
            ["model_name"], ["models.name"], name="fk_alias_changes_model_name", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_alias_changes_model_name_alias_id", "alias_changes", ["model_name", "alias", "id"])
    op.create_table(
        "registry_changes",
        sa.Column("id", Number, nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_changes"),
        # Numbers of rows that have been removed are not given again: readers remember the last they have seen.
        sqlite_autoincrement=True,
    )
    _create_triggers()


def _alter_versions() -> None:
    """Add the columns of versions, and make their run optional."""
    if op.get_bind().dialect.name == "sqlite":
        with _altering_on_sqlite() as batch:
            for column in _version_columns():
                batch.add_column(column)
            batch.alter_column("run_id", existing_type=sa.Uuid(), nullable=True)
    else:
        for column in _version_columns():
            op.add_column("model_versions", column)
        op.alter_column("model_versions", "run_id", nullable=True)
    for name in (*FILES, "reference_sha256"):
        op.create_index(f"ix_model_versions_{name}", "model_versions", [name])


def _restore_versions() -> None:
    """Drop the columns of versions, and require a run."""
    op.execute("DELETE FROM model_versions WHERE run_id IS NULL")
    names = [column.name for column in _version_columns()]
    for name in (*FILES, "reference_sha256"):
        op.drop_index(f"ix_model_versions_{name}", "model_versions")
    if op.get_bind().dialect.name == "sqlite":
        with _altering_on_sqlite() as batch:
            batch.alter_column("run_id", existing_type=sa.Uuid(), nullable=False)
            for name in names:
                batch.drop_column(name)
    else:
        op.alter_column("model_versions", "run_id", nullable=False)
        for name in names:
            op.drop_column("model_versions", name)


def _version_columns() -> list[sa.Column[Any]]:
    files = [sa.Column(name, sa.Text(), nullable=True) for name in (*FILES, "reference_sha256")]
    return [sa.Column("source", sa.Text(), nullable=False, server_default="run"), *files]


@contextmanager
def _altering_on_sqlite() -> Iterator[BatchOperations]:
    """Alter `model_versions` by copying it; dropping the old table would delete the aliases that refer to it."""
    aliases = op.get_bind().execute(sa.text("SELECT * FROM aliases")).mappings().all()
    op.drop_table("aliases")
    with op.batch_alter_table("model_versions") as batch:
        yield batch
    table = _create_aliases()
    if aliases:
        op.bulk_insert(table, [dict(row) for row in aliases])


def _create_aliases() -> sa.Table:
    table = op.create_table(
        "aliases",
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model_name", "alias", name="pk_aliases"),
        sa.ForeignKeyConstraint(
            ["model_name", "version"],
            ["model_versions.model_name", "model_versions.version"],
            name="fk_aliases_model_name",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_aliases_model_name_version", "aliases", ["model_name", "version"])
    return table


def _create_triggers() -> None:
    """Report the name of the model of each row that is inserted, updated or deleted."""
    if op.get_bind().dialect.name == "sqlite":
        for table, column in WATCHED.items():
            for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
                report = f"INSERT INTO registry_changes (model_name) VALUES ({row}.{column})"  # noqa: S608 - constants
                op.execute(
                    f"CREATE TRIGGER report_{table}_{event.lower()} AFTER {event} ON {table} BEGIN {report}; END"
                )
        return
    op.execute(
        "CREATE FUNCTION trainyard_report_model() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_notify('trainyard_registry', to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0]); RETURN NULL; END $$"
    )
    for table, column in WATCHED.items():
        op.execute(
            f"CREATE TRIGGER report_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION trainyard_report_model('{column}')"
        )


def downgrade() -> None:
    """Drop the triggers, tables and columns, and versions without a run."""
    _drop_triggers()
    for name in ("registry_changes", "alias_changes", "alias_targets"):
        op.drop_table(name)
    _restore_versions()
    op.drop_column("models", "is_unloaded")


def _drop_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in WATCHED:
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER report_{table}_{event}")
        return
    for table in WATCHED:
        op.execute(f"DROP TRIGGER report_{table} ON {table}")
    op.execute("DROP FUNCTION trainyard_report_model")
