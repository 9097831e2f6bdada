import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.datasets.upload_warnings import add_upload_warnings
from core.notices import Notice
from core.uploads.description import ColumnDescription, DescriptionFile, TableDescription

COLUMNS = tuple(ColumnDescription(name=name, type="text", num_missing=0, num_distinct=2) for name in ("a", "b/c", "y"))


def move(*warnings, known=(), **dataset):
    upload = DescriptionFile(format="csv", description=TableDescription(num_rows=9, columns=COLUMNS), warnings=warnings)
    spec = TypeAdapter(Dataset).validate_python({"name": "table", "dataset": "mine", "target": "y"} | dataset)
    return [(notice.code, notice.pointer) for notice in add_upload_warnings(spec, upload, known)]


def test_warnings_about_a_file_are_about_the_dataset_of_the_spec():
    assert move(Notice("files_ignored", "", "x.log")) == [("files_ignored", "/dataset/dataset")]


def test_warnings_about_a_column_have_its_place_in_the_spec():
    second, target = Notice("read_as_text", "/columns/1", "Odd."), Notice("read_as_text", "/columns/2", "Odd.")
    assert move(second, target) == [
        ("read_as_text", "/dataset/columns/b~1c"),
        ("read_as_text", "/dataset/target"),
    ]


@pytest.mark.parametrize("dataset", [{"exclude": ["b/c"]}, {"features": ["a"]}])
def test_warnings_about_a_column_that_is_not_used_are_left_out(dataset):
    assert move(Notice("read_as_text", "/columns/1", "Odd."), **dataset) == []


def test_what_the_check_of_the_spec_says_itself_is_not_said_twice():
    known = [Notice("empty_column", "/dataset/columns/a", "Empty.")]
    assert move(Notice("empty_column", "/columns", "Empty."), known=known) == [("empty_column", "/dataset/columns/a")]


def test_the_upload_knows_best_why_a_column_is_text():
    known = [Notice("numbers_as_text", f"/dataset/columns/{name}", "Numbers.") for name in ("a", "c")]
    assert move(Notice("read_as_text", "/columns/0", "In two ways."), known=known) == [
        ("numbers_as_text", "/dataset/columns/c"),
        ("read_as_text", "/dataset/columns/a"),
    ]
