import json

from core.notices import Notice
from core.uploads.description import DescriptionFile, TableDescription

EMPTY = TableDescription(num_rows=0, columns=())


def test_warnings_are_stored_with_code_and_place():
    notice = Notice("empty_column", "/columns/0", "Nothing can be learned from it.")
    text = DescriptionFile(format="csv", description=EMPTY, warnings=(notice,)).model_dump_json()
    assert json.loads(text)["warnings"] == [
        {"code": "empty_column", "pointer": "/columns/0", "detail": "Nothing can be learned from it."}
    ]
    assert DescriptionFile.model_validate_json(text).warnings == (notice,)


def test_warnings_that_earlier_versions_stored_as_text_are_read():
    stored = {"format": "csv", "description": EMPTY.model_dump(), "warnings": ["Look at this."]}
    assert DescriptionFile.model_validate_json(json.dumps(stored)).warnings == (Notice("warning", "", "Look at this."),)
    assert DescriptionFile.model_validate(stored).warnings[0].detail == "Look at this."
