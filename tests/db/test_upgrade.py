import math
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, column, delete, inspect, select, table, text, update

from core.api_keys import Scope
from core.errors import Conflict, DatabaseNewer, DatabaseUnavailable, InvalidSetup
from core.notices import Notice
from core.progress import MetricBatch
from core.settings import load_settings
from core.uploads.description import DescriptionFile, TableDescription
from core.workers import WorkerHealth, WorkerState
from db import api_keys, datasets, metrics, runs, workers
from db.claims import claim_run
from db.points import list_series, read_points
from db.records.datasets import RunDatasetRecord
from db.records.runs import RunNumberRecord, RunRecord, RunTagRecord, RunTextRecord, RunWordRecord
from db.records.schema import METADATA
from db.records.service import CompatibilityRecord
from db.run_search import indexing
from db.run_search.pages import Search, find_page
from db.session import Database
from db.upgrade import KNOWN_REVISIONS, NEWEST_REVISION, VERSION_TABLE, check_database, read_revision, upgrade_database

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """URL of a database without tables; the SQLite file and its folder do not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / 'trainyard.db'}"
    return request.getfixturevalue("empty_postgresql_url")


def set_revision(url, revision, oldest_revision=NEWEST_REVISION):
    """Set the revision, as a migration of a later version does."""
    database = Database(url)
    with database.transaction() as session:
        session.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num=revision))
        session.execute(delete(CompatibilityRecord))
        session.add(CompatibilityRecord(oldest_revision=oldest_revision))
    database.dispose()


def alembic_config():
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def tables(url):
    database = Database(url)
    with database.reading() as session:
        found = set(inspect(session.connection()).get_table_names())
    database.dispose()
    return found


def test_empty_database_gets_every_table(empty_url):
    upgrade_database(empty_url)
    assert tables(empty_url) == {*METADATA.tables, VERSION_TABLE}
    check_database(empty_url)


def test_migrations_make_exactly_the_tables_of_the_records(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_migrations_name_every_check_as_the_records_do(database):
    with database.reading() as session:
        found = inspect(session.connection()).get_check_constraints("runs")
    named = {
        constraint.name for constraint in RunRecord.__table__.constraints if isinstance(constraint, CheckConstraint)
    }
    assert {check["name"] for check in found} == named


def test_known_revisions_are_those_of_the_files():
    scripts = ScriptDirectory.from_config(alembic_config())
    in_order = [script.revision for script in scripts.walk_revisions()][::-1]
    assert tuple(in_order) == KNOWN_REVISIONS
    assert scripts.get_current_head() == NEWEST_REVISION


def make_database_of(revision, url, monkeypatch):
    """Make a database of an earlier revision that holds a run; returns its id."""
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", url)
    load_settings.cache_clear()
    try:
        upgrade_database(url)
        database = Database(url)
        with database.transaction() as session:
            run_id = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 7}).id
        database.dispose()
        command.downgrade(alembic_config(), revision)
    finally:
        load_settings.cache_clear()
    return run_id


def columns_of_runs(url):
    database = Database(url)
    with database.reading() as session:
        found = {column["name"] for column in inspect(session.connection()).get_columns("runs")}
    database.dispose()
    return found


def test_a_database_of_before_keys_keeps_what_it_has(empty_url, monkeypatch):
    run_id = make_database_of("0001", empty_url, monkeypatch)
    assert "api_keys" not in tables(empty_url)
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.transaction() as session:
        assert runs.get(session, run_id).spec == {"seed": 7}
        assert api_keys.list_keys(session) == []
        api_keys.create(session, name="ci", scopes=[Scope.READ])
    database.dispose()


@pytest.mark.parametrize("revision", KNOWN_REVISIONS[:-1])
def test_a_database_of_an_earlier_revision_keeps_its_runs_and_takes_reports_of_workers(
    empty_url, revision, monkeypatch
):
    run_id = make_database_of(revision, empty_url, monkeypatch)
    assert ("workers" in tables(empty_url)) == (revision >= "0005")
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.transaction() as session:
        assert runs.get(session, run_id).spec == {"seed": 7}
        workers.report(session, "host:1", "host", WorkerHealth(WorkerState.READY, 1, 1))
    with database.reading() as session:
        assert [worker.name for worker in workers.look(session).live] == ["host:1"]
    database.dispose()


def test_a_database_of_before_readings_keeps_its_uploads_and_what_runs_use_of_them(empty_url, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", empty_url)
    load_settings.cache_clear()
    described = DescriptionFile(format="csv", description=TableDescription(num_rows=3, columns=()))
    stored = {"name": "flowers", "num_bytes": 7, "described": described, "summary": "3 rows"}
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.transaction() as session:
        run_ids = [runs.create(session, experiment="e", model_name="m", spec={"seed": seed}).id for seed in range(2)]
        datasets.add(session, sha256="a" * 64, **stored)
        datasets.add(session, sha256="a" * 64, reading="0" * 16, **stored)
        for number, run_id in enumerate(run_ids, start=1):
            datasets.use(session, run_id, "flowers", number)
    database.dispose()
    try:
        command.downgrade(alembic_config(), "0005")
    finally:
        load_settings.cache_clear()
    upgrade_database(empty_url)
    with database.transaction() as session:
        # Older code knows no readings with options, so going back took that version.
        (kept,) = datasets.list_versions(session, "flowers")
        assert (kept.version, kept.sha256, kept.reading, kept.key) == (1, "a" * 64, "", "a" * 64)
        assert [use.run_id for use in session.scalars(select(RunDatasetRecord))] == run_ids[:1]
        assert datasets.add(session, sha256="a" * 64, reading="0" * 16, **stored)[1]
    with pytest.raises(Conflict, match=str(run_ids[0])), database.transaction() as session:
        datasets.delete_version(session, "flowers", 1)
    database.dispose()


def test_a_run_of_before_warnings_has_none_and_a_new_one_keeps_them(empty_url, monkeypatch):
    run_id = make_database_of("0006", empty_url, monkeypatch)
    assert not {"spec_warnings", "attempt_warnings"} & columns_of_runs(empty_url)
    upgrade_database(empty_url)
    notice = Notice("rows_dropped", "/dataset/target", "2 rows are left out.")
    database = Database(empty_url)
    with database.transaction() as session:
        assert runs.get(session, run_id).warnings == ()
        new_id = runs.create(session, experiment="trials", model_name="adder", spec={}, warnings=[notice]).id
    with database.reading() as session:
        assert runs.get(session, new_id).warnings == (notice,)
    database.dispose()


def make_database_with_curves(url, keys):
    """Make a database of the newest revision with a run and its curves; returns the id of the run."""
    upgrade_database(url)
    database = Database(url)
    batches = [MetricBatch(key=key, steps=(1, 2, 3), values=(0.5, 0.25, 2.0), times=(1.0, 2.0, 3.0)) for key in keys]
    with database.transaction() as session:
        run_id = runs.create(session, experiment="trials", model_name="adder", spec={"seed": 7}).id
        metrics.append(session, run_id, batches)
    database.dispose()
    return run_id


def downgrade(url, revision, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", url)
    load_settings.cache_clear()
    try:
        command.downgrade(alembic_config(), revision)
    finally:
        load_settings.cache_clear()


def test_curves_of_before_best_values_get_them(empty_url, monkeypatch):
    keys = ("loss", "epoch/validation/loss", "test/accuracy", "train/gradient_norm/accuracy_loss")
    run_id = make_database_with_curves(empty_url, keys)
    downgrade(empty_url, "0010", monkeypatch)
    assert "notes" not in columns_of_runs(empty_url)
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.reading() as session:
        found = {summary.key: (summary.best, summary.best_step) for summary in metrics.list_keys(session, run_id)}
        run = runs.get(session, run_id)
        assert (run.notes, run.priority, run.submitted_by, run.source_run_id) == (None, 0, None, None)
    assert found == dict(zip(keys, [(0.25, 2), (0.25, 2), (2.0, 3), (None, None)], strict=True))
    database.dispose()


def test_a_run_of_before_traces_has_none_and_a_new_one_keeps_its_own(empty_url, monkeypatch):
    run_id = make_database_of("0011", empty_url, monkeypatch)
    assert "traceparent" not in columns_of_runs(empty_url)
    upgrade_database(empty_url)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    database = Database(empty_url)
    with database.transaction() as session:
        assert runs.get(session, run_id).traceparent is None
        runs.create(session, experiment="trials", model_name="adder", spec={}, traceparent=traceparent)
        assert {claim_run(session, owner="w", lease_seconds=60).traceparent for _ in range(2)} == {None, traceparent}
    database.dispose()


@pytest.mark.parametrize("revision", KNOWN_REVISIONS[: KNOWN_REVISIONS.index("0012")])
def test_points_of_before_chunks_are_read_as_before_and_further_ones_are_appended(empty_url, revision, monkeypatch):
    run_id = make_database_with_curves(empty_url, ["train/loss"])
    downgrade(empty_url, revision, monkeypatch)
    assert "metric_chunks" not in tables(empty_url)
    database = Database(empty_url)
    with database.transaction() as session:
        # As revisions before this one stored them: a row for each point, and NaN as NULL.
        stored = session.execute(text("SELECT step, value, unix_seconds FROM metric_points ORDER BY step")).all()
        assert [tuple(row) for row in stored] == [(1, 0.5, 1.0), (2, 0.25, 2.0), (3, 2.0, 3.0)]
        session.execute(text("UPDATE metric_points SET value = NULL WHERE step = 1"))
    upgrade_database(empty_url)
    with database.reading() as session:
        (points,) = read_points(session, list_series(session, [run_id]))
        assert (points.steps.tolist(), points.values.tolist()[1:]) == ([1, 2, 3], [0.25, 2.0])
        assert math.isnan(points.values[0])
        assert points.times.tolist() == [1.0, 2.0, 3.0]
    with database.transaction() as session:
        metrics.append(session, run_id, [MetricBatch("train/loss", (3, 4), (0.125, 8.0), (5.0, 6.0))])
        (summary,) = metrics.list_keys(session, run_id)
        assert (summary.count, summary.min, summary.min_step, summary.best) == (4, 0.125, 3, 0.125)
        (points,) = read_points(session, list_series(session, [run_id]))
        assert (points.steps.tolist(), points.values.tolist()[1:]) == ([1, 2, 3, 4], [0.25, 0.125, 8.0])
        assert session.scalar(text("SELECT count(*) FROM metric_points")) == 0
    database.dispose()


def test_curves_of_before_chunks_can_be_cut_and_deleted(empty_url, monkeypatch):
    run_id = make_database_with_curves(empty_url, ["train/loss", "train/accuracy"])
    downgrade(empty_url, "0011", monkeypatch)
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.transaction() as session:
        summaries = metrics.truncate_after(session, run_id, 2)
        assert [(found.count, found.last, found.max) for found in summaries] == [(2, 0.25, 0.5)] * 2
        metrics.delete_all(session, run_id)
        assert metrics.list_keys(session, run_id) == []
        for name in ("metric_points", "metric_chunks", "metric_rollups"):
            assert session.scalar(text(f"SELECT count(*) FROM {name}")) == 0  # noqa: S608 - a table's name.
    database.dispose()


@pytest.mark.parametrize("revision", ["0011", KNOWN_REVISIONS[KNOWN_REVISIONS.index("0013") - 1]])
def test_runs_of_before_the_tables_that_find_them_are_found(empty_url, revision, monkeypatch):
    make_database_of(revision, empty_url, monkeypatch)
    database = Database(empty_url)
    with database.transaction() as session:
        spec = {"a": {"b": 0.5, "c": "d" * 300, "e": [1], "f": True}, "seed": 7}
        session.execute(update(RunRecord).values(tags={"team": "Vision", "x": "ü"}, notes="It's done", spec=spec))
    upgrade_database(empty_url)
    with database.transaction() as session:
        kinds = (RunTagRecord, RunWordRecord, RunNumberRecord, RunTextRecord)
        filled = [set(map(tuple, session.execute(select(kind.__table__)))) for kind in kinds]
        assert all(filled)
        (record,) = session.scalars(select(RunRecord))
        # The migration fills the tables as the code of this revision does.
        for kind in kinds:
            session.execute(delete(kind))
        indexing.add(session, [record])
        assert [set(map(tuple, session.execute(select(kind.__table__)))) for kind in kinds] == filled
        search = Search(filter="tags.team = Vision and spec.a.b < 1", find="done u")
        assert find_page(session, search, limit=9).ids == [record.id]
    database.dispose()


def test_upgrading_again_changes_nothing_and_needs_no_alembic(database_url):
    code = (
        "import sys\n"
        "from db.upgrade import check_database, upgrade_database\n"
        "upgrade_database(sys.argv[1])\n"
        "check_database(sys.argv[1])\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, database_url], check=True, timeout=60)


def test_processes_that_start_at_once_make_the_tables_once(empty_url):
    code = (
        "import sys\n"
        "from db.upgrade import check_database, upgrade_database\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "upgrade_database(sys.argv[1])\n"
        "check_database(sys.argv[1])\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    database = Database(empty_url)
    with database.reading() as session:
        assert read_revision(session.connection()) == NEWEST_REVISION
    database.dispose()


def test_database_that_a_newer_version_only_added_to_can_still_be_used(empty_url):
    upgrade_database(empty_url)
    set_revision(empty_url, "9999", oldest_revision=NEWEST_REVISION)
    check_database(empty_url)
    upgrade_database(empty_url)
    database = Database(empty_url)
    with database.reading() as session:
        assert read_revision(session.connection()) == "9999"
    database.dispose()


def test_database_that_needs_newer_code_is_rejected_and_left_unchanged(empty_url):
    upgrade_database(empty_url)
    set_revision(empty_url, "9999", oldest_revision="9998")
    with pytest.raises(DatabaseNewer, match=r"revision 9999.*code for revision 9998"):
        upgrade_database(empty_url)
    with pytest.raises(DatabaseNewer, match="revision 9999"):
        check_database(empty_url)


def test_the_newest_tables_suit_code_that_knows_revision_0017(database):
    # Later revisions only add. A migration that older code cannot work with raises the number.
    with database.reading() as session:
        assert session.scalars(select(CompatibilityRecord.oldest_revision)).all() == ["0017"]


def test_check_rejects_a_database_without_tables(empty_url):
    with pytest.raises(InvalidSetup, match="python -m launch migrate"):
        check_database(empty_url)


def test_check_makes_no_file(tmp_path):
    with pytest.raises(InvalidSetup, match="does not exist"):
        check_database(f"sqlite:///{tmp_path / 'trainyard.db'}")
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_no_database_is_rejected(tmp_path):
    path = tmp_path / "trainyard.db"
    path.write_bytes(b"these are not tables" * 100)
    with pytest.raises(InvalidSetup, match="not a database"):
        upgrade_database(f"sqlite:///{path}")
    assert path.read_bytes() == b"these are not tables" * 100


def test_folder_that_cannot_be_made_is_rejected(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSetup, match="cannot be set up"):
        upgrade_database(f"sqlite:///{tmp_path / 'file' / 'trainyard.db'}")


def test_unreachable_server_is_unavailable_in_one_line():
    with pytest.raises(DatabaseUnavailable) as caught:
        upgrade_database("postgresql://someone:secret@127.0.0.1:1/nothing")
    assert "\n" not in caught.value.detail
    assert "secret" not in caught.value.detail


def test_sqlite_file_is_in_wal_mode(sqlite_url):
    database = Database(sqlite_url)
    with database.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    database.dispose()


def test_command_line_upgrades_and_downgrades(empty_url, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", empty_url)
    load_settings.cache_clear()
    try:
        upgrade_database(empty_url)
        command.downgrade(alembic_config(), "base")
        assert tables(empty_url) == {VERSION_TABLE}
        command.upgrade(alembic_config(), "head")
        check_database(empty_url)
    finally:
        load_settings.cache_clear()
