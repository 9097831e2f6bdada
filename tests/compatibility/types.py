"""Reports about values that were read as another type, or as another value."""

from datetime import date

from tests.compatibility.bench import Bench, report


@report("wireservice/csvkit#977", "apache/arrow#46853", "sdv-dev/SDV#2780")
def leading_zeros_stay(bench: Bench) -> None:
    table = bench.read("zip,code,n\n01234,00,1\n90210,01,2\n02139,10,3\n")
    assert table.types == {"zip": "text", "code": "text", "n": "integer"}
    assert table.rows[0] == ("01234", "00", 1)


@report("pandas-dev/pandas#14301", "pandas-dev/pandas#19402", "pandas-dev/pandas#25847", "pandas-dev/pandas#2586")
def day_and_month_have_one_order_in_a_column(bench: Bench) -> None:
    table = bench.read("at,n\n10/9/2016,1\n03/05/2011,2\n30/9/2016,3\n")
    assert [row[0] for row in table.rows] == [date(2016, 9, 10), date(2011, 5, 3), date(2016, 9, 30)]
    assert table.codes == {"read_as_date"}
    table = bench.read("at,n\n27.03.2003 14:55:00.000,1\n03.08.2003 15:20:00.000,2\n")
    assert [row[0].isoformat() for row in table.rows] == ["2003-03-27T14:55:00", "2003-08-03T15:20:00"]


@report("pandas-dev/pandas#26304", "pandas-dev/pandas#12585", "pandas-dev/pandas#13063")
def an_order_of_day_and_month_that_nothing_shows_is_not_guessed(bench: Bench) -> None:
    table = bench.read("at,n\n12.01.2017 17:18,1\n01.02.2017 11:12,2\n")
    assert table.types["at"] == "text"
    assert "Set its date_format" in table.warnings[0].detail
    assert bench.read("at,n\n04/10/96,1\n15/07/97,2\n", date_format="%d/%m/%y").rows[0] == (date(1996, 10, 4), 1)


@report("pandas-dev/pandas#53355")
def dates_in_several_forms_are_text_and_told(bench: Bench) -> None:
    table = bench.read("at,n\n18/04/1995,1\n07/06/2006,2\n2038-01-19 03:14:08,3\n")
    assert (table.types["at"], table.codes) == ("text", {"read_as_text"})


@report("pola-rs/polars#3429", "pola-rs/polars#4011", "pola-rs/polars#9508")
def dates_without_zeros_in_quotes_or_after_spaces_are_not_null(bench: Bench) -> None:
    table = bench.read(
        '"a"\t"b"\t"c"\n"2021-1-1"\t"2018-06-19"\t 02/28/2020\n"2021-10-10"\t"2018-06-26"\t 02/27/2020\n'
    )
    assert table.rows[0] == (date(2021, 1, 1), date(2018, 6, 19), date(2020, 2, 28))
    assert all(column.num_missing == 0 for column in table.description.columns)


@report("pola-rs/polars#14064", "pola-rs/polars#10826")
def one_date_makes_no_column_of_dates(bench: Bench) -> None:
    table = bench.read("d,n\n2020-01-01,1\nbanana,2\n,3\nxxx,4\n")
    assert [row[0] for row in table.rows] == ["2020-01-01", "banana", None, "xxx"]
    refused = bench.refuse("d,n\n2023-01-01,1\nX,2\n", columns={"d": {"type": "date"}})
    assert "row 2 of the data has “X”" in refused.detail


@report("h2oai/h2o-3#15588")
def dates_stay_dates(bench: Bench) -> None:
    table = bench.read("d,y\n2024-01-31,1\n2024-02-01,2\n")
    assert table.rows[0] == (date(2024, 1, 31), 1)
    # The day after the first, in February, the first of its month, a Thursday.
    assert table.train(target="y", task="regression").ask({"d": "2024-02-01"}) == [[1, 2, 1, 3]]


