import pytest
from pydantic import ValidationError

from core.signatures.encodings import NumberEncoding, TableEncoding

AGE = {"name": "age", "kind": "number", "origin": 40, "unit": 2.0}


def read(*columns, **others):
    return TableEncoding.model_validate({"columns": columns, **others})


def test_a_stored_encoding_is_read_as_its_kind():
    assert read(AGE).columns == (NumberEncoding(name="age", origin=40, unit=2.0),)


@pytest.mark.parametrize(
    "changes", [{"unit": 0.0}, {"unit": -1.0}, {"origin": "40"}, {"kind": "numbers"}, {"kind": None}, {"scale": 1}]
)
def test_a_stored_encoding_that_cannot_be_used_is_rejected(changes):
    with pytest.raises(ValidationError):
        read(AGE | changes)


def test_a_stored_encoding_needs_its_kind_and_has_no_other_fields():
    with pytest.raises(ValidationError):
        read({"name": "age"})
    with pytest.raises(ValidationError):
        read(AGE, rows=3)


def test_a_row_has_a_number_for_each_column_and_each_part_of_a_date():
    table = read(
        AGE,
        {"name": "city", "kind": "category", "values": ["Bergen", "Oslo"]},
        {"name": "since", "kind": "date", "origin": "2020-01-01", "parts": ["elapsed_days", "month", "hour"]},
    )
    assert table.width == 1 + 1 + 3
    assert table.names == ("age", "city", "since")
