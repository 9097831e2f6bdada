"""Inputs of models of every kind, from tensors of every form."""

from base64 import b64encode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidInstances
from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.open_inference.binary_data import write_elements
from serving.protocols.open_inference.inputs import read_inputs
from serving.protocols.open_inference.interface import build_interface
from serving.protocols.open_inference.requests import decode_request

ROW = [0.25, 0.5, 0.125, 9.0]
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@pytest.fixture
def read():
    """Return a function that reads tensors for a signature."""

    def read_for(signature, *inputs, binary=b"", max_rows=100):
        request = decode_request({"inputs": list(inputs)}, memoryview(binary))
        return read_inputs(request.tensors, build_interface(signature), max_rows)[0]

    return read_for


def spec(name="x", dtype="float32", shape=(2,)):
    return TensorSpec(name=name, onnx_name=name, dtype=dtype, shape=shape)


def make_signature(*inputs, **changes):
    fields = {"task": Task.REGRESSION, "input_kind": InputKind.TENSOR, "output": spec("y", shape=(1,))} | changes
    return ModelSignature(input=inputs[0], other_inputs=inputs[1:], **fields)


@pytest.fixture
def table():
    """A table of a number, a text, a boolean and a date."""
    encoding = TableEncoding(
        columns=(
            NumberEncoding(name="age"),
            CategoryEncoding(name="city", values=("Bergen", "Oslo"), source="text"),
            BooleanEncoding(name="member"),
            DateEncoding(name="since", origin="2024-01-01", parts=("elapsed_days",)),
        )
    )
    return make_signature(
        spec(shape=(4,)), input_kind=InputKind.TABLE, table=encoding, columns=("age", "city", "member", "since")
    )


def test_json_and_binary_data_become_the_same_input(iris, infer, tensor):
    answer = infer(iris, {"inputs": [tensor("features", [ROW])]})
    data = {"name": "features", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}
    assert infer(iris, {"inputs": [data]}, np.float32(ROW).tobytes()) == answer
    assert answer["outputs"][0]["data"] == [0.25, 0.5, 0.125]


def test_each_column_may_be_a_tensor(iris, infer, tensor):
    expected = infer(iris, {"inputs": [tensor("features", [ROW, [1, 0, 0, 0]])]})
    columns = [tensor(name, [ROW[index], [1, 0, 0, 0][index]], "FP64") for index, name in enumerate(NAMES)]
    assert infer(iris, {"inputs": columns}) == expected
    upright = [tensor(name, [[ROW[index]], [[1, 0, 0, 0][index]]], "FP32") for index, name in enumerate(NAMES)]
    assert infer(iris, {"inputs": upright[::-1]}) == expected


def test_columns_are_read_as_the_values_of_rows(iris, refuse, tensor):
    columns = [tensor(name, [1.0], "FP32") for name in NAMES]
    columns[1] = tensor(NAMES[1], ["wide"], "BYTES")
    assert refuse(iris, {"inputs": columns}) == 'Row 0 has the string "wide" for sepal_width, not a number.'
    columns[1] = tensor(NAMES[1], [True], "BOOL")
    assert refuse(iris, {"inputs": columns}) == "Row 0 has true for sepal_width, not a number."


def test_wrong_names_are_answered_with_what_the_model_takes(iris, refuse, tensor):
    assert refuse(iris, {"inputs": [tensor("feature", [ROW])]}) == (
        "The inputs are 'feature'; the model takes 'features' (FP32 [-1, 4]); or one tensor each for 'sepal_length', "
        "'sepal_width', 'petal_length', 'petal_width'. Did you mean 'features'?"
    )
    columns = [tensor(name, [1.0]) for name in NAMES]
    assert "The inputs are 'sepal_length', 'sepal_width', 'petal_length'; the model" in refuse(
        iris, {"inputs": columns[:3]}
    )
    assert "The inputs are 'features', 'sepal_length'" in refuse(
        iris, {"inputs": [tensor("features", [ROW]), columns[0]]}
    )


