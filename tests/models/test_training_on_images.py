"""Whole runs on uploaded images of mixed sizes and formats."""

import base64

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.experiment import parse_spec
from core.signatures.signature import ModelSignature
from core.uploads.folder import DatasetFolder
from models.datasets.images import decode_images
from models.export.export import run_onnx
from models.training import train
from serving.rows.images import read_image_files
from serving.rows.tensors import RowsPointer

SIZES = [(24, 24), (20, 30), (40, 25), (33, 33)]


def drawing(label, number):
    """A disc, or a bar across: bright on dark, somewhere in the picture."""
    height, width = SIZES[number % len(SIZES)]
    random = np.random.default_rng([number, label == "disc"])
    picture = Image.new("RGB", (width, height), tuple(random.integers(0, 60, 3).tolist()))
    colour = tuple(random.integers(150, 255, 3).tolist())
    across, down = random.uniform(0.35, 0.65, 2) * (width, height)
    if label == "disc":
        radius = 0.25 * min(height, width)
        ImageDraw.Draw(picture).ellipse((across - radius, down - radius, across + radius, down + radius), colour)
    else:
        ImageDraw.Draw(picture).rectangle((0, down - 2, width, down + 1), colour)
    return np.asarray(picture), (height, width)


@pytest.fixture
def shapes(tmp_path, image_file, upload_images):
    """A folder of datasets with 60 drawings for training and 20 for test, and the spec of a run on them."""
    files = []
    for split, count in (("test", 10), ("train", 30)):
        for label in ("bar", "disc"):
            for number in range(count):
                pixels, size = drawing(label, number + 100 * (split == "test"))
                files.append((split, label, image_file(pixels, "JPEG" if number % 2 else "PNG"), size))
    spec = {
        "name": "shapes",
        "dataset": {
            "name": "images",
            "dataset": "shapes",
            "sha256": upload_images(tmp_path / "datasets", files),
            "height": 16,
            "width": 16,
            "resize": "pad",
            "augmentation": {"horizontal_flip": True, "vertical_flip": True, "shift": 0.1, "rotation": 5, "crop": 1},
            "split": {"validation": 10, "stratify": True},
        },
        "model": {
            "kind": "cnn",
            "layers": [
                {"type": "conv2d", "filters": 8, "kernel_size": 5, "strides": 2, "activation": "relu", "pooling": {}},
                {"type": "dense", "units": 2, "activation": "softmax"},
            ],
        },
        "training": {
            "optimizer": {"name": "adam", "learning_rate": 0.01},
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "batch_size": 10,
            "epochs": 15,
        },
    }
    return tmp_path / "datasets", files, spec


def run(definition, datasets, folder, reporter):
    folder.mkdir()
    return train(
        parse_spec(definition),
        datasets_dir=datasets,
        output_dir=folder,
        cache_dir=folder.parent / "cache",
        reporter=reporter,
    )


def test_shapes_are_learned_and_served_as_they_were_learned(shapes, tmp_path, reporter):
    datasets, files, spec = shapes
    outcome = run(spec, datasets, tmp_path / "run", reporter)
    assert outcome.final_metrics["test/accuracy"] >= 0.9

    signature = ModelSignature.model_validate_json((tmp_path / "run" / "signature.json").read_bytes())
    assert signature.class_labels == ("bar", "disc")
    assert (signature.resize, signature.input.shape) == ("pad", (16, 16, 3))
    # Every image, as a client sends it, has the pixels that training saw.
    folder = DatasetFolder.of(datasets, spec["dataset"]["sha256"])
    samples = decode_images(parse_spec(spec).dataset, (16, 16, 3), folder, 0)
    rows = [{"b64": base64.b64encode(content).decode()} for _, _, content, _ in files]
    served = read_image_files(rows, signature, RowsPointer(("instances",)))
    trained_on = [np.asarray(part.inputs) for part in (samples.test, samples.train, samples.validation)]
    assert sorted(map(bytes, np.concatenate(trained_on))) == sorted(map(bytes, served.astype(np.uint8)))
    assert np.array_equal(served, served.astype(np.uint8))
    # Raw pixels go in, and both saved forms answer alike.
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    np.testing.assert_allclose(run_onnx(tmp_path / "run" / "model.onnx", served), model(served), atol=1e-5)


def test_streamed_images_give_the_same_curves_as_those_on_the_device(shapes, tmp_path, make_reporter):
    datasets, _, spec = shapes
    curves = []
    for plan in ("graph", "stream", "graph"):
        training = spec["training"] | {"plan": plan, "epochs": 2}
        reporter = make_reporter()
        run(spec | {"training": training}, datasets, tmp_path / f"{len(curves)}", reporter)
        curves.append(reporter.curves)
    assert curves[0] == curves[2]
    for key, curve in curves[0].items():
        assert curves[1][key] == pytest.approx(curve, rel=1e-4), key


def test_held_out_images_are_never_changed(shapes, tmp_path, make_reporter):
    datasets, _, spec = shapes
    spec = spec | {"training": spec["training"] | {"optimizer": {"name": "sgd", "learning_rate": 1e-30}, "epochs": 3}}
    reporter = make_reporter()
    run(spec, datasets, tmp_path / "run", reporter)
    # The weights stay as they are, so only changed images can change what is measured.
    assert len(set(reporter.curves["epoch/validation/loss"].values())) == 1
    assert len(set(reporter.curves["epoch/train/loss"].values())) == 3
