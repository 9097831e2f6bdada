"""Examples of uploads of networks."""

from typing import Any

from api.http.errors import BodyTooSlow, DiskFull, RejectedNetwork
from core.errors import BodyTooLarge, InvalidInput, Unavailable

SIGNATURE: dict[str, Any] = {
    "columns": ["sepal_length", "sepal_width", "petal_length", "petal_width"],
    "class_labels": ["setosa", "versicolor", "virginica"],
}

VERSION: dict[str, Any] = {
    "model": "flowers",
    "version": 1,
    "network_sha256": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
    "num_bytes": 2048,
    "signature": {
        "task": "classification",
        "input_kind": "columns",
        "input": {"name": "x", "onnx_name": "x", "dtype": "float32", "shape": [4]},
        "output": {"name": "probabilities", "onnx_name": "probabilities", "dtype": "float32", "shape": [3]},
        "other_inputs": [],
        "other_outputs": [],
        "columns": SIGNATURE["columns"],
        "table": None,
        "resize": None,
        "pixel_range": [0.0, 255.0],
        "class_labels": SIGNATURE["class_labels"],
        "num_bits": 0,
        "threshold": 0.5,
        "answers_probabilities": True,
    },
    "links": {
        "version": "/v1/registry/models/flowers/versions/1",
        "predict": "/v1/models/flowers/versions/1:predict",
        "metadata": "/v1/models/flowers/versions/1/metadata",
    },
}

FORM_NETWORK: dict[str, Any] = {"type": "string", "format": "binary", "description": "The ONNX file."}

REJECTED = RejectedNetwork(
    "The input 'x' is of shape 1×4. Its first axis is the number of rows, which must be free. Export it with a free "
    "first axis: dynamic_axes or dynamic_shapes of torch.onnx.export, tf.TensorSpec([None, …]) of tf2onnx.",
    "fixed_batch",
)

WRONG_SIGNATURE = RejectedNetwork(
    "The signature says that the input 'x' is int64; the network has float32.", "wrong_signature"
)

UNKNOWN_FIELD = InvalidInput.at(
    "", "The form has an unknown field 'signatur'. Did you mean 'signature'?", "unknown_field"
)

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 268,435,456 bytes that this route accepts. Send a smaller network, or raise "
    "TRAINYARD_MAX_NETWORK_BYTES."
)

TOO_SLOW = BodyTooSlow("Only 3,012 bytes of the body came in 31 s. Send it faster than 16,384 bytes a second.")

BUSY = Unavailable("2 uploads are being processed, and this one has waited 30 s for its turn. Send it again later.")

FULL = DiskFull("The service's disk is full. Delete datasets and runs that are no longer needed.")
