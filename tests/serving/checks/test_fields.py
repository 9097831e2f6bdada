import onnx
import pytest

from serving.checks import fields
from serving.checks.tensors import BITS, TEXT


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (fields.ModelField, onnx.ModelProto),
        (fields.OpsetField, onnx.OperatorSetIdProto),
        (fields.GraphField, onnx.GraphProto),
        (fields.ValueField, onnx.ValueInfoProto),
        (fields.NodeField, onnx.NodeProto),
        (fields.AttributeField, onnx.AttributeProto),
        (fields.TensorField, onnx.TensorProto),
    ],
)
def test_fields_have_the_numbers_that_onnx_gives_them(named, message):
    numbers = {field.name.upper(): field.number for field in message.DESCRIPTOR.fields}
    assert {field.name: int(field) for field in named} == {field.name: numbers[field.name] for field in named}


def test_types_have_the_sizes_of_onnx():
    sizes = {8: {"UINT8", "INT8", "BOOL"}, 16: {"UINT16", "INT16", "FLOAT16", "BFLOAT16"}}
    sizes |= {32: {"FLOAT", "INT32", "UINT32"}, 64: {"INT64", "DOUBLE", "UINT64", "COMPLEX64"}, 128: {"COMPLEX128"}}
    sizes |= {4: {"UINT4", "INT4", "FLOAT4E2M1"}, 2: {"UINT2", "INT2"}}
    sizes[8] |= {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0"}
    kinds = dict(onnx.TensorProto.DataType.items())
    assert {kinds[name]: bits for bits, names in sizes.items() for name in names} == BITS
    assert kinds["STRING"] == TEXT
