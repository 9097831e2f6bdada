"""Normalization of text files to UTF-8 with one kind of line ending."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.notices import Notice
from core.uploads.reading import Finding
from ingest.encodings import (
    NUM_BYTES_GUESSED_FROM,
    WESTERN,
    Decode,
    decoder_of,
    find_encoding,
    guess_encoding,
    warn_of_encoding,
)
from ingest.errors import RejectedUpload
from ingest.formats import HEAD_BYTES
from ingest.limits import MIB, Space

MAX_LINE_BYTES = 2_000_000
"""Limit of one line: 10,000 columns with 200 characters each."""
UTF8_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""Non-ASCII characters in UTF-8. In Windows-1252 such bytes would read `Ã¤`, which does not occur in practice."""


@dataclass(slots=True)
class Survey:
    """Findings of one pass over the bytes."""

    num_lines: int = 0
    num_crlf: int = 0
    first_invalid_line: int | None = None
    has_utf8_letters: bool = False
    has_utf8_lines: bool = False
    letters: bytearray = field(default_factory=bytearray)
    """Beginning of the lines that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class PlainText:
    r"""UTF-8 text with `\n` as line ending; it may begin with a byte order mark.

    Attributes:
        path: The original file, or a normalized copy.
        warnings: Assumptions that were made.
        finding: How the encoding was settled.
    """

    path: Path
    finding: Finding
    warnings: tuple[Notice, ...] = ()


def make_plain(source: Path, copy: Path, space: Space, encoding: str | None = None) -> PlainText:
    """Check that a file is text, and write a normalized copy if needed.

    Args:
        source: The original file.
        copy: Path of the copy.
        space: Counts the bytes of the copy.
        encoding: Encoding of the text; None to detect it.

    Raises:
        RejectedUpload: If it is empty, not text, not in this encoding, in mixed encodings, or a line is too long.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        _reject_blank(source)
    finding = find_encoding(head, encoding)
    if finding is not None and finding.value != "utf-8":
        return PlainText(_decode(source, copy, space, finding), finding)
    text = _end_lines(source, copy, space)
    survey = survey_text(text)
    if survey.first_invalid_line is None:
        finding = finding or Finding(option="encoding", value="utf-8", sureness="certain", reason="all of it is UTF-8")
        return PlainText(_join_line_ends(text, copy, space, survey), finding)
    finding = _guess(survey, finding)
    warning = warn_of_encoding(finding, survey.first_invalid_line)
    return PlainText(_decode(text, copy, space, finding), finding, (warning,))


def _decode(source: Path, copy: Path, space: Space, finding: Finding) -> Path:
    _rewrite(source, copy, space, decoder_of(finding))
    text = _end_lines(copy, copy, space)
    return _join_line_ends(text, copy, space, survey_text(text))


def _guess(survey: Survey, finding: Finding | None) -> Finding:
    if finding is not None:
        raise RejectedUpload(
            "unreadable",
            f"Line {survey.first_invalid_line} is not UTF-8, although {finding.reason or 'encoding is utf-8'}. Set "
            "encoding to that of the text, such as windows-1252, or save it as UTF-8.",
        )
    guessed = guess_encoding(bytes(survey.letters))
    # Letters of other scripts may look like UTF-8 here and there, but not in all of a line.
    if survey.has_utf8_lines or (survey.has_utf8_letters and guessed.value == WESTERN):
        raise RejectedUpload(
            "mixed_encodings",
            f"Line {survey.first_invalid_line} is not UTF-8, but other lines are: the text mixes encodings. Save it as "
            "UTF-8; or set encoding to read all of it in one, such as windows-1252.",
        )
    return guessed


def _end_lines(source: Path, copy: Path, space: Space) -> Path:
    r"""Write a copy with `\n` for `\r` if the text has only those, as on old Macs; return the path of the text.

    In a text with line feeds, a carriage return alone is a character of a quoted field.
    """
    with source.open("rb") as file:
        head = file.read(MIB)
        if b"\r" not in head or b"\n" in head or any(b"\n" in chunk for chunk in iter(lambda: file.read(MIB), b"")):
            return source
    _rewrite(source, copy, space, lambda chunk, _: chunk.replace(b"\r", b"\n"))
    return copy


def _join_line_ends(source: Path, copy: Path, space: Space, survey: Survey) -> Path:
    r"""Write a copy with `\n` for `\r\n` if the text has any; return the path of the text."""
    if not survey.num_crlf:
        return source
    _rewrite(source, copy, space, _CrlfJoiner())
    return copy


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
        if len(survey.letters) < NUM_BYTES_GUESSED_FROM:
            foreign = [line for line in lines.split(b"\n") if not line.isascii()]
            survey.has_utf8_lines |= any(map(_is_utf8, foreign))
            survey.letters += b"\n".join(foreign)[:NUM_BYTES_GUESSED_FROM]
    else:
        survey.has_utf8_letters = survey.has_utf8_lines = True


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


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


class _CrlfJoiner:
    r"""Converts `\r\n` to `\n`, also across chunks."""

    def __init__(self) -> None:
        self._held = b""

    def __call__(self, chunk: bytes, final: bool) -> bytes:  # noqa: FBT001 -- The signature of codecs' decoders.
        text, self._held = self._held + chunk, b""
        if text.endswith(b"\r") and not final:
            text, self._held = text[:-1], b"\r"
        return text.replace(b"\r\n", b"\n")


def count_blank_lines_at_end(path: Path) -> int:
    """Return the number of blank lines at the end of a plain text, at most those of its last mebibyte."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MIB))
        tail = file.read()
    blank = tail[len(tail.rstrip(b" \t\r\n")) :].partition(b"\n")[2]
    return blank.count(b"\n") + bool(blank.rpartition(b"\n")[2])


def _reject_blank(source: Path) -> None:
    with source.open("rb") as file:
        while chunk := file.read(MIB):
            if chunk.strip(b"\xef\xbb\xbf \t\r\n"):
                return
    raise RejectedUpload("empty", "The file is empty. Send a file with data.")
