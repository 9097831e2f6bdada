import gzip

import duckdb
import pytest

from core.uploads.description import TableDescription, ValueCount


def read_rows(folder):
    return duckdb.read_parquet(str(folder.table)).fetchall()


def column(file, name):
    assert isinstance(file.description, TableDescription)
    found = file.description.column(name)
    assert found is not None
    return found


def types_of(file):
    return {column.name: column.type for column in file.description.columns}


def test_every_column_gets_the_type_that_all_its_values_have(take):
    file = take(
        "id,price,sold,day,moment,post_code,name,mixed,huge\n"
        "1,1.5,true,2024-01-31,2024-01-31T10:00:00+02:00,01234,Ann,1,12345678901234567890\n"
        "-2,2,False,2024-02-01,2024-02-01,10234,Bob,x,1\n"
    )
    assert file.format == "csv"
    assert types_of(file) == {
        "id": "integer",
        "price": "number",
        "sold": "boolean",
        "day": "date",
        "moment": "date",
        "post_code": "text",
        "name": "text",
        "mixed": "text",
        "huge": "text",
    }
    assert column(file, "moment").least == "2024-01-31T08:00:00Z"
    assert column(file, "day").greatest == "2024-02-01"
    assert column(file, "sold").values == (ValueCount(value="false", count=1), ValueCount(value="true", count=1))


def test_statistics_ignore_missing_values(take):
    found = column(take("x,y\n1,a\n3,b\nNA,b\n8,\n"), "x")
    # (1 + 3 + 8) / 3 = 4; the mean of (9, 1, 16) is 26 / 3.
    assert (found.num_missing, found.num_distinct, found.least, found.greatest, found.mean) == (1, 3, 1, 8, 4.0)
    assert found.stddev == pytest.approx((26 / 3) ** 0.5)


def test_values_are_counted_with_the_most_frequent_first(take):
    found = column(take("x,y\n1,a\n3,b\n2,b\n8,\n"), "y")
    assert (found.num_missing, found.num_distinct) == (1, 2)
    assert found.values == (ValueCount(value="b", count=2), ValueCount(value="a", count=1))


def test_rows_keep_their_order_and_their_words(take, folder):
    take("label,x\n <=50K,3\n>50K,1\n<=50K,2\n")
    assert read_rows(folder) == [("<=50K", 3), (">50K", 1), ("<=50K", 2)]


def test_missing_words_become_null(take, folder):
    take('a,b\nNA,1\n?,2\n , NaN\nnull,""\nx,4\n')
    assert read_rows(folder) == [(None, 1), (None, 2), (None, None), (None, None), ("x", 4)]


def test_column_without_any_value_is_kept_and_reported(take):
    file = take("a,b\n1,\n2,NA\n")
    assert column(file, "b").num_missing == 2
    assert any("“b”" in warning.detail for warning in file.warnings)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_delimiter_is_found(take, folder, delimiter):
    take(f'a{delimiter}b\n1{delimiter}"x{delimiter}y"\n')
    assert read_rows(folder) == [(1, f"x{delimiter}y")]


def test_table_without_header_gets_numbered_columns_and_a_warning(take, folder):
    file = take("5.1,3.5,setosa\n4.9,3.0,virginica\n")
    assert list(types_of(file)) == ["column_1", "column_2", "column_3"]
    assert len(read_rows(folder)) == 2
    assert "column_1" in file.warnings[0].detail


def test_blank_and_repeated_names_are_made_unique(take):
    file = take("a,,A,column_2\n1,2,3,4\n")
    assert list(types_of(file)) == ["a", "column_2_2", "A_2", "column_2"]
    assert "renamed" in file.warnings[0].detail


def test_one_column_keeps_its_blank_lines_as_missing(take, folder):
    take("a\n1\n\n2\n")
    assert read_rows(folder) == [(1,), (None,), (2,)]


