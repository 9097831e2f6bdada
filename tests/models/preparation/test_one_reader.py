"""A request is read as the upload was: every value of random uploads, sent back, reaches the network bit for bit."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.columns import ColumnChoice, choose_features
from core.signatures.encoders import make_encoders
from core.signatures.encodings import TableEncoding
from core.uploads.folder import DatasetFolder
from core.uploads.table_reader import TableReader
from core.uploads.text_dates import read_date
from ingest.intake import take_in
from ingest.limits import MIB, Limits
from ingest.values import MISSING_WORDS
from models.preparation.columns import ColumnEncoder, fit_encoding

NUM_ROWS = 12
NAMES = "abcdef"
SPACES = ["", "", " ", "  ", "\t", "\xa0", "\u3000", "\u2009\u200b", "\ufeff "]


def marked(decimal, thousands, shape="{}"):
    """Texts of numbers with these marks."""
    numbers = st.decimals(-(10**7), 10**7, places=2)
    marks = {ord(","): thousands, ord("."): decimal}
    return numbers.map(lambda number: shape.format(f"{number:,}".translate(marks)))


MOMENTS = st.datetimes()
LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='",')
WORDS = st.text(LETTERS, min_size=1, max_size=6)
ODD_NUMBERS = st.sampled_from(["1.", ".5", "2E+3", "-0", "(7.25)", "−3", "8.5-"])
COLUMNS = {
    "integers": st.integers(-(2**63), 2**63 - 1).map(str) | st.integers(-9, 9).map("{:+d}".format),
    "numbers": st.floats(-(2.0**100), 2.0**100).map(repr) | ODD_NUMBERS,
    "decimal commas": marked(",", ""),
    "thousands": marked(".", ","),
    "Swiss": marked(".", "\u2019"),
    "French": marked(",", "\u202f", "{} €"),
    "dollars": marked(".", ",", "${}"),
    "percent": st.floats(-100, 100).map("{:.4f}%".format),
    "booleans": st.sampled_from(["true", "True", "TRUE", "false", "False", "FALSE"]),
    "days": st.dates().map(str),
    "moments": MOMENTS.map(str) | MOMENTS.map("{0.year:04}-{0:%m-%dt%H:%M}z".format),
    "offsets": st.datetimes(read_date("0002-01-01")).map("{0.year:04}-{0:%m-%dT%H:%M:%S.%f} +0530".format),
    "day first": st.dates().map("{0.day}.{0.month:02}.{0.year:04}".format),
    "long": st.datetimes().map("{0:%a}, {0.day} {0:%b} {0.year:04} {0:%H:%M:%S} GMT".format),
    "words": WORDS,
    "mixed": WORDS | st.integers().map(str) | st.sampled_from(["007", "1,5", "NA NA"]),
}  # fmt: skip
CHOICES = {
    "integers": ["number", "category"],
    "numbers": ["number", "category"],
    "percent": ["number", "category"],
    "French": ["number", "category"],
    "booleans": ["boolean", "number", "category"],
    "days": ["date", "category"],
    "moments": ["date", "category"],
    "day first": ["date", "category"],
}


@st.composite
def uploads(draw):
    """A table of texts, with the preparation of some of its columns: (cells by name, type by name)."""
    cells, types = {}, {}
    for name in NAMES:
        kind = draw(st.sampled_from(sorted(COLUMNS)))
        values = draw(st.lists(COLUMNS[kind], min_size=NUM_ROWS, max_size=NUM_ROWS))
        places = draw(st.sets(st.integers(0, NUM_ROWS - 1), max_size=NUM_ROWS // 2))
        missing = [draw(st.sampled_from(MISSING_WORDS)) if row in places else text for row, text in enumerate(values)]
        pads = st.sampled_from(SPACES)
        cells[name] = [f"{draw(pads)}{text}{draw(pads)}" for text in missing]
        types[name] = draw(st.sampled_from(CHOICES.get(kind, [None])))
    return cells, types


def written(cells):
    """The table as CSV, with a last column of numbers that tells the header from the rows."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*cells, "row"])
    writer.writerows(zip(*cells.values(), map(str, range(NUM_ROWS)), strict=True))
    return out.getvalue().encode()


