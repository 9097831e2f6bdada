"""Uploaded tables in source: rows of CSV, JSON Lines, Parquet and Excel files, and the values of their columns."""

from collections.abc import Sequence

from core.code.datasets.base import Upload
from core.code.draft import Draft
from core.code.source import items, literal
from core.code.uploads.file import write_file
from core.code.uploads.values import write_reading
from core.uploads.description import TableDescription

_CSV = '''
def read_rows(content):
    """Return the fields of each row of a CSV file, and its header first if it has one."""
    text = content.decode({encoding}).replace("\\r\\n", "\\n")
    text = text.removeprefix("\\ufeff")
    if "\\n" not in text:
        text = text.replace("\\r", "\\n")
    lines = text.split("\\n"){skipped}
    rows = csv.reader(
        [line + "\\n" for line in lines],
        delimiter={delimiter},
        {quoting},
        skipinitialspace=True,
    )
    {kept}
'''

_ALL = "return [row for row in rows if len(row) > 1 or any(map(clean, row))]"

_ONE_COLUMN = """rows = [row or [""] for row in rows]
    while rows and clean(rows[-1][0]) is None and not rows[-1][0].strip():
        # Blank lines are rows without a value, except at the end of the file.
        rows.pop()
    return rows"""

_JSON_LINES = '''
def read_rows(content):
    """Return the values of each row of a JSON Lines file, in the order of NAMES."""
    lines = content.decode("utf-8-sig").split("\\n")
    objects = [json.loads(line) for line in lines if line.strip()]
    objects = [{" ".join(key.split()): row[key] for key in row} for row in objects]
    return [[row.get(name) for name in NAMES] for row in objects]
'''

_PARQUET = '''
def read_rows(content):
    """Return the values of each row of a Parquet file, in the order of NAMES."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(content)
        file.flush()
        return duckdb.read_parquet(file.name, hive_partitioning=False).fetchall()
'''

_EXCEL = '''
def read_rows(content):
    """Return the cells of each row of a sheet that is not blank; its header first."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheet = {sheet}
    rows = [row for row in sheet.to_python() if any(cell != "" for cell in row)]
    # Columns without a name and values are left out.
    is_used = [any(cell != "" for cell in column) for column in zip(*rows)]
    return [list(itertools.compress(row, is_used)) for row in rows]
'''

_IN_ORDER = '''
def in_order(rows):
    """Return the rows of a file with its columns in the order of NAMES, as its header names them."""
    header, *rows = rows
    known = [" ".join(clean(name).split()).casefold() for name in header]
    places = [known.index(name.casefold()) for name in NAMES]
    return [[row[place] for place in places] for row in rows]
'''

_SPLIT_OF = '''
def split_of(path):
    """Return the split that the name of a file, or of its folder, says."""
    words = {{
        "train": "train",
        "training": "train",
        "test": "test",
        "testing": "test",
        "val": "validation",
        "valid": "validation",
        "validation": "validation",
        "dev": "validation",
    }}
    for part in reversed(Path(path).parts):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in words:
                return words[word]
'''

_IS_TABLE = '''
def is_table(path):
    """Return False for files that are about the data, such as a README."""
    words = "readme|licen[cs]e|copying|changelog|authors|citation|notice|index"
    endings = "md|rst|html?|names|log|xml|py"
    about = rf"^({words})\\b|\\.({endings})$"
    return not re.search(about, Path(path).name, re.IGNORECASE)
'''


def write_table(draft: Draft, upload: Upload, columns: Sequence[str]) -> None:
    """Read an upload's rows and the values of these columns: `columns` has a list of them by name.

    Values are numbers, texts, truth values or times in UTC; None if they are missing. `splits` has the split of each
    row, if the upload has splits.
    """
    description = upload.file.description
    assert isinstance(description, TableDescription)  # noqa: S101 - the dataset's shape has checked it.
    is_archive = write_file(draft, upload)
    form = _form_of(upload)
    draft.data.assign("NAMES", items(literal(column.name) for column in description.columns))
    write_reading(draft, description, columns, is_text=form in {"csv"})
    _define_rows(draft, upload, form, description)
    if is_archive:
        _write_parts(draft, form, has_splits=bool(description.splits))
    else:
        has_header = form == "csv" and _option(upload, "header", True)
        draft.data.add(f"rows = read_rows(content){'[1:]' if has_header or form == 'xlsx' else ''}")
    draft.data.add(
        f"if len(rows) != {description.num_rows}:",
        f'    raise SystemExit(f"Expected {description.num_rows} rows; read {{len(rows)}}.")',
    )


def _form_of(upload: Upload) -> str:
    """Return the form of the files of rows: csv, json_lines, parquet or xlsx."""
    form = upload.file.format
    if form not in {"zip", "tar"}:
        return form
    if any(finding.option == "delimiter" for finding in upload.file.findings):
        return "csv"
    # Only texts have an encoding.
    return "json_lines" if any(finding.option == "encoding" for finding in upload.file.findings) else "parquet"


def _option(upload: Upload, name: str, default: object) -> object:
    """Return the value of an option of the reading that was given or found."""
    given = getattr(upload.file.options, name, None)
    if given is not None:
        return given
    found = [finding.value for finding in upload.file.findings if finding.option == name]
    return found[0] if found else default


def _define_rows(draft: Draft, upload: Upload, form: str, description: TableDescription) -> None:
    match form:
        case "csv":
            draft.need("import csv")
            quote = _option(upload, "quotechar", '"')
            skipped = _option(upload, "skip_rows", 0)
            source = _CSV
            for name, text in {
                "encoding": literal(_option(upload, "encoding", "utf-8")),
                "skipped": f"[{skipped}:]" if skipped else "",
                "delimiter": literal(_option(upload, "delimiter", ",")),
                "quoting": f"quotechar={literal(quote)}" if quote else "quoting=csv.QUOTE_NONE",
                "kept": _ALL if len(description.columns) > 1 else _ONE_COLUMN,
            }.items():
                source = source.replace(f"{{{name}}}", text)
            draft.data.define(source)
        case "json_lines":
            draft.need("import json")
            draft.data.define(_JSON_LINES)
        case "parquet":
            draft.need("import tempfile", "import duckdb")
            draft.need_package("duckdb")
            draft.data.define(_PARQUET)
        case _:
            draft.need("import io", "import itertools", "from python_calamine import CalamineWorkbook")
            draft.need_package("python-calamine")
            named = upload.file.options.sheet
            sheet = f"book.get_sheet_by_name({literal(named)})" if named else "book.get_sheet_by_index(0)"
            draft.data.define(_EXCEL.replace("{sheet}", sheet))


def _write_parts(draft: Draft, form: str, *, has_splits: bool) -> None:
    """Read the rows of all files of an archive, in the order of their paths."""
    draft.need("import re")
    if form == "parquet":
        draft.data.add('paths = sorted(path for path in files if files[path].startswith(b"PAR1"))')
    else:
        draft.data.define(_IS_TABLE)
        draft.data.add("paths = sorted(path for path in files if is_table(path))")
    rows = "read_rows(files[path])"
    if form == "csv":
        draft.data.define(_IN_ORDER)
        rows = f"in_order({rows})"
    lines = ["rows = []", *(["splits = []"] if has_splits else []), "for path in paths:", f"    part = {rows}"]
    lines.append("    rows += part")
    if has_splits:
        draft.data.define(_SPLIT_OF.replace("{{", "{").replace("}}", "}"))
        lines.append("    splits += [split_of(path)] * len(part)")
    draft.data.add(*lines)
