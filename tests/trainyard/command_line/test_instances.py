import base64
import io

import pytest

from trainyard.command_line.instances import find_instances, read_input
from trainyard.errors import InvalidArgument


def rows_of(value, shape):
    return find_instances(value, lambda: shape)


def never_asked():
    raise AssertionError("An object says by itself that it is one row.")


def test_object_is_one_row():
    assert find_instances({"a": 45, "b": 77}, never_asked) == [{"a": 45, "b": 77}]


def test_list_of_objects_is_a_list_of_rows():
    assert find_instances([{"a": 1, "b": 2}, {"a": 3, "b": 4}], never_asked) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_request_body_gives_its_instances():
    assert find_instances({"instances": [[1, 2]]}, never_asked) == [[1, 2]]


def test_single_number_is_one_row():
    assert find_instances(2.5, never_asked) == [2.5]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([5.1, 3.5, 1.4, 0.2], (4,)),
        ([5.1, 3.5], (4,)),  # A short row is one wrong row, which the service then names.
        ([2], (1,)),
        ([[0, 1], [1, 1]], (2, 2)),
        ([[0, 1], [1, 1], [0, 0]], (None, 2)),
        ([[0, 0], [0, 0]], (2, 2, 1)),
        ([], (4,)),
    ],
)
def test_list_of_the_inputs_shape_is_one_row(value, shape):
    assert rows_of(value, shape) == [value]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([[5.1, 3.5, 1.4, 0.2]], (4,)),
        ([[1, 2, 3, 4], [5, 6, 7, 8]], (4,)),
        ([1, 2, 3], (1,)),
        ([[1], [2]], (1,)),
        ([[[0, 1], [1, 1]]] * 3, (2, 2)),
        ([[[0, 0], [0, 0]]] * 3, (2, 2, 1)),
    ],
)
def test_list_of_such_lists_is_a_list_of_rows(value, shape):
    assert rows_of(value, shape) == value


def test_without_a_known_shape_flat_lists_are_a_row_and_nested_ones_rows():
    assert rows_of([1, 2], None) == [[1, 2]]
    assert rows_of([[1, 2], [3, 4]], None) == [[1, 2], [3, 4]]


def test_input_is_json_itself():
    assert read_input('{"a": 1}') == {"a": 1}


def test_input_is_read_from_a_file(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("[1, 2]")
    assert read_input(f"@{path}") == [1, 2]


def test_input_is_read_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("[3]"))
    assert read_input("-") == [3]


@pytest.mark.parametrize("suffix", ["PNG", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "TIFF"])
def test_picture_is_sent_as_its_bytes(tmp_path, suffix):
    path = tmp_path / f"seven.{suffix}"
    path.write_bytes(b"\x89PNG\xff")
    assert base64.b64decode(read_input(f"@{path}")["b64"]) == b"\x89PNG\xff"


def test_text_that_is_not_json_is_rejected_with_the_place():
    with pytest.raises(InvalidArgument, match=r"'\{a: 1\}' is not JSON: .* line 1, column 2"):
        read_input("{a: 1}")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidArgument, match=r"none\.json' cannot be read: No such file"):
        read_input(f"@{tmp_path / 'none.json'}")


def test_file_that_is_not_text_is_rejected(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(InvalidArgument, match="is not JSON"):
        read_input(f"@{path}")
