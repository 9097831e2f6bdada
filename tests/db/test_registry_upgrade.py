"""Upgrade of the registry's tables from each earlier revision, and what their triggers report."""

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, MetaData, String, Uuid, insert, select, type_coerce
from sqlalchemy.engine import make_url

from core.alias_targets import make_targets
from core.artifacts import ONNX_MODEL, SIGNATURE
from core.settings import load_settings
from db import aliases, model_versions, runs, served_models
from db.records.registry import ModelRecord, ModelVersionRecord, RegistryChangeRecord
from db.session import Database
from db.upgrade import KNOWN_REVISIONS, NEWEST_REVISION, check_database, upgrade_database

ROOT = Path(__file__).parents[2]

REQUIRED = {"state": "succeeded", "max_attempts": 3, "spec_sha256": "0" * 64}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'older.db'}"
    return request.getfixturevalue("empty_postgresql_url")


@pytest.fixture
def migrate(monkeypatch):
    """Run one of Alembic's commands on a database, as the command line does."""

    def migrate(function, url, revision):
        monkeypatch.setenv("TRAINYARD_DATABASE_URL", url)
        load_settings.cache_clear()
        config = Config(str(ROOT / "alembic.ini"))
        config.set_main_option("script_location", str(ROOT / "migrations"))
        try:
            function(config, revision)
        finally:
            load_settings.cache_clear()

    return migrate


def insert_row(session, tables, table, **values):
    """Insert a row of tables as they are in the database; what is required and not given is empty."""
    columns = tables.tables[table].columns
    empty = {
        column.name: REQUIRED.get(column.name, _empty(column.type))
        for column in columns
        if not column.nullable and column.server_default is None and column.name != "id"
    }
    row = empty | values
    # SQLite shows a UUID as text, and PostgreSQL's driver wants one.
    session.execute(
        insert(tables.tables[table]).values(
            {name: type_coerce(value, Uuid()) if isinstance(value, UUID) else value for name, value in row.items()}
        )
    )


def _empty(kind):
    if isinstance(kind, JSON):
        return {}
    return "" if isinstance(kind, String) else 0


def fill(url, run_ids):
    """Make a registry: three versions, the last of a run without files, and two aliases."""
    database = Database(url)
    tables = MetaData()
    with database.transaction() as session:
        tables.reflect(session.connection())
        insert_row(session, tables, "experiments", name="trials")
        insert_row(session, tables, "models", name="adder", last_version=4)
        for number, run_id in enumerate(run_ids, start=2):
            insert_row(
                session, tables, "runs", id=run_id, experiment="trials", model_name="adder", model_version=number
            )
            insert_row(session, tables, "model_versions", model_name="adder", version=number, run_id=run_id)
        for run_id, digit in zip(run_ids[:2], "ab", strict=True):
            for name in (ONNX_MODEL, SIGNATURE):
                sha256 = (digit if name == ONNX_MODEL else digit.upper()) * 64
                insert_row(
                    session,
                    tables,
                    "artifacts",
                    run_id=run_id,
                    name=name,
                    sha256=sha256,
                    media_type="application/octet-stream",
                )
        for alias, version, revision in (("live", 3, 7), ("former", 2, 1)):
            insert_row(session, tables, "aliases", model_name="adder", alias=alias, version=version, revision=revision)
    database.dispose()


def check_registry(session, run_ids):
    served = served_models.read(session, "adder")
    assert [(version.version, version.run_id) for version in served.versions.values()] == [
        (number, run_ids[number - 2]) for number in (4, 3, 2)
    ]
    assert [(version.network_sha256, version.signature_sha256) for version in served.versions.values()] == [
        (None, None),
        ("b" * 64, "B" * 64),
        ("a" * 64, "A" * 64),
    ]
    assert not served.is_unloaded
    assert dict(served.aliases) == {"live": make_targets({3: 1}), "former": make_targets({2: 1})}
    assert aliases.get_alias(session, "adder", "live").revision == 7


@pytest.mark.parametrize("revision", KNOWN_REVISIONS[:-1])
def test_a_registry_of_an_earlier_revision_keeps_its_versions_and_aliases(empty_url, revision, migrate):
    run_ids = [uuid4() for _ in range(3)]
    database = Database(empty_url)
    migrate(command.upgrade, empty_url, revision)
    fill(empty_url, run_ids)
    upgrade_database(empty_url)
    check_database(empty_url)
    with database.reading() as session:
        check_registry(session, run_ids)
        if database.is_sqlite and revision < "0008":
            assert session.scalars(select(RegistryChangeRecord.model_name)).all() == []
    with database.transaction() as session:
        # Foreign keys and numbers are as before.
        assert model_versions.register_upload(session, "adder", []) == 5
        aliases.set_alias(session, "adder", "live", make_targets({4: 1, 5: 1}))
        runs.delete(session, run_ids[0], force=True)
    with database.reading() as session:
        served = served_models.read(session, "adder")
        assert (list(served.versions), dict(served.aliases)) == ([5, 4, 3], {"live": make_targets({4: 1, 5: 1})})
    database.dispose()


