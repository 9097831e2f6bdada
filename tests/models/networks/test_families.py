"""Families: outputs of ONNX, and whole runs of those with branches."""

import numpy as np
import pytest

from core.datasets.shape import DatasetShape
from core.experiment import parse_spec
from core.signatures.signature import InputKind, Task
from models.export.export import run_onnx
from models.export.onnx import write_onnx
from models.export.steps import list_steps
from models.networks.layers import TRAINING_ONLY
from models.networks.network import build_network
from models.preparation.preparation import Preparation
from models.training import train

FAMILIES = ["alexnet", "vgg", "googlenet", "resnet"]


def spec_of(family, arguments=None, **training):
    return parse_spec(
        {
            "name": family,
            "dataset": {"name": "digits", "split": {"test": 300}},
            "model": {"kind": "cnn_family", "family": family, "width": 4, "dropout": 0.1} | (arguments or {}),
            "training": {"loss": "sparse_categorical_crossentropy", "optimizer": "adam", **training},
        }
    )


def shape_of_images(image_shape):
    return DatasetShape(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input_shape=image_shape,
        network_input_shape=image_shape,
        target_shape=(),
        num_train=1,
        num_validation=0,
        num_test=0,
        class_labels=tuple("0123456789"),
    )


@pytest.mark.parametrize("image_shape", [(28, 28), (32, 32, 3)])
@pytest.mark.parametrize("family", FAMILIES)
def test_onnx_and_keras_agree(family, image_shape, tmp_path):
    network = build_network(spec_of(family).model, shape_of_images(image_shape), seed=1)
    random = np.random.default_rng(2)
    for weight in network.weights:
        if weight.path.rpartition("/")[2] in {"bias", "gamma", "beta", "moving_mean", "moving_variance"}:
            weight.assign(random.uniform(0.2, 1.2, weight.shape))

    write_onnx(tmp_path / "model.onnx", image_shape, Preparation(), list_steps(network, without=TRAINING_ONLY))

    images = random.random((3, *image_shape), np.float32)
    expected = np.asarray(network(images, training=False))
    assert expected.shape == (3, 10)
    np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", images), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "arguments", "precision"),
    [("googlenet", {}, "float32"), ("resnet", {"depth": 8}, "mixed_bfloat16")],
)
def test_a_network_with_branches_learns_and_is_saved(family, arguments, precision, tmp_path, reporter):
    spec = spec_of(family, arguments, epochs=3, metrics=["accuracy"], precision=precision, plan="graph")

    outcome = train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    # Chance is 0.1.
    assert outcome.final_metrics["test/accuracy"] > 0.4
    assert {path.name for path in outcome.files} >= {"model.keras", "model.onnx", "signature.json"}
    assert run_onnx(tmp_path / "model.onnx", np.zeros((2, 8, 8), np.float32)).sum(axis=1) == pytest.approx([1, 1])
