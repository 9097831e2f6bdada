"""Reports about files that were read wrongly: quotes, delimiters, headers, lost rows."""

from tests.compatibility.bench import Bench, report


@report("pola-rs/polars#21519", "pola-rs/polars#1528")
def a_quote_within_a_field_is_a_character(bench: Bench) -> None:
    table = bench.read('n,last,first\n1,Jagger,Mick\n2,O"Brian,Mary\n3,abc",Keith\n4,Watts,D"Shawn\n')
    assert table.rows == [(1, "Jagger", "Mick"), (2, 'O"Brian', "Mary"), (3, 'abc"', "Keith"), (4, "Watts", 'D"Shawn')]


@report("pola-rs/polars#22312", "pola-rs/polars#10575", "pola-rs/polars#22816")
def text_after_a_closing_quote_is_refused_and_the_option_named(bench: Bench) -> None:
    content = 'subject\ttitle\njava\tLorem ipsum\npython\t"Lorem Ipsum" dolor sit\n'
    refused = bench.refuse(content)
    assert "line 3" in refused.detail
    assert "set quotechar to none" in refused.detail
    assert bench.read(content, quotechar="none").rows[1] == ("python", '"Lorem Ipsum" dolor sit')
    assert "line 3" in bench.refuse('a,b\n"1","UNIT"\n"2","LAND " CO."\n').detail
    assert "line 2" in bench.refuse('a,b\nfoo,"" aaaa ",""\n').detail


@report("apple/turicreate#1692", "pola-rs/polars#12440")
def a_quote_without_an_end_is_refused(bench: Bench) -> None:
    assert bench.refuse('a,b\n"a","b"\n"c","d\n').code == "unreadable"
    table = bench.read('#"Comment\nColA\tColB\n1\t2\n3\t4\n', delimiter="\t", skip_rows=1)
    assert table.rows == [(1, 2), (3, 4)]


@report("h2oai/h2o-3#2784")
def doubled_quotes_lose_no_row(bench: Bench) -> None:
    table = bench.read('a,b\n"x ""y"" z",1\n"p",2\n"q ""r""",3\n')
    assert table.rows == [('x "y" z', 1), ("p", 2), ('q "r"', 3)]


@report("duckdb/duckdb#16251")
def the_first_quote_may_come_after_thousands_of_rows(bench: Bench) -> None:
    table = bench.read("id,value\n" + "".join(f"{number},a\n" for number in range(3000)) + '3000,""","\n')
    assert table.rows[-1] == (3000, '",')


@report("pola-rs/polars#5906", "pola-rs/polars#2863")
def quoted_fields_are_numbers_too_and_their_words_may_be_missing(bench: Bench) -> None:
    table = bench.read('"a","b"\n"1","x"\n"","y"\n"NA","z"\n"3","z"\n')
    assert table.rows == [(1, "x"), (None, "y"), (None, "z"), (3, "z")]


@report("duckdb/duckdb#25827")
def no_row_is_skipped_because_a_later_one_has_another_delimiter(bench: Bench) -> None:
    assert bench.read("c0\nv0\na;b\n").rows == [("v0",), ("a;b",)]
    refused = bench.refuse("a,b\n" + "1,2\n" * 1000 + "1,2,3\n" * 3000)
    assert refused.detail.startswith("The file, line 1002: got 3 fields, expected 2")


@report("duckdb/duckdb#18403", "duckdb/duckdb#9343", "pola-rs/polars#1974")
def rows_wider_than_the_header_are_refused(bench: Bench) -> None:
    price = "id,ts,price,volume,side\n1,1748,0.68,239.6,sell,0\n2,1749,0.69,106.0,sell,0\n"
    for content in (price, "one,two,three\n1,2,3,4\n1,2,3\n\n1,2,3\n", "foo\tbar\n\t1000011\t1\n\t1000026\t2\n"):
        assert bench.refuse(content).detail.startswith("The file, line 2: got")


@report("duckdb/duckdb#16760")
def a_name_may_have_a_line_break(bench: Bench) -> None:
    table = bench.read(',,\nx,y,"test\n123"\na,b,c\n1,2,3\n', skip_rows=1, header=True)
    assert (list(table.types), table.rows) == (["x", "y", "test 123"], [("a", "b", "c"), ("1", "2", "3")])


@report("duckdb/duckdb#15576", "duckdb/duckdb#14115")
def the_delimiter_is_the_one_that_makes_lines_even(bench: Bench) -> None:
    table = bench.read('Estrazione del 2025-01-06\nid;Gestore;Note\n1;A;"x|y"\n2;B;z\n3;C;w|w\n')
    assert table.rows == [(1, "A", "x|y"), (2, "B", "z"), (3, "C", "w|w")]
    assert "lines_skipped" in table.codes
    assert list(bench.read("name|note\nann|a, b\nbob|c, d\n").types) == ["name", "note"]


@report("duckdb/duckdb#6011")
def a_file_whose_header_is_no_header_has_a_first_row_of_words(bench: Bench) -> None:
    content = "category_id|name\n1|Action\n2|Animation\n3|Children\n"
    assert bench.read(content).rows[0] == (1, "Action")
    assert bench.read(content, header=False).rows[0] == ("category_id", "name")


@report("ckan/datapusher#74", "whitfin/s3-concat#3")
def a_header_that_comes_again_is_told(bench: Bench) -> None:
    part = "name,n\n" + "".join(f"p{number},{number % 3}\n" for number in range(20))
    table = bench.read(part + part)
    assert list(table.types) == ["name", "n"]
    details = [notice.detail for notice in table.warnings]
    assert "it comes again in a later line, as in files that were joined" in details[0]
    assert details[1].startswith("Column “n” has numbers but for 1 of 41 values, such as “n”")
