"""mlflow's keras flavour, in which it logs a model of Keras.

`python -m benchmarks.serving.peers.mlflow_keras KERAS FOLDER` saves a network as such a model.
"""

import sys

import keras
import mlflow.keras
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec


def save(keras_path: str, folder: str) -> None:
    """Save the network with its signature, by which mlflow reads JSON."""
    model = keras.models.load_model(keras_path)
    shape = tuple(-1 if length is None else length for length in model.input_shape)
    signature = ModelSignature(inputs=Schema([TensorSpec(np.dtype("float32"), shape)]))
    mlflow.keras.save_model(model, folder, signature=signature, pip_requirements=[])


if __name__ == "__main__":
    save(sys.argv[1], sys.argv[2])
