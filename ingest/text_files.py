"""Normalization of text files to UTF-8 with one kind of line ending."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.errors import RejectedUpload
from ingest.formats import HEAD_BYTES, utf16_without_mark
from ingest.limits import MIB, Space

MAX_LINE_BYTES = 2_000_000
"""Limit of one line: 10,000 columns with 200 characters each."""
UTF8_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""Non-ASCII characters in UTF-8. In Windows-1252 such bytes would read `Ã¤`, which does not occur in practice."""
OLD_ENCODING = "cp1252"
"""Encoding of Western European text before UTF-8; it includes the letters of Latin-1."""


@dataclass(slots=True)
class Survey:
    """Findings of one pass over the bytes."""

    num_lines: int = 0
    num_crlf: int = 0
    first_invalid_line: int | None = None
    has_utf8_letters: bool = False


@dataclass(frozen=True, slots=True)
class PlainText:
    r"""UTF-8 text with `\n` as line ending; it may begin with a byte order mark.

    Attributes:
        path: The original file, or a normalized copy.
        warnings: Assumptions that were made.
    """

    path: Path
    warnings: tuple[str, ...] = ()


def make_plain(source: Path, copy: Path, space: Space) -> PlainText:
    """Check that a file is text, and write a normalized copy if needed.

    Args:
        source: The original file.
        copy: Path of the copy.
        space: Counts the bytes of the copy.

    Raises:
        RejectedUpload: If it is empty, not text, in mixed encodings, or a line is too long.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        _reject_blank(source)
    encoding = _utf16(head)
    if encoding:
        _rewrite(source, copy, space, _decoder_of_utf16(encoding))
        survey_text(copy)
        return PlainText(copy)
    if b"\r" in head and b"\n" not in head:
        _rewrite(source, copy, space, _join_line_ends(_keep))
        source = copy
    return _make_utf8(source, copy, space)


def _make_utf8(source: Path, copy: Path, space: Space) -> PlainText:
    survey = survey_text(source)
    if survey.first_invalid_line is None:
        if survey.num_crlf == 0:
            return PlainText(source)
        _rewrite(source, copy, space, _join_line_ends(_keep))
        return PlainText(copy)
    if survey.has_utf8_letters:
        raise RejectedUpload(
            "mixed_encodings",
            f"Line {survey.first_invalid_line} is not UTF-8, but other lines are: the text mixes encodings. "
            "Save it as UTF-8.",
        )
    _rewrite(source, copy, space, _decoder_of_old_text())
    return PlainText(
        copy,
        (f"Line {survey.first_invalid_line} is not UTF-8, so the text was read as Windows-1252 (Latin-1).",),
    )


def survey_text(path: Path) -> Survey:
    """Examine every byte of a text once, a few lines at a time.

    Raises:
        RejectedUpload: If there is a NUL byte, or a line is longer than MAX_LINE_BYTES.
    """
    survey = Survey()
    for lines in _whole_lines(path):
        if b"\x00" in lines:
            line = survey.num_lines + lines[: lines.index(b"\x00")].count(b"\n") + 1
            raise RejectedUpload(
                "unreadable", f"Line {line} contains a NUL byte, so this is not text. Save it as UTF-8 text."
            )
        if not lines.isascii():
            _survey_letters(lines, survey)
        survey.num_crlf += lines.count(b"\r\n")
        survey.num_lines += lines.count(b"\n")
    return survey


def _survey_letters(lines: bytes, survey: Survey) -> None:
    try:
        lines.decode("utf-8")
    except UnicodeDecodeError as error:
        if survey.first_invalid_line is None:
            survey.first_invalid_line = survey.num_lines + lines[: error.start].count(b"\n") + 1
        survey.has_utf8_letters |= UTF8_LETTERS.search(lines) is not None
    else:
        survey.has_utf8_letters = True


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield about a mebibyte of whole lines at a time, so that no character or line ending is split."""
    with path.open("rb") as file:
        num_before = 0
        while chunk := file.read(MIB):
            rest = file.readline(MAX_LINE_BYTES)
            _check_length(chunk, rest, num_before)
            lines = chunk + rest
            yield lines
            num_before += lines.count(b"\n")


def _check_length(chunk: bytes, rest: bytes, num_before: int) -> None:
    if len(chunk) - (chunk.rfind(b"\n") + 1) + len(rest) > MAX_LINE_BYTES:
        line = num_before + chunk.count(b"\n") + 1
        raise RejectedUpload(
            "too_large",
            f"Line {line} is longer than {MAX_LINE_BYTES:,} bytes. Put each row on its own line, and large "
            "texts or arrays in separate files.",
        )


Decode = Callable[[bytes, bool], bytes]
"""Convert a chunk to UTF-8; the flag marks the last one."""


def _rewrite(source: Path, copy: Path, space: Space, decode: Decode) -> None:
    """Write a normalized copy; if source and copy are the same file, replace it."""
    new = copy.with_name(copy.name + ".new")
    with source.open("rb") as file, new.open("wb") as out:
        while chunk := file.read(MIB):
            _write(out, decode(chunk, False), space)
        _write(out, decode(b"", True), space)
    if source == copy:
        space.give_back(copy.stat().st_size)
    new.replace(copy)


def _write(out: IO[bytes], plain: bytes, space: Space) -> None:
    space.spend(len(plain))
    out.write(plain)


def _keep(chunk: bytes, final: bool) -> bytes:  # noqa: ARG001, FBT001 -- The signature of codecs' decoders.
    return chunk


def _join_line_ends(decode: Decode) -> Decode:
    r"""Convert `\r\n` and lone `\r` to `\n`, also across chunks."""
    held = b""

    def convert(chunk: bytes, final: bool) -> bytes:  # noqa: FBT001 -- The signature of codecs' decoders.
        nonlocal held
        text = held + decode(chunk, final)
        held = b""
        if text.endswith(b"\r") and not final:
            text, held = text[:-1], b"\r"
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    return convert


def _decoder_of_utf16(encoding: str) -> Decode:
    decoder = codecs.getincrementaldecoder(encoding)()

    def decode(chunk: bytes, final: bool) -> bytes:  # noqa: FBT001 -- The signature of codecs' decoders.
        try:
            return decoder.decode(chunk, final).encode()
        except UnicodeError as error:
            raise RejectedUpload(
                "unreadable",
                f"The text begins as {encoding.upper()} but is not valid ({error}). Save it as UTF-8.",
            ) from error

    return _join_line_ends(decode)


def _decoder_of_old_text() -> Decode:
    def decode(chunk: bytes, final: bool) -> bytes:  # noqa: ARG001, FBT001 -- The signature of codecs' decoders.
        try:
            return chunk.decode(OLD_ENCODING).encode()
        except UnicodeError as error:
            raise RejectedUpload(
                "unreadable", f"The text is neither UTF-8 nor Windows-1252 (Latin-1): {error}. Save it as UTF-8."
            ) from error

    return _join_line_ends(decode)


def _utf16(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise RejectedUpload("unreadable", "The text is UTF-32. Save it as UTF-8.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return utf16_without_mark(head)


def _reject_blank(source: Path) -> None:
    with source.open("rb") as file:
        while chunk := file.read(MIB):
            if chunk.strip(b"\xef\xbb\xbf \t\r\n"):
                return
    raise RejectedUpload("empty", "The file is empty. Send a file with data.")
