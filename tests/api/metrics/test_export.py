import csv
import io
import json
import math

import duckdb
import numpy as np
import pytest

from api.metrics import export
from api.metrics.export import ExportFormat, Table, quote_key, write_rows
from core.curves.points import Points

NAN, INFINITY = math.nan, math.inf

LOSSES = [1.0, NAN, INFINITY, -INFINITY, 0.1, 1e300, -0.0]


@pytest.fixture
def exported(client, worker):
    """Path of the export of a run with two curves."""
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    worker.report(worker.claim(), train__loss=LOSSES, odd=[2.0])
    return f"/v1/runs/{run_id}/metrics/export"


def read_table(path, kind):
    """Rows as DuckDB reads them without any option."""
    read = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[kind]
    # The times in seconds since 1970: DuckDB's own times need another library.
    query = f"SELECT * REPLACE (epoch_us(time) / 1e6 AS time) FROM {read}('{path}')"  # noqa: S608 - names of this test.
    return duckdb.execute(query).fetchall()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_programs_read_every_point(client, exported, tmp_path, kind):
    answer = client.get(exported, params={"format": kind})
    assert answer.headers["content-disposition"] == f'attachment; filename="{exported.split("/")[3]}.{kind}"'
    path = tmp_path / "points"
    path.write_bytes(answer.content)
    rows = read_table(path, kind)
    assert [row[0] for row in rows] == ["odd"] + ["train/loss"] * 7
    assert [row[1] for row in rows] == [1, *range(1, 8)]
    np.testing.assert_array_equal([row[5] for row in rows[1:]], LOSSES)
    # The run does not say how many steps an epoch has.
    assert {row[2] for row in rows} == {None}
    assert [row[4] for row in rows[1:]] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert [row[3] for row in rows[1:3]] == [0.0, 1.0]


def test_json_lines_have_words_for_what_is_no_number(client, exported):
    rows = list(map(json.loads, client.get(exported, params={"format": "jsonl"}).text.splitlines()))
    assert rows[0] == {
        "key": "odd",
        "step": 1,
        "epoch": None,
        "time": "1970-01-01T00:00:00.000000Z",
        "unix_seconds": 0.0,
        "value": 2.0,
    }
    assert [row["value"] for row in rows[1:5]] == [1.0, "NaN", "Infinity", "-Infinity"]


def test_only_the_named_curves_are_exported(client, exported):
    assert client.get(exported, params={"keys": "odd"}).text.count("\n") == 2
    assert client.get(exported, params={"keys": "train/*"}).text.count("\n") == 8


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_text_is_packed_while_it_is_sent(client, exported, kind):
    plain = client.get(exported, params={"format": kind}, headers={"Accept-Encoding": "identity"})
    packed = client.get(exported, params={"format": kind}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text


@pytest.mark.parametrize("query", ["format=xls", "key=odd"])
def test_an_invalid_query_is_rejected(client, exported, query):
    assert client.get(f"{exported}?{query}").status_code == 422


def test_run_without_points_is_an_empty_table(client):
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    path = f"/v1/runs/{run_id}/metrics/export"
    assert client.get(path).text == "key,step,epoch,time,unix_seconds,value\n"
    assert client.get(path, params={"format": "parquet"}).content.startswith(b"PAR1")
    assert client.get(path.replace(run_id[:8], "00000000")).status_code == 404


def rows_of(tables, format_, tmp_path):
    path = tmp_path / "points"
    path.write_bytes(b"".join(write_rows(iter(tables), format_)))
    return read_table(path, format_)


def make_table(key, num_rows, steps_per_epoch=4):
    steps = np.arange(1, num_rows + 1)
    # Whole and half seconds, which doubles hold exactly at this time.
    return Table(key, Points(steps, steps / 8, 1.75e9 + steps / 2), steps / steps_per_epoch)


@pytest.mark.parametrize("format_", ExportFormat)
def test_parts_of_a_long_curve_are_joined(format_, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 3)
    rows = rows_of([make_table("a", 7), make_table("b", 2)], format_, tmp_path)
    assert [(row[0], row[1]) for row in rows] == [("a", step) for step in range(1, 8)] + [("b", 1), ("b", 2)]
    assert [row[2] for row in rows[:4]] == [0.25, 0.5, 0.75, 1.0]
    assert [row[3] for row in rows[:2]] == [1.75e9 + 0.5, 1.75e9 + 1]


STRANGE = [
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM",
    "\tx",
    "\rx",
    "'x",
    'a,"b"',
    "100%b %s",
    "two\nlines",
    "Verlust ü 😀",
    "",
]


@pytest.mark.parametrize("key", STRANGE)
def test_strange_keys_read_back(key, tmp_path):
    line = b"".join(write_rows(iter([make_table(key, 1)]), ExportFormat.CSV)).decode()
    (row,) = list(csv.reader(io.StringIO(line, newline="")))[1:]
    assert len(row) == 6
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (row[0][1:] if row[0].startswith("'") else row[0]) == key
    for format_ in (ExportFormat.JSONL, ExportFormat.PARQUET):
        assert rows_of([make_table(key, 1)], format_, tmp_path)[0][0] == key


def test_usual_keys_are_not_quoted():
    assert quote_key("epoch/train/loss") == "epoch/train/loss"


def test_steps_beyond_the_whole_numbers_of_doubles_stay_exact(tmp_path):
    points = Points(np.array([2**62 + 1]), np.array([1.0]), np.array([0.0]))
    for format_ in (ExportFormat.CSV, ExportFormat.PARQUET):
        assert rows_of([Table("loss", points, None)], format_, tmp_path)[0][1] == 2**62 + 1
