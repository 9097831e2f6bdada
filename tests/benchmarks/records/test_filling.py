"""Both databases are filled with the same; of MLflow's there are the tables that its server makes, without the rest."""

import sqlite3
from contextlib import closing

import pytest

from benchmarks.records.curves import count_bytes
from benchmarks.records.filling import ACCURACY, put_curve, put_runs, store_curve, store_runs
from benchmarks.records.samples import KEY, draw_run, draw_samples
from db import metrics
from db.run_search.pages import Search, find_page

TABLES = """
CREATE TABLE runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
    source_version, lifecycle_stage, artifact_uri, experiment_id, deleted_time);
CREATE TABLE metrics ("key", value, timestamp, run_uuid, step, is_nan);
CREATE TABLE latest_metrics ("key", value, timestamp, step, is_nan, run_uuid);
CREATE TABLE params ("key", value, run_uuid);
CREATE TABLE tags ("key", value, run_uuid);
"""


@pytest.fixture
def mlflow_path(tmp_path):
    path = tmp_path / "mlflow.db"
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    connection.close()
    return path


def ask(path, query, *parameters):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, parameters).fetchall()


def test_a_curve_has_the_same_points_on_both_sides(database, mlflow_path):
    run_id = store_curve(database, 1_500, seed=3)
    put = put_curve(mlflow_path, 1_500, seed=3)

    with database.reading() as session:
        (summary,) = metrics.list_keys(session, run_id)
    last = draw_samples(1, 1_500, 3).values[-1]
    assert (summary.key, summary.count, summary.last_step, summary.last) == (KEY, 1_500, 1_500, last)
    query = "SELECT run_uuid, count(*), max(step), (SELECT value FROM latest_metrics) FROM metrics"
    assert ask(mlflow_path, query) == [(put, 1_500, 1_500, last)]


def test_filters_find_the_same_runs_on_both_sides(database, mlflow_path):
    store_runs(database, 0, 20)
    store_runs(database, 20, 30)
    put_runs(mlflow_path, 0, 20)
    put_runs(mlflow_path, 20, 30)

    expected = sum(draw_run(number).accuracy > 0.5 for number in range(30))
    search = Search(filter=f'metrics."{ACCURACY}".best > 0.5 and tags.team in (vision, audio, text)')
    with database.reading() as session:
        found = find_page(session, search, limit=50, cursor=None, is_counted=True)
    assert found.total == expected
    query = "SELECT count(*) FROM latest_metrics WHERE key = ? AND value > 0.5"
    assert ask(mlflow_path, query, ACCURACY) == [(expected,)]


def test_bytes_include_those_of_the_write_ahead_log(tmp_path):
    path = tmp_path / "log.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE texts (text)")
    connection.commit()
    before = count_bytes(path)
    connection.execute("INSERT INTO texts VALUES (?)", ["x" * 100_000])
    connection.commit()

    assert 90_000 < count_bytes(path) - before < 120_000
    connection.close()
