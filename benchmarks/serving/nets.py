"""The networks that are served: untrained, since answers take as long whatever the weights are.

`python -m benchmarks.serving.nets FOLDER` writes each as an ONNX file with its signature, as a run exports it.
"""

import sys
from pathlib import Path

from core.artifacts import ONNX_MODEL, SIGNATURE
from core.catalogue.presets import get_preset
from core.datasets.digits import DIGIT_LABELS
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import SplitCounts
from core.experiment import ExperimentSpec

MNIST_SIZE = (28, 28)
GREATEST_PIXEL = 255


PRESETS = {"iris": "iris-keras", "mnist-mlp": "mnist-mlp", "mnist-cnn": "mnist-cnn", "lstm": "sine-sequence"}
"""Preset whose layers each net has."""


def net_files(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of a net's ONNX file and its signature."""
    return folder / name / ONNX_MODEL, folder / name / SIGNATURE


def write_nets(folder: Path) -> None:
    """Write every net into a folder of its name."""
    for name, preset in PRESETS.items():
        onnx_path, signature_path = net_files(folder, name)
        onnx_path.parent.mkdir(parents=True, exist_ok=True)
        _write_net(get_preset(preset).spec, onnx_path, signature_path)


def _write_net(spec: ExperimentSpec, onnx_path: Path, signature_path: Path) -> None:
    # Imports of TensorFlow take seconds, which only the process that writes the nets has to spend.
    from models.export.export import describe  # noqa: PLC0415
    from models.export.onnx import write_onnx  # noqa: PLC0415
    from models.export.steps import list_steps  # noqa: PLC0415
    from models.networks.layers import TRAINING_ONLY  # noqa: PLC0415
    from models.networks.network import build_network  # noqa: PLC0415
    from models.preparation.preparation import Preparation  # noqa: PLC0415

    shape = _shape_of(spec)
    network = build_network(spec.model, shape, spec.seed)
    steps = list_steps(network, without=TRAINING_ONLY)
    factor = 1 / GREATEST_PIXEL if shape.input_shape == MNIST_SIZE else 1.0
    write_onnx(onnx_path, shape.input_shape, Preparation(factor=factor), steps)
    signature = describe(shape, spec, [step.layer for step in steps])
    signature_path.write_text(signature.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _shape_of(spec: ExperimentSpec) -> DatasetShape:
    """Return the shape of a dataset, of MNIST too, which is an upload."""
    if spec.dataset.name == "mnist":
        return shape_of_labelled_images(SplitCounts(60_000, 0, 10_000), MNIST_SIZE, DIGIT_LABELS)
    return spec.dataset.shape(None)


if __name__ == "__main__":
    write_nets(Path(sys.argv[1]))