def test_going_back_keeps_what_older_code_can_hold(empty_url, migrate):
    run_ids = [uuid4() for _ in range(3)]
    upgrade_database(empty_url)
    database = Database(empty_url)
    fill(empty_url, run_ids)
    with database.transaction() as session:
        version = model_versions.register_upload(session, "adder", [])
        aliases.set_alias(session, "adder", "uploaded", version)
        aliases.set_alias(session, "adder", "split", make_targets({2: 1, 3: 1}))
    migrate(command.downgrade, empty_url, "0007")
    migrate(command.upgrade, empty_url, NEWEST_REVISION)
    with database.reading() as session:
        served = served_models.read(session, "adder")
    assert list(served.versions) == [4, 3, 2]
    assert {name: targets.version for name, targets in served.aliases.items()} == {"live": 3, "former": 2, "split": 2}
    database.dispose()


def test_a_version_that_older_code_registers_is_served_with_the_files_of_its_run(database, finished_run, make_artifact):
    run_id = finished_run(make_artifact("model.onnx", "a"), make_artifact("signature.json", "b"))
    with database.transaction() as session:
        record = session.get_one(ModelVersionRecord, ("adder", 1))
        record.network_sha256 = record.signature_sha256 = None
    with database.reading() as session:
        version = served_models.read(session, "adder").versions[1]
        assert model_versions.get_version(session, "adder", 1).files == {}
    assert (version.run_id, version.network_sha256, version.signature_sha256) == (run_id, "a" * 64, "b" * 64)


@pytest.fixture
def listen(database):
    """Return the models that a function's transaction reports to other processes."""

    def on_sqlite(function):
        with database.transaction() as session:
            newest = max(session.scalars(select(RegistryChangeRecord.id)), default=0)
            function(session)
        with database.reading() as session:
            later = select(RegistryChangeRecord.model_name).where(RegistryChangeRecord.id > newest)
            return set(session.scalars(later))

    def on_postgresql(function):
        dsn = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("LISTEN trainyard_registry")
            with database.transaction() as session:
                function(session)
            return {notice.payload for notice in connection.notifies(timeout=0.2)}

    return on_sqlite if database.is_sqlite else on_postgresql


def test_each_change_of_the_registry_is_reported_also_what_foreign_keys_delete(finished_run, listen):
    run_ids = [finished_run() for _ in range(4)]
    finished_run(model_name="iris")
    split, shadow = make_targets({1: 1, 2: 1}), make_targets({1: 1, 2: 1}, 3)
    assert listen(lambda session: aliases.set_alias(session, "adder", "live", split)) == {"adder"}
    # Only a row of alias_targets is inserted, updated or deleted, besides the alias's own.
    assert listen(lambda session: aliases.set_alias(session, "adder", "live", shadow)) == {"adder"}
    assert listen(lambda session: aliases.set_alias(session, "iris", "live", 1)) == {"iris"}
    assert listen(lambda session: runs.delete(session, run_ids[3])) == {"adder"}
    assert listen(lambda session: runs.delete(session, run_ids[2], force=True)) == {"adder"}
    assert listen(lambda session: model_versions.register_upload(session, "new", [])) == {"new"}
    assert listen(lambda session: served_models.set_unloaded(session, "iris", is_unloaded=True)) == {"iris"}
    assert listen(lambda session: served_models.set_unloaded(session, "iris", is_unloaded=True)) == set()
    assert listen(lambda session: aliases.set_alias(session, "adder", "live", 2)) == {"adder"}
    assert listen(lambda session: aliases.roll_back(session, "adder", "live")) == {"adder"}
    assert listen(lambda session: aliases.delete_alias(session, "adder", "live")) == {"adder"}
    assert listen(lambda session: runs.create(session, experiment="e", model_name="adder", spec={})) == set()


def test_a_model_of_a_name_with_any_character_is_reported(listen):
    name = "it's \\ 'quoted' é"
    assert listen(lambda session: session.add(ModelRecord(name=name))) == {name}