@pytest.fixture
def taken(tmp_path):
    """A function from the bytes of an upload to its folder and description."""
    number = iter(range(10**6))

    def take(content):
        folder = DatasetFolder(tmp_path / str(next(number)))
        folder.path.mkdir()
        folder.original.write_bytes(content)
        return folder, take_in(folder.path, Limits(MIB, 256 * MIB, cpu_seconds=60)).description

    return take


def bits(numbers):
    return np.array(numbers, np.float32).tobytes()


def assert_served_as_trained(folder, description, choices, sent):
    """Compare what reaches the network for each value, sent in each of the forms, with what training encoded."""
    dataset = SimpleNamespace(features=None, exclude=("row",), columns=choices, scaling="none")
    features = choose_features(dataset, description, ())
    (folder.path / "spill").mkdir()
    with TableReader(folder.table, features.names, (), folder.path / "spill") as reader:
        fitted, _ = fit_encoding(reader, features.columns, np.ones(NUM_ROWS, np.bool_))
        ((_, chunk),) = reader.read(features.names)
    encoding = TableEncoding.model_validate_json(fitted.model_dump_json())
    places = {column.name: place for place, column in enumerate(description.columns)}
    for column, encode in zip(encoding.columns, make_encoders(encoding), strict=True):
        trained = ColumnEncoder(column).encode(chunk[column.name])
        for row, value in enumerate(sent[column.name]):
            described = json.loads(json.dumps(description.sample[row][places[column.name]]))
            assert bits(encode(value)) == trained[row].tobytes(), (column, value)
            assert bits(encode(described)) == trained[row].tobytes(), (column, described)


def choose_types(description, types):
    """The preparation of columns, except of those that turned out as text or without values."""
    found = {name: description.column(name) for name, type_ in types.items() if type_ is not None}
    return {
        name: ColumnChoice(type=types[name])
        for name, column in found.items()
        if column.num_distinct and (types[name] == "category" or column.type != "text")
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uploads())
def test_every_text_of_an_upload_reaches_the_network_as_in_training(taken, upload):
    cells, types = upload
    folder, description = taken(written(cells))
    assert_served_as_trained(folder, description, choose_types(description, types), cells)


JSON_WORDS = WORDS | st.sampled_from(["", " ", " Oslo ", "NA", "1", "1.0", "true", "2024-02-29", "?"])
JSON_VALUES = [
    st.integers(-(2**63), 2**63 - 1),
    st.floats(-(2.0**100), 2.0**100) | st.integers(-9, 9),
    st.booleans(),
    JSON_WORDS,
    st.datetimes().map(str) | st.dates().map("{}T18:30:00.25 +0530".format).filter(lambda text: text > "0002"),
    JSON_WORDS | st.integers(-(2**63), 2**63 - 1) | st.floats(-(2.0**100), 2.0**100) | st.booleans(),
]


@st.composite
def json_rows(draw):
    """A table of JSON values, with the preparation of some of its columns."""
    cells, types = {}, {}
    for name in NAMES:
        values = draw(st.sampled_from(JSON_VALUES)) | st.none()
        cells[name] = draw(st.lists(values, min_size=NUM_ROWS, max_size=NUM_ROWS))
        types[name] = draw(st.sampled_from([None, "category"]))
    return cells, types


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_rows())
def test_every_json_value_of_an_upload_reaches_the_network_as_in_training(taken, upload):
    cells, types = upload
    cells = {**cells, "row": list(range(NUM_ROWS))}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    folder, description = taken("\n".join(map(json.dumps, rows)).encode())
    assert_served_as_trained(folder, description, choose_types(description, types), cells)
