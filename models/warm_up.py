"""Warm-up of a trainer, before its first run comes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from core.experiment import parse_spec
from models.reporting import SilentReporter
from models.training import train

_SPEC = {
    "name": "warm-up",
    "dataset": {"name": "iris", "scaling": "standardize", "split": {"validation": 10}},
    "model": {"kind": "mlp", "layers": [{"units": 4, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "epochs": 1},
}


def warm_up() -> None:
    """Train and export a tiny network.

    Everything that is slow only the first time is then done: importing TensorFlow, scikit-learn, onnx and
    onnxruntime, starting the device, tracing and converting a first graph. Takes some seconds.
    """
    with TemporaryDirectory() as folder:
        train(parse_spec(_SPEC), datasets_dir=Path(folder), output_dir=Path(folder), reporter=SilentReporter())
