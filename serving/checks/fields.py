"""Numbers of the fields of ONNX's messages that the checks read, from onnx.proto3."""

from enum import IntEnum


class ModelField(IntEnum):
    """Fields of ModelProto."""

    IR_VERSION = 1
    GRAPH = 7
    OPSET_IMPORT = 8
    TRAINING_INFO = 20
    FUNCTIONS = 25


class OpsetField(IntEnum):
    """Fields of OperatorSetIdProto."""

    DOMAIN = 1
    VERSION = 2


class GraphField(IntEnum):
    """Fields of GraphProto."""

    NODE = 1
    INITIALIZER = 5
    INPUT = 11
    OUTPUT = 12
    SPARSE_INITIALIZER = 15


class ValueField(IntEnum):
    """Fields of ValueInfoProto."""

    NAME = 1


class NodeField(IntEnum):
    """Fields of NodeProto."""

    INPUT = 1
    OUTPUT = 2
    OP_TYPE = 4
    ATTRIBUTE = 5
    DOMAIN = 7


class AttributeField(IntEnum):
    """Fields of AttributeProto: T and TENSORS are tensors, G and GRAPHS graphs."""

    NAME = 1
    T = 5
    G = 6
    TENSORS = 10
    GRAPHS = 11
    SPARSE_TENSOR = 22
    SPARSE_TENSORS = 23


class TensorField(IntEnum):
    """Fields of TensorProto."""

    DIMS = 1
    DATA_TYPE = 2
    SEGMENT = 3
    FLOAT_DATA = 4
    INT32_DATA = 5
    STRING_DATA = 6
    INT64_DATA = 7
    NAME = 8
    RAW_DATA = 9
    DOUBLE_DATA = 10
    UINT64_DATA = 11
    EXTERNAL_DATA = 13
    DATA_LOCATION = 14