@report("BEXIS2/Core#2316", "frictionlessdata/datapackage-ui#266")
def whole_numbers_that_could_be_days_are_told(bench: Bench) -> None:
    content = "d,n\n20240131,1\n20240201,2\n20231231,3\n"
    table = bench.read(content)
    assert table.types["d"] == "integer"
    assert "set its date_format to %Y%m%d" in table.warnings[0].detail
    assert bench.read(content, columns={"d": {"date_format": "%Y%m%d"}}).rows[0] == (date(2024, 1, 31), 1)
    assert bench.read(content.replace("20231231", "20231331")).codes == set()
    assert bench.read(content, columns={"d": {"type": "integer"}}).codes == set()


@report("pandas-dev/pandas#32134", "pandas-dev/pandas#32453", "pandas-dev/pandas#48170", "pandas-dev/pandas#11612")
def whole_numbers_next_to_missing_ones_are_exact(bench: Bench) -> None:
    table = bench.read("a,b\n,1577134800018164904\n1577134800018226901,-9223372036854775808\n,9223372036854775807\n")
    assert table.types == {"a": "integer", "b": "integer"}
    assert table.rows[1] == (1577134800018226901, -(2**63))
    assert table.codes == set()


@report("pandas-dev/pandas#5697", "pandas-dev/pandas#52505", "pandas-dev/pandas#56678")
def whole_numbers_beyond_64_bits_are_text_and_told(bench: Bench) -> None:
    table = bench.read("a,b\n2023552585717888193,18446744073709551615\n1111111111111111111,1\n")
    assert table.rows[0] == (2023552585717888193, "18446744073709551615")
    assert table.codes == {"read_as_text"}


@report("pandas-dev/pandas#2697")
def long_whole_numbers_among_others_that_lose_digits_are_told(bench: Bench) -> None:
    table = bench.read("id,n\n135217135789158401,1\n1352171357E+5,2\n")
    assert table.rows[0][0] == 135217135789158400.0
    assert [notice.code for notice in table.warnings] == ["digits_lost"]
    assert "“135217135789158401”, which became 135217135789158400" in table.warnings[0].detail
    table = bench.read("id,n\n135217135789158401,1\n1352171357E+5,2\n", columns={"id": {"type": "text"}})
    assert (table.rows[0][0], table.codes) == ("135217135789158401", set())


@report("pandas-dev/pandas#12340")
def numbers_that_float64_holds_keep_their_digits(bench: Bench) -> None:
    table = bench.read("id,n\n6144039378640938.000000,1\n6145000614092842.000000,2\n0.1000000000000000055511,3\n")
    assert (table.rows[0][0], table.codes) == (6144039378640938.0, set())


@report("autogluon/autogluon#2509", "autogluon/autogluon#2443")
def infinite_numbers_are_refused_with_their_row(bench: Bench) -> None:
    assert "first in row 2 of the data" in bench.refuse("x,label\n1,1\n2,inf\n3,2\n").detail


@report("autogluon/autogluon#3017")
def labels_that_are_whole_and_written_alike_or_not_are_one_type(bench: Bench) -> None:
    table = bench.read("y,n\n0,1\n1,2\n3.0,3\n")
    assert table.shape(target="y", task="classification", split={}).class_labels == (0, 1, 3)


@report("dotnet/machinelearning#5235")
def words_among_numbers_are_told(bench: Bench) -> None:
    rows = "".join(f"{'<1.0' if number % 6 == 0 else number / 2},{number}\n" for number in range(30))
    table = bench.read("v,n\n" + rows)
    assert table.types["v"] == "text"
    assert "numbers_as_text" in [notice.code for notice in table.shape(target="n", split={}).warnings]
    table = bench.read("v,n\n" + rows, missing_words=["<1.0"])
    assert table.types["v"] == "number"


@report("duckdb/duckdb#429", "pola-rs/polars#11455", "apple/turicreate#1528", "obiba/opal#2697")
def texts_that_look_alike_are_told(bench: Bench) -> None:
    rows = "".join(f"{text},{text}\n" for text in ("caf\u00e9", "cafe\u0301", "Cree", "cree", "x") * 6)
    shape = bench.read("a,y\n" + rows).shape(target="y", split={})
    alike = [notice for notice in shape.warnings if notice.code == "values_look_alike"]
    assert [notice.pointer for notice in alike] == ["/dataset/target", "/dataset/columns/a"]
    assert "'Cree' and 'cree'" in alike[0].detail
    assert "'cafe\\u0301'" in alike[0].detail