@pytest.mark.parametrize(
    "content",
    [
        "name,n\nJürgen,1\n".encode("utf-8-sig"),
        "name,n\nJürgen,1\n".encode("utf-16"),
        "name,n\nJürgen,1\n".encode("utf-16-le"),
        "name,n\nJürgen,1\n".encode("latin-1"),
        "name,n\r\nJürgen,1\r\n".encode(),
        "name,n\rJürgen,1\r".encode(),
        gzip.compress("name,n\nJürgen,1\n".encode()),
    ],
    ids=["utf-8 with mark", "utf-16", "utf-16 without mark", "latin-1", "windows lines", "mac lines", "gzip"],
)
def test_text_is_read_in_any_common_encoding(take, folder, content):
    file = take(content)
    assert types_of(file) == {"name": "text", "n": "integer"}
    assert read_rows(folder) == [("Jürgen", 1)]


def test_dates_with_an_ambiguous_order_stay_text_and_are_reported(take):
    file = take("day,x\n3.12.2024,1\n1.2.2024,2\n")
    assert types_of(file)["day"] == "text"
    assert "2024-12-03 (%d.%m.%Y) or 2024-03-12 (%m.%d.%Y)" in file.warnings[0].detail


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("a,b\n1,2\n3\n", "ragged_rows", "line 3: got 1 fields"),
        ("a,b\n1,2,3\n", "ragged_rows", "line 2: got 3 fields"),
        ('a,b\n1,"2\n3,4\n', "unreadable", "line 2: a quoted field"),
        ("a,b\n", "empty", "no rows"),
        ("", "empty", "empty"),
        (" \n\n", "empty", "empty"),
        (b"a,b\n1,2\n1,\x00\n", "unreadable", "Line 3 contains a NUL"),
        ("a,b\nü,1\n".encode() + b"\xfc,2\n", "mixed_encodings", "Line 3"),
        ("a" * 2_100_000, "too_large", "Line 1"),
        ("x," * 10_001 + "x\n", "too_many_columns", "10,002"),
        ("x\n1\ninf\n", "not_finite", "row 2"),
        ("x" * 201 + ",b\n1,2\n", "unreadable", "201 characters"),
        ("__trainyard_split__,b\n1,2\n", "unreadable", "reserved"),
    ],
)
def test_bad_tables_are_rejected_with_the_line(refuse, content, code, message):
    refused = refuse(content)
    assert refused.code == code
    assert message in refused.detail


def test_table_over_the_limit_of_bytes_is_rejected(refuse):
    rows = "".join(f"{number},{number * 7919 % 104729}\n" for number in range(200_000))
    assert refuse("a,b\n" + rows, max_bytes=1_000_000).code == "too_large"


def test_table_too_wide_for_the_memory_is_rejected(refuse):
    names = ",".join(f"c{number}" for number in range(2_000))
    assert refuse(f"{names}\n{names}\n", memory_bytes=64 * 1024**2).code == "too_many_columns"


@pytest.mark.parametrize("text", ["NA ", "\tNA", "\u200b", '" ? "'])
def test_values_are_trimmed_and_then_missing_in_wide_tables_as_well(take, folder, text):
    names = [f"c{number}" for number in range(180)]
    rows = [names, [" 7 "] * 179 + [text], ["8"] * 180]
    file = take("\n".join(map(",".join, rows)), memory_bytes=64 * 1024**2)
    assert read_rows(folder) == [(7,) * 179 + (None,), (8,) * 180]
    assert file.description.columns[179].num_missing == 1


@pytest.mark.parametrize("text", ["NA ", " NA", '"NA "', "   ", "\t", "\xa0?", "\u3000", "\u200bnull\ufeff", '""'])
def test_values_are_trimmed_before_they_are_compared_with_missing_words(take, folder, text):
    take(f"a,b\n1 ,x\n{text},y\n\xa02\t,z\n")
    assert read_rows(folder) == [(1, "x"), (None, "y"), (2, "z")]
