import duckdb
import pytest

from core.uploads.reading import ReadingOptions


def read_rows(folder):
    return duckdb.read_parquet(str(folder.table)).fetchall()


def names_of(file):
    return [column.name for column in file.description.columns]


def found_in(file):
    return {finding.option: (finding.value, finding.sureness) for finding in file.findings}


@pytest.mark.parametrize(
    "content",
    [
        b"sep=;\r\nx;y\r\n1;2\r\n",
        b'"sep=;"\nx;y\n1;2\n',
        b"SEP=;\nx;y\n1;2\n",
        b"sep=;;\nx;y\n1;2\n",
        b"\xef\xbb\xbfsep=;\nx;y\n1;2\n",
        "sep=;\r\nx;y\r\n1;2\r\n".encode("utf-16"),
        "sep=\t\r\nx\ty\r\n1\t2\r\n".encode("utf-16"),
        b"sep=\\t\nx\ty\n1\t2\n",
        b"sep=,\n\nx,y\n1,2\n",
    ],
    ids=["excel", "quoted", "capitals", "as wide as the table", "mark", "utf-16", "tab", "\\t", "then a blank line"],
)
def test_the_line_with_which_excel_declares_the_delimiter_is_heeded(take, folder, content):
    file = take(content)
    assert (names_of(file), read_rows(folder)) == (["x", "y"], [(1, 2)])
    assert found_in(file)["delimiter"][1] == "certain"
    assert file.warnings == ()


def test_a_declared_delimiter_is_heeded_where_another_would_be_guessed(take):
    file = take("sep=;\na,b;c,d\n1,5;2,5\n3,5;4,5\n")
    assert names_of(file) == ["a,b", "c,d"]
    assert names_of(take("sep=;\na,b;c,d\n1;2\n", options=ReadingOptions(delimiter=";"))) == ["a,b", "c,d"]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0c", "\x0b", "\x1c", "\x1d", "\x1e"])
def test_only_line_feeds_end_lines(take, folder, mark):
    rows = "".join(f"{number};some{mark}words, {number};{'ab'[number % 2]}\n" for number in range(4))
    file = take(f"id;text;label\n{rows}")
    assert names_of(file) == ["id", "text", "label"]
    assert read_rows(folder)[1] == (1, f"some{mark}words, 1", "b")
    assert file.description.num_rows == 4


def test_a_carriage_return_is_part_of_a_quoted_field(take, refuse, folder):
    take(b'a,b\r\n"x\ry",2\r\n"z\r\nw",3\r\n')
    assert read_rows(folder) == [("x\ry", 2), ("z\nw", 3)]
    assert "carriage return" in refuse(b"a,b\nx\ry,2\nz,3\n").detail


def test_old_mac_lines_are_converted_however_long_the_text(take):
    assert take(b"a,b\r" + b"x,1\r" * 600_000, memory_bytes=512 * 2**20).description.num_rows == 600_000


@pytest.mark.parametrize(
    ("content", "names", "num_rows"),
    [
        ("\n\nx,y\n1,2\n\n3,4\n\n\n", ["x", "y"], 2),
        ("x\n1\n\n2\n\n \n", ["x"], 3),
        ("x,y,z,\n1,2,3,\n4,5,6,\n", ["x", "y", "z", "column_4"], 2),
        ("x;y;z\n1;2;3;\n4;5;6;\n", ["x", "y", "z"], 2),
        ("#id,name\n1,a\n2,b\n", ["#id", "name"], 2),
    ],
)
def test_blank_lines_and_delimiters_at_the_end_are_no_data(take, content, names, num_rows):
    file = take(content)
    assert (names_of(file), file.description.num_rows) == (names, num_rows)


@pytest.mark.parametrize(
    ("above", "num_skipped"),
    [
        ("Report 2024\n", 1),
        ("Report 2024\n\n", 2),
        ("Report 2024,,\n,,\n", 2),
        ("# made by X\n# it's, fine\n", 2),
        ("# a, b, c\n", 1),
        ("\n# made by X\n\n", 3),
    ],
)
def test_titles_and_comments_above_the_table_are_skipped_with_a_warning(take, folder, above, num_skipped):
    content = f"{above}name,x,y\nAnn,1,2\nBob,3,4\n"
    file = take(content)
    assert (names_of(file), read_rows(folder)) == (["name", "x", "y"], [("Ann", 1, 2), ("Bob", 3, 4)])
    assert found_in(file)["skip_rows"] == (num_skipped, "likely")
    assert "Set skip_rows" in file.warnings[0].detail
    file = take(content, options=ReadingOptions(skip_rows=num_skipped))
    assert (names_of(file), file.warnings) == (["name", "x", "y"], ())
    assert found_in(file)["skip_rows"] == (num_skipped, "certain")


