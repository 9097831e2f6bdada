"""Forms with a file, multipart/form-data (RFC 7578): the file is streamed, the fields around it are kept."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.http.errors import RejectedDataset
from core.errors import BodyTooLarge, InvalidInput

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEDIA_TYPE = "multipart/form-data"

FILE_FIELD = "file"

MAX_FIELDS = 256

MAX_FIELDS_BYTES = 1024 * 1024
"""Most bytes that the values of all fields take together."""

MAX_OVERHEAD_BYTES = 2 * MAX_FIELDS_BYTES
"""Bytes that a form may take beside its file: fields, headers and boundaries."""

PLAIN = {b"", b"7bit", b"8bit", b"binary"}
"""Transfer encodings that leave the bytes as they are; the others are not used in forms (RFC 7578 section 4.7)."""

IGNORED_FIELDS = {"_charset_"}
"""Filled in by browsers (HTML, section 4.10.5.1.1)."""


def is_form(content_type: str) -> bool:
    """Return True if a Content-Type is that of a form with files."""
    return parse_options_header(content_type)[0] == MEDIA_TYPE.encode()


@dataclass(slots=True)
class _Part:
    """Part of a form that is being read."""

    header_name: bytes = b""
    header_value: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    value: bytearray = field(default_factory=bytearray)
    name: str = ""
    is_file: bool = False


class Form:
    """A form with one file, and fields of text before and after it.

    Args:
        content_type: Content-Type of the body.
        body: The body in pieces.
        max_file_bytes: Most bytes of the file.
        remedy: What to do about a larger one.
        file_field: Name of the field with the file.
        text_files: Names of fields of text that may come as files too.

    Raises:
        InvalidInput: If the Content-Type does not name the boundary of the parts.

    Attributes:
        fields: Names and values that are not empty, in their order; complete once the file has been streamed.
        filename: Name of the file, without folders; None if it has none.
    """

    def __init__(
        self,
        content_type: str,
        body: AsyncGenerator[bytes],
        max_file_bytes: int,
        remedy: str,
        *,
        file_field: str = FILE_FIELD,
        text_files: Collection[str] = (),
    ) -> None:
        self.fields: list[tuple[str, str]] = []
        self.filename: str | None = None
        self._body = body
        self._max_file_bytes = max_file_bytes
        self._remedy = remedy
        self._file_field = file_field
        self._text_files = text_files
        self._part = _Part()
        self._num_fields = 0
        self._num_field_bytes = 0
        self._num_files = 0
        self._has_ended = False
        self._pieces: list[bytes] = []
        self._parser = self._make_parser(parse_options_header(content_type)[1].get(b"boundary", b""))

    async def stream_file(self) -> AsyncGenerator[bytes]:
        """Yield the file in pieces; read the form to its end.

        Raises:
            InvalidInput: If the body is not such a form.
            RejectedDataset: If it holds no file, or several.
            BodyTooLarge: If the file is too large.
        """
        num_bytes = 0
        async with aclosing(self._body) as pieces:
            async for piece in pieces:
                self._parse(piece)
                for part in self._pieces:
                    num_bytes += len(part)
                    if num_bytes > self._max_file_bytes:
                        raise BodyTooLarge(
                            f"The file is larger than the {self._max_file_bytes:,} bytes that this route accepts. "
                            f"{self._remedy}"
                        )
                    yield part
                self._pieces.clear()
        if not self._has_ended:
            raise _broken("ends too early")
        if not self._num_files:
            raise RejectedDataset(
                f"The form has no file. Send it in the field '{self._file_field}': curl -F {self._file_field}=@FILE …",
                "no_file",
            )
        if not num_bytes:
            raise RejectedDataset("The file in the form is empty, or none was chosen.", "empty")

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._read_header_name,
            "on_header_value": self._read_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._read_headers,
            "on_part_data": self._read_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        if not boundary:
            raise _broken("does not name the boundary of its parts")
        try:
            return MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise _broken(f"is malformed ({error})") from error

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _broken(f"is malformed ({error})") from error

    def _begin_part(self) -> None:
        self._part = _Part()

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _end_header(self) -> None:
        part = self._part
        part.headers[part.header_name.lower()] = part.header_value
        part.header_name = part.header_value = b""

    def _read_headers(self) -> None:
        """Begin a field or the file, as the part's Content-Disposition says (RFC 7578 section 4.2)."""
        part = self._part
        _, options = parse_options_header(part.headers.get(b"content-disposition"))
        if b"name" not in options:
            raise _broken("has a part without a name")
        part.name = _decode(options[b"name"], "The name of a field")
        is_text = part.name in self._text_files or b"filename" not in options
        part.is_file = part.name == self._file_field or not is_text
        if part.headers.get(b"content-transfer-encoding", b"").strip().lower() not in PLAIN:
            raise _broken(f"has the field '{part.name[:80]}' in a transfer encoding. Send its bytes as they are")
        if not part.is_file:
            self._num_fields += 1
            if self._num_fields > MAX_FIELDS:
                raise _broken(f"has more than {MAX_FIELDS} fields")
            return
        if part.name != self._file_field:
            raise RejectedDataset(
                f"The form has a file in the field '{part.name[:80]}'. Send it in the field '{self._file_field}'.",
                "unknown_field",
            )
        self._num_files += 1
        if self._num_files > 1:
            raise RejectedDataset(
                "The form has several files. Send one in a form, or pack them in a zip archive.", "several_files"
            )
        path = _decode(options.get(b"filename", b""), "The name of the file")
        self.filename = path.replace("\\", "/").rpartition("/")[2] or None

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.is_file:
            self._pieces.append(data[start:end])
            return
        part.value += data[start:end]
        self._num_field_bytes += end - start
        if self._num_field_bytes > MAX_FIELDS_BYTES:
            raise _broken(f"has more than {MAX_FIELDS_BYTES:,} bytes in its fields")

    def _end_part(self) -> None:
        part = self._part
        # Browsers send an empty value for what was left blank.
        if not part.is_file and part.value and part.name not in IGNORED_FIELDS:
            self.fields.append((part.name, _decode(part.value, f"The field '{part.name[:80]}'")))

    def _end(self) -> None:
        self._has_ended = True


def _decode(value: bytes | bytearray, what: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput.at("", f"{what} of the form is not UTF-8.", "broken_form") from error


def _broken(what: str) -> InvalidInput:
    return InvalidInput.at("", f"The form {what}.", "broken_form")
