"""The protocols for predictions: their operations, and their sections of the OpenAPI document."""

from api.openapi.operations import Resource
from api.prediction.open_inference import operations as open_inference
from api.prediction.operations import describe_operations
from api.prediction.tensorflow_serving import handlers as tensorflow_serving

TENSORFLOW_SERVING = Resource(
    "prediction", "TensorFlow Serving's REST interface; its clients work unmodified.", prefix="/v1/models"
)

describe_operations(TENSORFLOW_SERVING, tensorflow_serving.OPERATIONS)

OPEN_INFERENCE = Resource(
    "inference",
    "The Open Inference Protocol, version 2; KServe's and Triton's clients work unmodified.",
    prefix="/v2",
)

describe_operations(OPEN_INFERENCE, open_inference.OPERATIONS)

PROTOCOLS = (TENSORFLOW_SERVING, OPEN_INFERENCE)
"""Sections of the document."""

OPERATIONS = (*tensorflow_serving.OPERATIONS, *open_inference.OPERATIONS)
"""Everything that the prediction app answers."""
