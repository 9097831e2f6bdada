"""Encodings of text files: given, marked, recognised or guessed; and decoding to UTF-8, piece by piece and strictly."""

import codecs
import re
from collections.abc import Callable

from core.notices import Notice
from core.uploads.reading import Finding
from ingest.errors import RejectedUpload
from ingest.formats import utf16_without_mark, utf32_without_mark

MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
"""Byte order marks, the longest first."""
WESTERN = "windows-1252"
"""Encoding of Western European text before UTF-8; it includes the letters of Latin-1."""
FOREIGN = {
    "cp1251": "windows-1251",
    "koi8_r": "koi8-r",
    "cp1253": "windows-1253",
    "cp932": "cp932",
    "euc_jis_2004": "euc-jp",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "cp949",
}
"""Encodings of other scripts that are told from Windows-1252 by what the letters would be."""
LATIN = ("cp1250", "cp1252", "cp1254", "cp1257", "iso8859", "latin")
FOREIGN_WORD = re.compile(r"[^\W\d_a-zA-Z]+")
TOUCHING = re.compile(r"[a-zA-Z][^\W\d_a-zA-Z]+|[^\W\d_a-zA-Z]+[a-zA-Z]")
MARKED = "it begins with a byte order mark"
NUM_BYTES_GUESSED_FROM = 32 * 1024

Decode = Callable[[bytes, bool], bytes]
"""Convert a chunk to UTF-8; the flag marks the last one."""


def find_encoding(head: bytes, given: str | None) -> Finding | None:
    """Return the encoding that is given, or that the first bytes of a text show; None if they do not show it.

    Raises:
        RejectedUpload: If a byte order mark contradicts the given encoding.
    """
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None)
    wide = utf32_without_mark(head) or utf16_without_mark(head)
    if given is not None:
        if marked is not None and not marked.startswith(given):
            raise RejectedUpload(
                "unreadable",
                f"The text begins with the byte order mark of {marked}, but encoding is {given}. Leave encoding out.",
            )
        # Without a mark, the order of the bytes can be seen in text of Latin letters.
        is_half_given = marked is None and given in {"utf-16", "utf-32"} and wide is not None and wide.startswith(given)
        return Finding(option="encoding", value=wide if is_half_given else given, sureness="certain")
    if marked is not None:
        return Finding(option="encoding", value=marked[:6].rstrip("-"), sureness="certain", reason=MARKED)
    if wide is not None:
        return Finding(option="encoding", value=wide, sureness="likely", reason="most of its bytes are zero")
    return None


def guess_encoding(letters: bytes) -> Finding:
    """Guess the encoding of lines that are not UTF-8: Windows-1252, unless the letters make more sense in another."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 -- It takes long to import, and few texts need it.

    found = [match.encoding for match in from_bytes(letters[:NUM_BYTES_GUESSED_FROM])]
    best = next((name for name in found if name in FOREIGN or name.startswith(LATIN)), "")
    guessed = FOREIGN.get(best, WESTERN)
    if guessed != WESTERN and _mixes_scripts(letters.decode(guessed, "replace")):
        guessed = WESTERN
    return Finding(option="encoding", value=guessed, sureness="doubtful", reason="it is not UTF-8")


def _mixes_scripts(text: str) -> bool:
    """Return True if many letters of another script touch a Latin one, as `ü` read as Cyrillic does in `Jürgen`."""
    words = FOREIGN_WORD.findall(text)
    return 3 * len(TOUCHING.findall(text)) >= len(words) or max(map(len, words), default=0) <= 1


def warn_of_encoding(finding: Finding, line: int) -> Notice:
    """Return the warning that an encoding was guessed."""
    name = "Windows-1252 (Latin-1)" if finding.value == WESTERN else finding.value
    detail = f"Line {line} is not UTF-8, so the text was read as {name}. If letters are wrong, set encoding."
    return Notice("encoding_guessed", "", detail)


def decoder_of(finding: Finding) -> Decode:
    """Return a function that converts chunks in this encoding to UTF-8.

    It raises RejectedUpload, which names line and byte, at a byte that is not valid.
    """
    decoder = codecs.getincrementaldecoder(finding.value)()
    num_bytes = num_lines = 0
    is_first = True

    def decode(chunk: bytes, final: bool) -> bytes:  # noqa: FBT001 -- The signature of codecs' decoders.
        nonlocal num_bytes, num_lines, is_first
        held = len(decoder.getstate()[0])
        try:
            plain: bytes = decoder.decode(chunk, final).encode()
        except UnicodeError as error:
            raise _reject(finding, error, num_lines, num_bytes - held) from error
        num_bytes += len(chunk)
        num_lines += plain.count(b"\n")
        if is_first and plain:
            plain, is_first = plain.removeprefix(b"\xef\xbb\xbf"), False
        return plain

    return decode


def _reject(finding: Finding, error: UnicodeError, num_lines: int, num_bytes: int) -> RejectedUpload:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    before = error.object[:start] if isinstance(error, UnicodeDecodeError) else b""
    line = num_lines + before.count(b"\n") + 1
    byte = f"byte {num_bytes + start + 1:,} of the file"
    if isinstance(error, UnicodeDecodeError) and start < len(error.object):
        byte += f", 0x{error.object[start]:02x},"
    how = {"certain": "as given" if not finding.reason else finding.reason}.get(finding.sureness, "as guessed")
    return RejectedUpload(
        "unreadable",
        f"Line {line} is not valid {finding.value} ({how}): {byte} does not fit. Set encoding to that of the "
        "text, such as utf-8, windows-1252, iso-8859-15 or shift_jis, or save it as UTF-8.",
    )
