"""Loading of text files into one staging table, whose column types are then inferred."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.notices import Notice
from core.uploads.reading import NO_OPTIONS, Finding, ReadingOptions
from ingest.column_types import Texts, infer_types
from ingest.errors import RejectedUpload
from ingest.formats import read_head
from ingest.json_lines import JsonKind, describe_kinds, json_form, stage_json_lines, survey_keys
from ingest.limits import limited_file_size
from ingest.options import check_applicable
from ingest.table_parts import THE_FILE, TableFormat, TablePart, TypedRows
from ingest.text_files import make_plain
from ingest.text_tables import STAGED, Staging, csv_form, stage_csv
from ingest.workspace import Workspace


@dataclass(slots=True)
class TextReading:
    """State of reading the text files of a table.

    Attributes:
        options: Options that the client set.
        kinds: Kinds of JSON values seen, by column.
        findings: How the options of the files were settled, each once.
    """

    staging: Staging
    workspace: Workspace
    options: ReadingOptions = NO_OPTIONS
    formats: set[TableFormat] = field(default_factory=set)
    kinds: dict[str, set[JsonKind]] = field(default_factory=dict)
    warnings: dict[Notice, None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def read(self, parts: Sequence[TablePart]) -> TypedRows:
        """Read all files.

        Raises:
            RejectedUpload: If one cannot be read, or they do not form one table.
        """
        space = self.workspace.space
        for part in parts:
            with _naming(part.shown), limited_file_size(space.left):
                self._read_part(part)
        space.spend(self.staging.path.stat().st_size)
        names = self.staging.names
        format_: TableFormat = "json_lines" if "json_lines" in self.formats else "csv"
        texts = [self._texts_of(name) for name in names]
        columns = infer_types(self.staging.connection, STAGED, names, texts, self.options)
        return TypedRows(STAGED, columns, format_, tuple(self.warnings), tuple(self.findings))

    def _read_part(self, part: TablePart) -> None:
        space, before = self.workspace.space, self.workspace.space.used
        plain = make_plain(part.path, self.workspace.work / "plain", space, self.options.encoding)
        self._note(plain.warnings, [plain.finding])
        self._stage(TablePart(plain.path, part.shown, part.split))
        if plain.path != part.path:
            plain.path.unlink()
            space.give_back(space.used - before)

    def _stage(self, part: TablePart) -> None:
        is_json = _is_json(part.path)
        self.formats.add("json_lines" if is_json else "csv")
        if len(self.formats) > 1:
            raise RejectedUpload(
                "mixed_contents", "Some files are CSV and others JSON Lines. Upload all rows in one format."
            )
        check_applicable(self.options, "json_lines" if is_json else "csv")
        if not is_json:
            dialect = stage_csv(self.staging, part, self.options)
            self._note(dialect.warnings, dialect.findings)
            return
        keys = survey_keys(part.path, json_form(self.options))
        for key, kinds in keys.kinds.items():
            self.kinds.setdefault(" ".join(key.split()).casefold(), set()).update(kinds)
        stage_json_lines(self.staging, part, keys, json_form(self.options))

    def _note(self, warnings: Sequence[Notice], findings: Sequence[Finding]) -> None:
        self.warnings |= dict.fromkeys(warnings)
        self.findings += [finding for finding in findings if finding not in self.findings]

    def _texts_of(self, name: str) -> Texts:
        if "csv" in self.formats:
            return Texts(csv_form(self.options))
        return describe_kinds(self.kinds[name.casefold()], json_form(self.options))


@contextmanager
def _naming(shown: str) -> Iterator[None]:
    """Add the name of the file to the message of RejectedUpload."""
    try:
        yield
    except RejectedUpload as rejected:
        if shown == THE_FILE or shown in rejected.detail:
            raise
        raise RejectedUpload(rejected.code, f"{shown}: {rejected.detail}") from rejected


def _is_json(path: Path) -> bool:
    return read_head(path).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
