"""mlflow's onnx flavour.

`python -m benchmarks.serving.peers.mlflow_onnx ONNX FOLDER` saves a network as such a model.
"""

import sys

import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec


def save(onnx_path: str, folder: str) -> None:
    """Save the network with its signature, by which mlflow reads JSON."""
    model = onnx.load(onnx_path)
    value = model.graph.input[0]
    shape = [-1 if axis.dim_param else axis.dim_value for axis in value.type.tensor_type.shape.dim]
    options = {"intra_op_num_threads": 1, "inter_op_num_threads": 1, "execution_mode": "sequential"}
    mlflow.onnx.save_model(
        model,
        folder,
        signature=ModelSignature(inputs=Schema([TensorSpec(np.dtype("float32"), tuple(shape), value.name)])),
        onnx_session_options=options,
        pip_requirements=[],
    )


if __name__ == "__main__":
    save(sys.argv[1], sys.argv[2])
