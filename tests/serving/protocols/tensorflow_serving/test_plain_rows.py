"""The quick reader returns what the other one does, or nothing."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.json_text import parse_leniently
from core.errors import InvalidInput, InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.plain_rows import decode_plain_rows
from serving.protocols.tensorflow_serving.predict import decode_predict

DTYPES = ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool", "str"]

WRITTEN = [
    *("0", "-0", "-0.0", "1", "1.0", "1e2", "1E-2", "0.1", "127", "128", "255", "256", "65519.9", "65520", "1e39"),
    *("3.4028235677973366e38", "16777217", "9007199254740993", "9223372036854775807", "9223372036854775808"),
    *(
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "1e400",
        "-1e-50",
    ),
    *("1" * 40, "01", "+1", "1.", ".5", "-", "NaN", "-Infinity", "true", "null", '"1"', '{"b64": "YQ=="}', "[]", "[1]"),
]


def make_signature(dtype="float32", shape=(2,), kind=InputKind.TENSOR, **others):
    return ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=kind,
        input=TensorSpec(name="x", onnx_name="x", dtype=dtype, shape=shape),
        output=TensorSpec(name="y", onnx_name="y", shape=(3,)),
        **others,
    )


def read_both(text, signature, **options):
    """Return what the quick reader returns, and what the other one does: a request, or None if it rejects the text."""
    quick = decode_plain_rows(text, signature, max_instances=4, **options)
    try:
        slow = decode_predict(parse_leniently(text), signature, max_instances=4, **options)
    except InvalidInput:
        slow = None
    return quick, slow


def check_same(quick, slow):
    assert slow is not None
    assert list(quick.inputs) == list(slow.inputs)
    for name, tensor in slow.inputs.items():
        assert quick.inputs[name].dtype == tensor.dtype
        assert quick.inputs[name].shape == tensor.shape
        assert quick.inputs[name].tobytes() == tensor.tobytes()
    assert (quick.num_rows, quick.answer_key, quick.answer_form, quick.top_k) == (
        *(slow.num_rows, slow.answer_key, slow.answer_form, slow.top_k),
    )


@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 1), (-1, 2), (20,), (2, 17)])
@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@settings(max_examples=40)
def test_what_is_read_quickly_is_read_the_same_slowly(dtype, shape, data):
    elements = st.sampled_from(WRITTEN) | st.floats(allow_nan=False, allow_infinity=False).map(repr)

    def lists(length, inner):
        lengths = {"min_size": 0, "max_size": 3} if length == -1 else {"min_size": length, "max_size": length}
        return st.lists(inner, **lengths).map(lambda parts: f"[{','.join(parts)}]")

    row = elements
    for length in reversed(shape):
        row = lists(length, row)
    rows = data.draw(st.lists(row | elements, max_size=5).map(lambda parts: f"[{', '.join(parts)}]") | lists(2, row))
    text = data.draw(
        st.sampled_from(
            [
                '{"instances": ROWS}',
                ' {"inputs":ROWS }\n',
                '{"signature_name": "serving_default", "instances": ROWS}',
                '{"instances": ROWS, "signature_name": ""}',
                '{"instances": ROWS, "instances": [[9, 9]]}',
                '{"instances": ROWS}}',
                '{"instances": ROWS',
                '\x0b{"instances": ROWS}',
                '{"examples": ROWS}',
            ]
        )
    ).replace("ROWS", rows)
    quick, slow = read_both(text.encode(), make_signature(dtype, shape))
    if quick is not None:
        check_same(quick, slow)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8"])
@pytest.mark.parametrize("text", [b'{"instances": [[1, 2], [3, 4]]}', b'{"inputs":[[0,255]]}'])
def test_plain_rows_are_read_quickly(dtype, text):
    quick, slow = read_both(text, make_signature(dtype))
    check_same(quick, slow)


def test_rows_of_columns_and_images_are_read_quickly_too():
    columns = make_signature(kind=InputKind.COLUMNS, columns=("a", "b"), class_labels=("p", "q", "r"))
    check_same(*read_both(b'{"instances": [[1, 2]]}', columns, labels=True))
    check_same(*read_both(b'{"instances": [[1, 2]]}', columns, top_k=2))
    image = make_signature(shape=(2, 2), kind=InputKind.IMAGE)
    check_same(*read_both(b'{"instances": [[[[1], [2]], [[3], [4]]]]}', image))


def test_a_float_that_rounds_to_infinity_is_left_to_the_reader_that_explains():
    assert read_both(b'{"instances": [[1, 1e39]]}', make_signature()) == (None, None)


@pytest.mark.parametrize("number", ["9007199254740993", "-9223372036854775808", "18446744073709551615"])
def test_whole_numbers_beyond_doubles_are_read_exactly(number):
    dtype = "uint64" if number.startswith("1") else "int64"
    request = decode_plain_rows(f'{{"instances": [{number}]}}'.encode(), make_signature(dtype, ()), max_instances=1)
    assert request.batch.tolist() == [int(number)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int64", "uint64"])
@pytest.mark.parametrize(
    "odd", ["255", "-1", "1.5", "16777217", "9007199254740993", "9223372036854775807", "1e39", "1e3"]
)
def test_long_rows_are_read_as_short_ones_are(dtype, odd):
    row = f"[{', '.join(['1'] * 19)}, {odd}]"
    quick, slow = read_both(f'{{"instances": [{row}, {row}]}}'.encode(), make_signature(dtype, (20,)))
    assert (quick is None) == (slow is None)
    if slow is not None:
        check_same(quick, slow)


def test_too_many_rows_are_left_to_the_reader_that_explains():
    assert decode_plain_rows(b'{"instances": [[1, 2], [3, 4]]}', make_signature(), max_instances=1) is None
    assert decode_plain_rows(b'{"instances": []}', make_signature(), max_instances=1) is None


def test_lists_nested_too_deep_are_left_to_the_reader_that_explains():
    text = b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert decode_plain_rows(text, make_signature(), max_instances=1) is None
    shallow = b'{"instances": ' + b"[" * 500 + b"1" + b"]" * 500 + b"}"
    assert decode_plain_rows(shallow, make_signature(), max_instances=1) is None


def test_labels_of_a_model_that_does_not_classify_are_refused_all_the_same():
    signature = make_signature().model_copy(update={"task": Task.REGRESSION})
    with pytest.raises(InvalidInstances, match="does not classify"):
        decode_plain_rows(b'{"instances": [[1, 2]]}', signature, max_instances=1, labels=True)


def test_negative_zero_keeps_its_sign():
    request = decode_plain_rows(b'{"instances": [[-0.0, 0]]}', make_signature(), max_instances=1)
    assert json.dumps(request.batch.tolist()) == "[[-0.0, 0.0]]"
    assert np.signbit(request.batch).tolist() == [[True, False]]