def test_wrong_shapes_are_answered_with_the_right_one(iris, refuse, tensor):
    detail = refuse(iris, {"inputs": [tensor("features", [ROW[:3]])]})
    assert "has the shape [1, 3]; the model takes FP32 in the shape [-1, 4]" in detail
    assert "has the shape [4]; the model takes" in refuse(iris, {"inputs": [tensor("features", ROW)]})
    assert "has the shape [1, 1, 4]" in refuse(iris, {"inputs": [tensor("features", [[ROW]])]})
    columns = [tensor(name, [1.0]) for name in NAMES]
    columns[0] = tensor(NAMES[0], [[1.0, 2.0]])
    assert "'sepal_length' has the shape [1, 2]; the model takes [-1]" in refuse(iris, {"inputs": columns})


def test_rows_are_counted(iris, refuse, tensor):
    assert "no rows" in refuse(iris, {"inputs": [tensor("features", [], shape=[0, 4])]})
    rows = tensor("features", [ROW] * 11)
    assert "have 11 rows; at most 10" in refuse(iris, {"inputs": [rows]}, max_rows=10)
    columns = [tensor(name, [1.0]) for name in NAMES]
    columns[2] = tensor(NAMES[2], [1.0, 2.0])
    assert "'petal_length' has 2 rows, 'sepal_length' 1" in refuse(iris, {"inputs": columns})


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [
        *(("INT32", "int64"), ("INT8", "int16"), ("UINT8", "int16"), ("UINT32", "int64"), ("UINT16", "uint64")),
        *(("FP32", "float64"), ("FP16", "float32"), ("FP16", "float64"), ("INT16", "float32"), ("INT32", "float64")),
    ],
)
def test_numbers_are_widened(read, tensor, datatype, dtype):
    array = read(make_signature(spec(dtype=dtype)), tensor("x", [[1, 100]], datatype))["x"]
    assert array.dtype == dtype
    assert array.tolist() == [[1, 100]]


@pytest.mark.parametrize(
    ("datatype", "dtype", "wanted"),
    [
        *(("FP64", "float32", "FP32"), ("FP32", "float16", "FP16"), ("INT64", "int32", "INT32")),
        *(("INT8", "uint8", "UINT8"), ("UINT64", "int64", "INT64"), ("FP32", "int64", "INT64")),
        *(("FP64", "int64", "INT64"), ("INT8", "bool", "BOOL")),
    ],
)
def test_numbers_are_not_narrowed(read, tensor, datatype, dtype, wanted):
    with pytest.raises(InvalidInstances, match=f"The input 'x' is {datatype}; the model takes {wanted}"):
        read(make_signature(spec(dtype=dtype)), tensor("x", [[1, 0]], datatype))


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "str"])
def test_booleans_are_no_numbers(read, tensor, dtype):
    with pytest.raises(InvalidInstances, match="is BOOL"):
        read(make_signature(spec(dtype=dtype)), tensor("x", [[True, False]], "BOOL"))


@pytest.mark.parametrize(
    ("datatype", "dtype", "greatest"),
    [
        *(("INT32", "float32", 2**24), ("INT64", "float64", 2**53), ("UINT64", "float64", 2**53)),
        ("INT16", "float16", 2**11),
    ],
)
def test_whole_numbers_become_floats_while_they_are_exact(read, tensor, datatype, dtype, greatest):
    signature = make_signature(spec(dtype=dtype))
    assert read(signature, tensor("x", [[0, greatest]], datatype))["x"].tolist() == [[0, greatest]]
    with pytest.raises(InvalidInstances, match=f"which holds whole numbers up to {greatest} exactly"):
        read(signature, tensor("x", [[0, greatest + 1]], datatype))


