"""Forms as browsers, curl and Python clients write them, and malformed ones."""

import asyncio

import pytest

from api.http.errors import RejectedDataset
from api.http.forms import Form, is_form
from core.errors import BodyTooLarge, InvalidInput

BOUNDARY = "----WebKitFormBoundaryA7"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
CONTENT = bytes(range(256)) * 40 + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n"


def part(name, value=b"", filename=None, *headers):
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    lines = [f"Content-Disposition: {disposition}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + value + b"\r\n"


def form_of(*parts, end=b"--"):
    start = f"--{BOUNDARY}".encode()
    return b"".join(start + b"\r\n" + text for text in parts) + start + end + b"\r\n"


def read(body, *, length=1 << 20, content_type=CONTENT_TYPE, max_file_bytes=1 << 20):
    """Return the file's bytes, its name and the fields, of a body that comes in pieces of a length."""

    async def come():
        for start in range(0, len(body), length):
            yield body[start : start + length]

    async def run():
        form = Form(content_type, come(), max_file_bytes, "Send less.")
        content = b"".join([piece async for piece in form.stream_file()])
        return content, form.filename, form.fields

    return asyncio.run(run())


@pytest.mark.parametrize("length", [1, 3, 1000, 1 << 20])
def test_the_file_and_the_fields_around_it_are_read_in_pieces_of_any_length(length):
    body = form_of(
        part("name", "größe".encode()),
        part("file", CONTENT, "my table.csv", "Content-Type: text/csv"),
        part("delimiter", b";"),
        part("note", b"a\r\nb"),
    )
    assert read(body, length=length) == (
        CONTENT,
        "my table.csv",
        [("name", "größe"), ("delimiter", ";"), ("note", "a\r\nb")],
    )


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("C:\\\\data\\\\x.csv", "x.csv"),
        ("../../etc/passwd", "passwd"),
        ("tabelle ä.csv", "tabelle ä.csv"),
        ("", None),
        (None, None),
    ],
)
def test_the_name_of_the_file_has_no_folders(filename, expected):
    assert read(form_of(part("file", b"a", filename)))[:2] == (b"a", expected)


def test_what_was_left_blank_is_no_field():
    body = form_of(part("name", b"a"), part("delimiter"), part("_charset_", b"utf-8"), part("file", b"a", "x"))
    assert read(body)[2] == [("name", "a")]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (CONTENT_TYPE, True),
        ("Multipart/Form-Data;boundary=a", True),
        ("multipart/form-data", True),
        ("multipart/mixed; boundary=a", False),
        ("application/x-www-form-urlencoded", False),
        ("", False),
    ],
)
def test_a_form_with_files_is_known_by_its_content_type(content_type, expected):
    assert is_form(content_type) is expected


@pytest.mark.parametrize(
    ("parts", "code", "words"),
    [
        ([part("name", b"a")], "no_file", "curl -F file=@FILE"),
        ([], "no_file", "has no file"),
        ([part("file", b"", "")], "empty", "empty, or none was chosen"),
        ([part("file", b"a", "a"), part("file", b"b", "b")], "several_files", "pack them in a zip archive"),
        ([part("file", b"a", "a"), part("file", b"b")], "several_files", "has several files"),
        ([part("data", b"a", "a")], "unknown_field", "a file in the field 'data'"),
    ],
)
def test_a_form_without_exactly_one_file_is_rejected(parts, code, words):
    with pytest.raises(RejectedDataset, match=words) as caught:
        read(form_of(*parts))
    assert caught.value.code == code


FILE = part("file", b"a" * 99, "a")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form_of(FILE)[:-4], "ends too early"),
        (form_of(FILE)[:60], "ends too early"),
        (b"", "ends too early"),
        (b"a,b\r\n1,2\r\n", "is malformed"),
        (form_of(b"Content-Type: text/plain\r\n\r\na\r\n"), "a part without a name"),
        (form_of(part("file", b"YQ==", "a", "Content-Transfer-Encoding: base64")), "in a transfer encoding"),
        (form_of(part("name", b"\xff"), FILE), "The field 'name' of the form is not UTF-8"),
        (form_of(*[part("name", b"a")] * 257, FILE), "more than 256 fields"),
        (
            form_of(part("a", b"a" * (1 << 19)), FILE, part("b", b"b" * (1 << 19) + b"b")),
            "more than 1,048,576 bytes in",
        ),
        (form_of(part("a" * 9000, b"a"), FILE), "is malformed"),
    ],
)
def test_what_is_no_form_is_reported(body, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        read(body)
    assert caught.value.problems[0].code == "broken_form"


@pytest.mark.parametrize("content_type", ["multipart/form-data", f"multipart/form-data; boundary={'a' * 300}"])
def test_a_boundary_is_needed(content_type):
    with pytest.raises(InvalidInput, match="The form") as caught:
        read(form_of(FILE), content_type=content_type)
    assert caught.value.problems[0].code == "broken_form"


def test_the_file_is_measured_without_the_form():
    assert read(form_of(FILE), max_file_bytes=99)[0] == b"a" * 99
    with pytest.raises(BodyTooLarge, match="larger than the 98 bytes"):
        read(form_of(FILE), max_file_bytes=98)
