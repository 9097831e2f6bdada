import duckdb
import pytest


def parquet_bytes(tmp_path, select):
    path = tmp_path / "made.parquet"
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def read_rows(folder):
    return duckdb.read_parquet(str(folder.table)).fetchall()


def types_of(file):
    return {column.name: column.type for column in file.description.columns}


def test_json_lines_keep_the_types_json_gives_them(take, folder):
    file = take('{"a": 1, "b": "007", "c": true}\n\n{"a": 2.5, "d": "2024-01-31"}\n{"b": "NA", "c": null, "a": null}')
    assert file.format == "json_lines"
    assert types_of(file) == {"a": "number", "b": "text", "c": "boolean", "d": "date"}
    rows = duckdb.read_parquet(str(folder.table)).project("a, b, c, d::VARCHAR").fetchall()
    assert rows == [(1.0, "007", True, None), (2.5, None, None, "2024-01-31"), (None, "NA", None, None)]


def test_json_numbers_among_texts_are_text(take):
    assert types_of(take('{"a": 1}\n{"a": "1"}\n')) == {"a": "text"}


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ('{"a": 1}\n{"a": [1]}\n', "nested_values", "Line 2: “a” contains a list"),
        ('{"a": {"b": 1}}\n', "nested_values", "contains an object"),
        ('{"a": 1}\n{"a":\n', "unreadable", "Line 2 is not valid JSON"),
        ('{"a": 1}\n[1]\n', "unreadable", "Line 2 is not an object"),
        ('{"a": NaN}\n', "unreadable", "write null"),
        ("{}\n", "empty", "no keys"),
        ('{"a": 1, "A": 2}\n', "unreadable", "only in case"),
    ],
)
def test_bad_json_lines_are_rejected_with_the_line(refuse, content, code, message):
    refused = refuse(content)
    assert refused.code == code
    assert message in refused.detail


def test_parquet_types_are_mapped_to_column_types(take, tmp_path, folder):
    file = take(
        parquet_bytes(
            tmp_path,
            "SELECT 1::TINYINT AS i, 1.25::DECIMAL(9, 2) AS d, 'NaN'::DOUBLE AS f, true AS b, "
            "DATE '2024-01-31' AS day, TIMESTAMPTZ '2024-01-31 10:00:00+02' AS t, '' AS v, 7::UBIGINT AS u, "
            "18446744073709551615::UBIGINT AS h",
        )
    )
    assert file.format == "parquet"
    assert types_of(file) == {
        "i": "integer",
        "d": "number",
        "f": "number",
        "b": "boolean",
        "day": "date",
        "t": "date",
        "v": "text",
        "u": "integer",
        "h": "text",
    }
    columns = "i, d, f, b, day::VARCHAR, t::VARCHAR, v, u, h"
    rows = duckdb.read_parquet(str(folder.table)).project(columns).fetchall()
    assert rows == [(1, 1.25, None, True, "2024-01-31", "2024-01-31 08:00:00", None, 7, "18446744073709551615")]


def test_parquet_keeps_the_order_of_rows(take, tmp_path, folder):
    take(parquet_bytes(tmp_path, "SELECT (i * 7919) % 300007 AS i FROM range(300007) t(i)"))
    assert read_rows(folder) == [((number * 7919) % 300007,) for number in range(300007)]


@pytest.mark.parametrize(
    ("select", "code", "message"),
    [
        ("SELECT [1, 2] AS a", "nested_values", "“a”"),
        ("SELECT {'x': 1} AS s", "nested_values", "“s”"),
        ("SELECT 'x'::BLOB AS b", "unsupported_type", "“b”"),
        ("SELECT 'inf'::FLOAT AS f", "not_finite", "row 1"),
        ("SELECT 1 AS a WHERE false", "empty", "no rows"),
    ],
)
def test_parquet_that_is_not_a_flat_table_is_rejected_by_column(refuse, tmp_path, select, code, message):
    refused = refuse(parquet_bytes(tmp_path, select))
    assert refused.code == code
    assert message in refused.detail


def test_truncated_parquet_is_rejected_without_naming_paths_on_this_machine(refuse, tmp_path):
    refused = refuse(parquet_bytes(tmp_path, "SELECT * FROM range(1000)")[:-200])
    assert refused.code == "unreadable"
    assert str(tmp_path) not in refused.detail
