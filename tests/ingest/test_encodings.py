import duckdb
import pytest

from core.uploads.reading import ReadingOptions


def words(folder):
    return [row[0] for row in duckdb.read_parquet(str(folder.table)).fetchall()]


def encoding_of(file):
    (finding,) = [finding for finding in file.findings if finding.option == "encoding"]
    return finding.value, finding.sureness


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-8", "Ärger €"),
        ("utf-16", "Ärger €"),
        ("utf-16-be", "Ёлка"),
        ("utf-32-le", "Ёлка"),
        ("windows-1252", "Ärger €"),
        ("latin-1", "Ärger"),
        ("iso-8859-15", "Ärger €"),
        ("windows-1250", "Łódź"),
        ("windows-1251", "Ёлка"),
        ("koi8-r", "Ёлка"),
        ("shift_jis", "表示能力"),
        ("euc-jp", "東京"),
        ("gb18030", "北京𠀀"),
        ("big5", "功能"),
        ("euc-kr", "서울"),
        ("mac-roman", "Ärger"),
        ("cp037", "Arger"),
    ],
)
def test_a_text_is_read_in_the_encoding_that_is_given(take, folder, encoding, word):
    rows = f"word,n\n{word},1\n" + "x,2\n" * 3
    file = take(rows.encode(encoding), options=ReadingOptions(encoding=encoding))
    assert words(folder)[0] == word
    assert encoding_of(file)[1] == "certain"
    assert file.warnings == ()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("word,n\nÄrger,1\n".encode("utf-8-sig"), ("utf-8", "certain")),
        ("word,n\nÄrger,1\n".encode(), ("utf-8", "certain")),
        ("word,n\nÄrger,1\n".encode("utf-16"), ("utf-16", "certain")),
        (b"\xfe\xff" + "word,n\nÄrger,1\n".encode("utf-16-be"), ("utf-16", "certain")),
        ("word,n\nÄrger,1\n".encode("utf-16-be"), ("utf-16-be", "likely")),
        ("word,n\nÄrger,1\n".encode("utf-32"), ("utf-32", "certain")),
        ("word,n\nÄrger,1\n".encode("utf-32-be"), ("utf-32-be", "likely")),
    ],
)
def test_an_encoding_that_can_be_seen_is_found_without_a_warning(take, folder, content, found):
    file = take(content)
    assert (words(folder), encoding_of(file), file.warnings) == (["Ärger"], found, ())


@pytest.mark.parametrize(
    ("encoding", "guessed", "rows"),
    [
        ("windows-1252", "windows-1252", "Jürgen,1\nRené,2\n"),
        ("windows-1252", "windows-1252", "for 5€,1\n"),
        ("windows-1251", "windows-1251", "Юрий Жданов,1\nЮлия Смирнова,2\n"),
        ("cp932", "cp932", "東京都の太郎,1\n大阪の花子,2\n"),
        ("gb18030", "gb18030", "北京的张伟,1\n上海的王芳,2\n"),
    ],
)
def test_other_encodings_are_guessed_with_a_warning(take, folder, encoding, guessed, rows):
    file = take(f"word,n\n{rows}".encode(encoding))
    assert encoding_of(file) == (guessed, "doubtful")
    assert words(folder) == [line.partition(",")[0] for line in rows.splitlines()]
    assert "set encoding" in file.warnings[0].detail


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        ("a,b\nx,1\nü,2\n".encode("latin-1"), "utf-8", "Line 3 is not UTF-8, although encoding is utf-8"),
        (b"a,b\nx,1\n\x81,2\n", "cp1252", "Line 3 is not valid windows-1252 (as given): byte 9 of the file, 0x81,"),
        (b"a,b\n" + b"x,1\n" * 500_000 + b"\x81,2\n", "cp1252", "Line 500002 is not valid windows-1252"),
        (b"a\n" * 700_000 + b"x\x81\n", "cp1252", "byte 1,400,002 of the file, 0x81,"),
        ("a,b\nx,1\n".encode("utf-16")[:-1], "utf-16", "is not valid utf-16"),
        ("a,b\nÄ,1\n".encode("utf-8-sig"), "windows-1252", "begins with the byte order mark of utf-8"),
        ("a,b\nÄ,1\n".encode("utf-16"), "utf-16-be", "begins with the byte order mark of utf-16-le"),
        ("a,b\nÄ,1\n".encode("utf-16"), "latin-1", "byte order mark"),
        ("a,b\nÄ,1\n".encode("utf-16-le"), "latin-1", "Line 1 contains a NUL byte"),
    ],
    ids=["utf-8", "undefined byte", "far down", "later piece", "cut off", "mark", "other order", "two bytes", "zeros"],
)  # fmt: skip
def test_bytes_that_do_not_fit_are_named_by_their_place(refuse, content, encoding, message):
    error = refuse(content, options=ReadingOptions(encoding=encoding))
    assert error.code == "unreadable"
    assert message in error.detail


def test_the_order_of_bytes_is_seen_where_the_encoding_leaves_it_open(take, folder):
    take("word,n\nÄrger,1\n".encode("utf-16-be"), options=ReadingOptions(encoding="utf-16"))
    assert words(folder) == ["Ärger"]


def test_a_text_that_does_not_look_like_one_needs_its_encoding(refuse):
    assert "set encoding" in refuse("имя,x\nЮлия,1\n".encode("utf-16-le")).detail
