"""Every file of the benchmark is one that uploads accept, with the types it is meant to have."""

import pytest

from benchmarks import ingest_files
from benchmarks.ingest_files import FILES, write_file
from ingest.intake import take_in
from ingest.limits import MIB, Limits

LIMITS = Limits(100 * MIB, 512 * MIB, 1000)
MIXED = [
    "integer",
    "integer",
    "integer",
    "number",
    "number",
    "text",
    "text",
    "date",
    "date",
    "boolean",
    "number",
    "text",
]


def describe(kind, folder, monkeypatch):
    monkeypatch.setattr(ingest_files, "ROWS_AT_ONCE", 60)
    monkeypatch.setattr(ingest_files, "WIDE_COLUMNS", 5)
    write_file(kind, folder / "original", 0.001)
    return take_in(folder, LIMITS).description


@pytest.mark.parametrize(
    ("kind", "types"),
    [("csv-mixed", MIXED), ("csv-wide", ["number"] * 5), ("csv-texts", ["text"] * 6), ("parquet", MIXED)],
)
def test_a_table_has_columns_of_the_intended_types(kind, types, tmp_path, monkeypatch):
    assert [column.type for column in describe(kind, tmp_path, monkeypatch).columns] == types


def test_the_images_are_in_folders_by_class(tmp_path, monkeypatch):
    description = describe("images", tmp_path, monkeypatch)

    assert description.num_images >= 1
    assert description.classes[0].value == "class0"


def test_every_file_is_read_by_us_and_by_another():
    for file in FILES.values():
        assert file.sides[0] == "trainyard"
        assert len(file.sides) > 1
