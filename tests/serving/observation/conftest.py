"""A model of two columns, its summary, and a store in memory."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from core.errors import ArtifactCorrupt, DatabaseUnavailable
from core.observation.bins import count, fit_category_bins, fit_number_bins
from core.observation.summaries import ColumnSummary, ServedCounts, TrainingSummary
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec


@pytest.fixture
def signature():
    return ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="inputs", onnx_name="inputs", shape=(2,)),
        output=TensorSpec(name="outputs", onnx_name="outputs", shape=(2,)),
        columns=("x", "y"),
        class_labels=("no", "yes"),
    )


@pytest.fixture
def draw():
    """Draw (n, 2) rows and the answers to them."""
    random = np.random.default_rng(1)

    def draw_rows(num_rows, shift=0.0):
        rows = random.normal(shift, size=(num_rows, 2)).astype(np.float32)
        share = 1 / (1 + np.exp(-rows.sum(axis=1)))
        return {"inputs": rows}, {"outputs": np.stack([1 - share, share], axis=1)}

    return draw_rows


@pytest.fixture
def reference(draw):
    inputs, outputs = draw(2000)
    columns = [
        ColumnSummary(name=name, bins=bins, counts=count(values, bins))
        for name, values in zip("xy", inputs["inputs"].T.astype(float), strict=True)
        for bins in [fit_number_bins(values)]
    ]
    classes, confidence = outputs["outputs"].argmax(axis=1).astype(float), outputs["outputs"].max(axis=1).astype(float)
    class_bins, bins = fit_category_bins(classes, ["no", "yes"]), fit_number_bins(confidence, is_computed=True)
    answers = [
        ColumnSummary(name="class", bins=class_bins, counts=count(classes, class_bins)),
        ColumnSummary(name="confidence", bins=bins, counts=count(confidence, bins)),
    ]
    return TrainingSummary(
        num_samples=2000, num_rows=2000, inputs=columns, outputs=answers, num_answers=2000, answers_of="train"
    )


@dataclass
class MemoryStore:
    """Keeps what is stored; fails when it is told to."""

    reference: TrainingSummary | None = None
    counts: dict[tuple[str, int], ServedCounts] = field(default_factory=dict)
    is_down: bool = False
    is_corrupt: bool = False
    num_reads: int = 0

    def read_reference(self, _model_name, _version):
        self.num_reads += 1
        if self.is_down:
            raise DatabaseUnavailable("The database does not answer.")
        if self.is_corrupt:
            raise ArtifactCorrupt("The artifact abc… has changed on disk.")
        return self.reference

    def add(self, served):
        if self.is_down:
            raise DatabaseUnavailable("The database does not answer.")
        for part in served:
            key = part.model_name, part.version
            self.counts[key] = self.counts[key].plus(part.counts) if key in self.counts else part.counts


@pytest.fixture
def store(reference):
    return MemoryStore(reference)
