from collections.abc import Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.checkpoints import SavedState
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport
from core.uploads.description import SPLIT_NAMES, DescriptionFile, ImagesDescription, ValueCount
from core.uploads.folder import IMAGE_RECORD, DatasetFolder
from models.export.export import build_model, run_onnx
from models.export.onnx import write_onnx
from models.export.steps import follow
from models.networks.layers import TRAINING_ONLY
from models.preparation.preparation import Preparation
from models.runtime import keras


class RecordingReporter:
    """Reporter that keeps every report, and asks to stop after `stop_after` calls of `should_stop`."""

    def __init__(self, stop_after=None):
        self.curves: dict[str, dict[int, float]] = {}
        self.progresses: list[Progress] = []
        self.phases: list[Phase] = []
        self.last_details: dict = {}
        self.notices: list[Notice] = []
        self.saved: list[SavedState] = []
        self.failed_checkpoints: list[str] = []
        self.stop_after = stop_after
        self.times_asked = 0

    def progress(self, progress: Progress) -> None:
        self.progresses.append(progress)

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        for batch in batches:
            curve = self.curves.setdefault(batch.key, {})
            for step, value in zip(batch.steps, batch.values, strict=True):
                assert not curve or step > max(curve), f"{batch.key} went back to step {step}"
                curve[step] = value

    def details(self, *, device: str, environment: Mapping) -> None:
        self.last_details |= {"device": device, "environment": environment}

    def engine(self, engine: EngineReport) -> None:
        self.last_details |= {"engine": engine}

    def warnings(self, notices: Sequence[Notice]) -> None:
        self.notices = list(notices)

    def checkpoint(self, saved: SavedState) -> None:
        self.saved.append(saved)

    def checkpoint_failed(self, reason: str) -> None:
        self.failed_checkpoints.append(reason)

    def phase(self, phase: Phase) -> None:
        self.phases.append(phase)

    def should_stop(self) -> bool:
        self.times_asked += 1
        return self.stop_after is not None and self.times_asked > self.stop_after


@pytest.fixture
def make_reporter():
    return RecordingReporter


@pytest.fixture
def reporter(make_reporter):
    return make_reporter()


@pytest.fixture
def image_file():
    """The bytes of an image file with these pixels."""

    def encode(pixels, format_="PNG") -> bytes:
        buffer = BytesIO()
        Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, format_)
        return buffer.getvalue()

    return encode


@pytest.fixture
def upload_images():
    """Lay down images as the service does when they are uploaded, and give the sha256 that names them.

    Images are (split or None, label, bytes of the file, (height, width)), in the order of their paths.
    """

    def upload(datasets_dir: Path, images: Sequence[tuple[str | None, str, bytes, tuple[int, int]]]) -> str:
        content = b"".join(image for _, _, image, _ in images)
        folder = DatasetFolder.of(datasets_dir, sha256(content).hexdigest())
        folder.path.mkdir(parents=True)
        folder.image_bytes.write_bytes(content)
        labels = sorted({label for _, label, _, _ in images})
        offsets = np.cumsum([0, *(len(image) for _, _, image, _ in images)])
        records = [
            (offset, len(image), *size, labels.index(label), -1 if split is None else SPLIT_NAMES.index(split))
            for offset, (split, label, image, size) in zip(offsets, images, strict=False)
        ]
        np.save(folder.image_records, np.array(records, IMAGE_RECORD))
        splits = [split for split, _, _, _ in images if split is not None]
        heights, widths = zip(*(size for _, _, _, size in images), strict=True)
        description = ImagesDescription(
            num_images=len(images),
            classes=tuple(
                ValueCount(value=label, count=sum(label == other for _, other, _, _ in images)) for label in labels
            ),
            splits={name: splits.count(name) for name in SPLIT_NAMES if name in splits},
            least_height=min(heights),
            greatest_height=max(heights),
            least_width=min(widths),
            greatest_width=max(widths),
            num_grey=sum(Image.open(BytesIO(image)).mode == "L" for _, _, image, _ in images),
        )
        file = DescriptionFile(format="zip", description=description)
        folder.description.write_text(file.model_dump_json(), encoding="utf-8")
        return folder.path.name

    return upload


@pytest.fixture
def write():
    """Write Keras layers as an ONNX file, their weights shaken so that none is 0 or 1; returns the Keras model."""
    keras.utils.set_random_seed(1)

    def write_layers(path, input_shape, layers, preparation=None):
        preparation = preparation or Preparation()
        model = build_model(input_shape, preparation, follow((), layers))
        random = np.random.default_rng(2)
        for weight in model.weights:
            if weight.path.rpartition("/")[2] in {"bias", "gamma", "beta", "moving_mean", "moving_variance"}:
                weight.assign(random.uniform(0.2, 1.2, weight.shape))
        computing = [layer for layer in layers if not isinstance(layer, TRAINING_ONLY)]
        write_onnx(path, input_shape, preparation, follow((), computing))
        return model

    return write_layers


@pytest.fixture
def assert_same(write, tmp_path):
    """Assert that Keras layers and their ONNX form answer random rows alike."""

    def compare(input_shape, layers, *, preparation=None, scale=1.0):
        path = tmp_path / "model.onnx"
        model = write(path, input_shape, layers, preparation)
        rows = (np.random.default_rng(1).standard_normal((5, *input_shape)) * scale).astype(np.float32)
        expected = np.asarray(model(rows, training=False))
        answered = run_onnx(path, rows)
        assert np.abs(expected).max() > 0
        np.testing.assert_allclose(answered, expected, rtol=2e-4, atol=1e-5)

    return compare
