"""The networks that are served: untrained, since answers take as long whatever the weights are.

`python -m benchmarks.serving.nets FOLDER` writes each with its signature, as a run exports it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.artifacts import KERAS_MODEL, ONNX_MODEL, SIGNATURE
from core.catalogue.presets import get_preset
from core.datasets.digits import DIGIT_LABELS
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import SplitCounts
from core.experiment import ExperimentSpec

MNIST_SIZE = (28, 28)
GREATEST_PIXEL = 255


PRESETS = {"iris": "iris-keras", "mnist-mlp": "mnist-mlp", "mnist-cnn": "mnist-cnn", "lstm": "sine-sequence"}
"""Preset whose layers each net has."""


@dataclass(frozen=True, slots=True)
class NetFiles:
    """Files of a net.

    Attributes:
        keras: The network as Keras saves it.
        onnx: The same as ONNX.
        signature: Its signature.
    """

    keras: Path
    onnx: Path
    signature: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> Self:
        """Return the paths of a net in the folder of all nets."""
        return cls(folder / name / KERAS_MODEL, folder / name / ONNX_MODEL, folder / name / SIGNATURE)


def write_nets(folder: Path) -> None:
    """Write every net into a folder of its name."""
    for name, preset in PRESETS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        _write_net(get_preset(preset).spec, NetFiles.of(folder, name))


def _write_net(spec: ExperimentSpec, files: NetFiles) -> None:
    # Imports of TensorFlow take seconds, which only the process that writes the nets has to spend.
    from models.export.export import build_model, describe  # noqa: PLC0415
    from models.export.onnx import write_onnx  # noqa: PLC0415
    from models.export.steps import list_steps  # noqa: PLC0415
    from models.networks.layers import TRAINING_ONLY  # noqa: PLC0415
    from models.networks.network import build_network  # noqa: PLC0415
    from models.preparation.preparation import Preparation  # noqa: PLC0415

    shape = _shape_of(spec)
    network = build_network(spec.model, shape, spec.seed)
    steps = list_steps(network, without=TRAINING_ONLY)
    factor = 1 / GREATEST_PIXEL if shape.input_shape == MNIST_SIZE else 1.0
    preparation = Preparation(factor=factor)
    build_model(shape.input_shape, preparation, steps).save(files.keras)
    write_onnx(files.onnx, shape.input_shape, preparation, steps)
    signature = describe(shape, spec, [step.layer for step in steps])
    files.signature.write_text(signature.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _shape_of(spec: ExperimentSpec) -> DatasetShape:
    """Return the shape of a dataset, of MNIST too, which is an upload."""
    if spec.dataset.name == "mnist":
        return shape_of_labelled_images(SplitCounts(60_000, 0, 10_000), MNIST_SIZE, DIGIT_LABELS)
    return spec.dataset.shape(None)


if __name__ == "__main__":
    write_nets(Path(sys.argv[1]))