def test_several_inputs_are_found_by_name(read, tensor):
    signature = make_signature(spec("a"), spec("b", "int64", (3,)), spec("c", "str", ()))
    inputs = [tensor("c", ["é"], "BYTES"), tensor("b", [[1, 2, 3]], "INT64"), tensor("a", [[1, 2]])]
    arrays = read(signature, *inputs)
    assert list(arrays) == ["a", "b", "c"]
    assert [arrays[name].tolist() for name in "abc"] == [[[1, 2]], [[1, 2, 3]], ["é"]]
    with pytest.raises(InvalidInstances, match=r"the model takes 'a' \(FP32 \[-1, 2\]\), 'b' \(INT64 \[-1, 3\]\)"):
        read(signature, *inputs[:2])


def test_text_is_utf8(read):
    signature = make_signature(spec(dtype="str", shape=()))
    header = {"name": "x", "shape": [2], "datatype": "BYTES"}
    data = write_elements(["é".encode(), b""])
    binary = header | {"parameters": {"binary_data_size": len(data)}}
    assert read(signature, binary, binary=data)["x"].tolist() == ["é", ""]
    broken = write_elements([b"a", b"\xff"])
    with pytest.raises(InvalidInstances, match="not UTF-8 text, at position 1"):
        read(signature, header | {"parameters": {"binary_data_size": len(broken)}}, binary=broken)
    with pytest.raises(InvalidInstances, match="not UTF-8 text, at position 0"):
        read(signature, header | {"data": ["\ud800", ""]})


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_an_axis_of_one_at_the_end_may_be_left_out(read, tensor, shape):
    for signature in (make_signature(spec(shape=(3, 1))), make_signature(spec("y"), spec(shape=(3, 1)))):
        others = [tensor("y", [[1, 2]] * 2)] if signature.other_inputs else []
        array = read(signature, tensor("x", np.zeros((2, *shape)).tolist()), *others)["x"]
        assert array.shape == (2, 3, 1)
    assert read(make_signature(spec(shape=())), tensor("x", [[1], [2]]))["x"].tolist() == [1, 2]


def test_rows_of_any_length_have_one(read, tensor):
    signature = make_signature(spec(shape=(-1, 2)))
    assert read(signature, tensor("x", [[[1, 2], [3, 4]]]))["x"].shape == (1, 2, 2)
    with pytest.raises(InvalidInstances, match=r"takes FP32 in the shape \[-1, -1, 2\]"):
        read(signature, tensor("x", [], shape=[1, 0, 2]))


def test_columns_of_a_table_are_read_as_rows_are(read, tensor, table):
    (array,) = read(
        table,
        tensor("age", [31, 40], "INT8"),
        tensor("city", ["Oslo", ""], "BYTES"),
        tensor("member", [True, False], "BOOL"),
        tensor("since", ["2024-01-03", "2024-01-01"], "BYTES"),
    ).values()
    assert np.array_equal(array, np.float32([[31, 1, 1, 2], [40, np.nan, 0, 0]]), equal_nan=True)


def test_a_table_may_be_one_tensor_of_text(read, tensor, table):
    with pytest.raises(InvalidInstances, match='has the string "31" for age, not a number'):
        read(table, tensor("x", [["31", "Oslo", "true", "2024-01-03"]], "BYTES"))
    with pytest.raises(InvalidInstances, match=r"has the shape \[1, 3\]; the model takes \[-1, 4\]"):
        read(table, tensor("x", [["31", "Oslo", "true"]], "BYTES"))


def test_missing_columns_of_a_table_are_named(read, tensor, table):
    with pytest.raises(InvalidInstances, match="or one tensor each for 'age', 'city', 'member', 'since'"):
        read(table, tensor("age", [31], "FP64"))


def test_wrong_values_of_a_table_are_named(read, tensor, table):
    columns = [tensor("city", ["Oslo"], "BYTES"), tensor("member", [2], "INT8"), tensor("since", ["then"], "BYTES")]
    with pytest.raises(InvalidInstances, match="Row 0 has the number 2 for member, not true or false"):
        read(table, tensor("age", [31], "FP64"), *columns)


