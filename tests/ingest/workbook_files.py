"""Small Excel workbooks (ECMA-376), written by hand so that every kind of cell is known."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DAY, MOMENT, CLOCK, DURATION = 1, 2, 3, 4
"""Styles of cells: numbers shown as a date, date and time, time of day, or hours."""
FORMATS = ("General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "[h]:mm:ss")


class Styled(float):
    """A number with a style."""

    def __new__(cls, number, style):
        made = super().__new__(cls, number)
        made.style = style
        return made


class Formula(str):
    """The cached value of a formula, as it stands in the file; errors begin with #."""

    __slots__ = ()


def make_workbook(
    sheets: Mapping[str, Sequence[Sequence[object]]],
    *,
    since_1904: bool = False,
    merged: Sequence[str] = (),
    hidden: Sequence[str] = (),
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a workbook of these sheets. None is no cell."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**_frame(sheets, since_1904, hidden), **(more or {})}.items():
            archive.writestr(name, content)
        for number, rows in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, merged))
    return packed.getvalue()


def _frame(sheets, since_1904, hidden):
    numbers = range(1, len(sheets) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for number in numbers
    )
    entries = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{number}' r:id='rId{number}'"
        f" state='{'hidden' if name in hidden else 'visible'}'/>"
        for number, name in enumerate(sheets, start=1)
    )
    targets = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONSHIPS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    formats = "".join(
        f"<numFmt numFmtId='{163 + number}' formatCode='{code}'/>" for number, code in enumerate(FORMATS) if number
    )
    styles = "".join(f"<xf numFmtId='{number and 163 + number}'/>" for number in range(len(FORMATS)))
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/styles.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}">'
        f"<workbookPr date1904='{int(since_1904)}'/><sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{targets}'
        f'<Relationship Id="rId0" Type="{RELATIONSHIPS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs>'
        "</styleSheet>",
    }


def _sheet(rows, merged):
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(_cell(f"{_letters(place)}{number}", value) for place, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    ranges = "".join(f'<mergeCell ref="{name}"/>' for name in merged)
    spans = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{spans}</worksheet>'


def _letters(place):
    return ("" if place < 26 else _letters(place // 26 - 1)) + chr(ord("A") + place % 26)


def _cell(reference, value):
    match value:
        case None:
            return ""
        case Formula():
            kind = ' t="e"' if value.startswith("#") else ""
            return f'<c r="{reference}"{kind}><f>1+1</f><v>{escape(value)}</v></c>'
        case str():
            text = f'<t xml:space="preserve">{escape(value)}</t>'
            return f'<c r="{reference}" t="inlineStr"><is>{text}</is></c>'
        case bool():
            return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
        case Styled():
            return f'<c r="{reference}" s="{value.style}"><v>{float(value)!r}</v></c>'
        case _:
            return f'<c r="{reference}"><v>{value!r}</v></c>'