def test_lines_above_the_table_that_could_be_rows_are_not_skipped(refuse, take):
    error = refuse("junk,junk,junk\na,b\n1,2\n3,4\n")
    assert (error.code, "set skip_rows" in error.detail) == ("ragged_rows", True)
    assert names_of(take("text\nhello; world\nbye; world\n")) == ["text"]
    assert refuse("Report\nx,y\n1,2\n", options=ReadingOptions(skip_rows=0)).code == "ragged_rows"


def test_a_guess_is_put_right_by_an_option(take, folder):
    file = take("2,7\n1,2\n5,6\n", options=ReadingOptions(header=True))
    assert (names_of(file), read_rows(folder), file.warnings) == (["2", "7"], [(1, 2), (5, 6)], ())
    file = take("a,b\nc,d\n", options=ReadingOptions(header=False))
    assert (names_of(file), file.description.num_rows, file.warnings) == (["column_1", "column_2"], 2, ())
    file = take("a b,c;d\n1,2\n", options=ReadingOptions(delimiter=","))
    assert names_of(file) == ["a b", "c;d"]
    assert file.options.given == ("delimiter",)
    assert found_in(file)["delimiter"] == (",", "certain")


def test_a_doubtful_guess_is_a_warning_that_names_the_option(take):
    assert "set header=false" in take("Ann,red\nBob,blue\n").warnings[0].detail
    assert "set header=true" in take("1,2\n3,4\n").warnings[0].detail
    warnings = take("1,5;2,5\n3,5;4,5\n").warnings
    assert "set delimiter" in warnings[0].detail
    assert "“;”" in warnings[0].detail


def test_single_quotes_around_every_field_are_marks(take, folder):
    file = take("name,'x'\n'Ann, B','1'\n'it''s','2'\n")
    assert read_rows(folder) == [("Ann, B", 1), ("it's", 2)]
    assert found_in(file)["quotechar"] == ("'", "likely")
    assert "set quote" in file.warnings[0].detail
    take("'tis,x\nit's,1\n'twas,2\n")
    assert read_rows(folder) == [("it's", 1), ("'twas", 2)]


def test_quotes_can_be_ordinary_characters(take, refuse, folder):
    content = 'a\tb\n5" pipe\t1\n"6\t2\n'
    assert refuse(content).code == "unreadable"
    take(content, options=ReadingOptions(quotechar="none"))
    assert read_rows(folder) == [('5" pipe', 1), ('"6', 2)]


@pytest.mark.parametrize("content", ['a,b\n"say \\"hi\\"",2\n3,4\n', 'a,b\n"5\\"",1\n"6\\"",2\n'])
def test_quotes_escaped_by_a_backslash_are_rejected(refuse, content):
    assert refuse(content).code == "unreadable"


def test_units_below_the_header_are_told(take):
    warnings = take("x,y\nm,s\n1,2\n3,4\n5,6\n").warnings
    assert any("such as units" in warning.detail and "“m”, “s”" in warning.detail for warning in warnings)


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        ('{"a": 1}\n', {"header": True}, "option_not_applicable", "header does not apply: the file is JSON Lines"),
        ("a,b\n1,2\n", {"sheet": "x"}, "option_not_applicable", "sheet does not apply: the file is CSV"),
        ("zip,b\n1,2\n", {"columns": {"zp": {"type": "text"}}}, "unknown_column", "Did you mean 'zip'?"),
        ("a,b\n1,2\n", {"skip_rows": 2}, "empty", "after the 2 lines that were skipped"),
        ("a,b\n1,2\n", {"skip_rows": 9}, "empty", "no rows"),
    ],
)
def test_an_option_that_cannot_apply_is_rejected(refuse, content, options, code, words):
    error = refuse(content, options=ReadingOptions(**options))
    assert (error.code, words in error.detail) == (code, True), error.detail


def test_typed_formats_have_no_options(refuse, zipped):
    for content in (b"\x93NUMPY", b"PAR1", zipped({"a/x.png": b"\x89PNG\r\n\x1a\n"}), zipped({"x.npy": b"\x93NUMPY"})):
        error = refuse(content, options=ReadingOptions(encoding="utf-8"))
        assert (error.code, "has no options" in error.detail) == ("option_not_applicable", True)


def test_parts_of_an_archive_are_read_with_the_same_options(take, zipped):
    content = zipped({"train.csv": b"2;7\n1;2\n3;9\n", "test.csv": b"2;7\n5;6\n"})
    file = take(content, options=ReadingOptions(header=True, delimiter=";"))
    assert (names_of(file), file.description.splits) == (["2", "7"], {"train": 2, "test": 1})
    assert found_in(file)["header"] == (True, "certain")
    assert len(file.findings) == 3