@pytest.fixture
def windows():
    """Windows of two steps of a number and a text."""
    encoding = TableEncoding(columns=(NumberEncoding(name="level"), CategoryEncoding(name="wind", values=("n", "s"))))
    return make_signature(spec(shape=(2, 2)), input_kind=InputKind.TABLE, table=encoding, columns=("level", "wind"))


def test_columns_of_a_series_have_steps_after_rows(read, tensor, windows):
    levels, winds = [[1.5, 2.5], [3, 4], [5, 6]], [["s", "n"], ["n", "n"], ["s", "s"]]
    expected = [[[1.5, 1], [2.5, 0]], [[3, 0], [4, 0]], [[5, 1], [6, 1]]]
    arrays = read(windows, tensor("level", levels, "FP64"), tensor("wind", winds, "BYTES"))
    assert arrays["x"].tolist() == expected
    upright = [[[step] for step in row] for row in levels]
    arrays = read(windows, tensor("level", upright, "FP64"), tensor("wind", winds, "BYTES"))
    assert arrays["x"].tolist() == expected
    with pytest.raises(InvalidInstances, match=r"'level' has the shape \[1, 3\]; the model takes \[-1, 2\]"):
        read(windows, tensor("level", [[1, 2, 3]], "FP64"), tensor("wind", [["s", "n", "n"]], "BYTES"))


def test_the_only_column_may_have_the_name_of_the_input(read, tensor):
    encoding = TableEncoding(columns=(CategoryEncoding(name="x", values=("n", "s")),))
    signature = make_signature(spec(shape=(1,)), input_kind=InputKind.TABLE, table=encoding, columns=("x",))
    for data in (["s", "n"], [["s"], ["n"]]):
        assert read(signature, tensor("x", data, "BYTES"))["x"].tolist() == [[1], [0]]


def test_numbers_to_add_are_two_tensors(adder, infer, refuse, tensor):
    answer = infer(adder, {"inputs": [tensor("a", [45, 1], "INT64"), tensor("b", [[77], [2]], "UINT8")]})
    bits = np.array(answer["outputs"][0]["data"]).reshape(2, 8)
    assert (bits @ 2 ** np.arange(8)).tolist() == [122, 3]
    detail = refuse(adder, {"inputs": [tensor("a", [128], "INT64"), tensor("b", [0], "INT64")]})
    assert "Row 0 has the number 128 for a; the adder of 8 bits takes whole numbers from 0 to 127" in detail


@pytest.fixture(scope="module")
def image_file():
    buffer = BytesIO()
    Image.fromarray(np.uint8([[0, 51], [102, 153], [204, 255]])).save(buffer, "PNG")
    return buffer.getvalue()


PIXELS = [0, 0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_images_are_files_in_binary_data_and_base64_in_json(picture, infer, tensor, image_file, shape):
    text = b64encode(image_file).decode()
    data = write_elements([image_file] * 2)
    answer = infer(picture, {"inputs": [tensor("image", [text] * 2, "BYTES", shape)]})
    assert answer["outputs"][0]["data"] == pytest.approx(PIXELS * 2)
    binary = {"name": "image", "shape": shape, "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    assert infer(picture, {"inputs": [binary]}, data) == answer


def test_images_are_pixels_too(picture, infer, tensor):
    rows = np.float32(PIXELS).reshape(1, 3, 2).tolist()
    answer = infer(picture, {"inputs": [tensor("image", rows)]})
    assert answer["outputs"][0]["data"] == pytest.approx(PIXELS)


def test_broken_images_are_refused(picture, refuse, tensor, image_file):
    assert "Row 0 is not base64" in refuse(picture, {"inputs": [tensor("image", ["?"], "BYTES")]})
    data = write_elements([image_file, image_file[:40]])
    binary = {"name": "image", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    assert "Row 1 is a" in refuse(picture, {"inputs": [binary]}, data)
    assert "Send one element for each" in refuse(picture, {"inputs": [tensor("image", [["", ""]], "BYTES")]})
