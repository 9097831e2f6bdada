"""The protocols for predictions: their operations, and their sections of the OpenAPI document."""

from api.openapi.operations import Resource
from api.prediction.operations import describe_operations
from api.prediction.tensorflow_serving import handlers as tensorflow_serving

TENSORFLOW_SERVING = Resource(
    "prediction", "TensorFlow Serving's REST interface; its clients work unmodified.", prefix="/v1/models"
)

describe_operations(TENSORFLOW_SERVING, tensorflow_serving.OPERATIONS)

PROTOCOLS = (TENSORFLOW_SERVING,)
"""Sections of the document."""

OPERATIONS = (*tensorflow_serving.OPERATIONS,)
"""Everything that the prediction app answers."""
