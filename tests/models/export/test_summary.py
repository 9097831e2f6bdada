"""Training samples that come back as requests are what the summary says, in every form of input."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.artifacts import REFERENCE
from core.experiment import parse_spec
from core.observation.stability import Reading
from core.observation.summaries import LARGEST_BYTES, TrainingSummary
from core.signatures.signature import ModelSignature
from models.assembly import assemble
from models.evaluation.watched_samples import MOST_ROWS
from models.export.export import export_model, run_onnx
from models.export.summary import write_summary
from serving.observation.comparison import find_drift
from serving.observation.layout import Layout
from serving.rows.reading import read_rows
from serving.rows.tensors import RowsPointer

pytest_plugins = ["tests.models.uploads"]

LINEAR = {"kind": "mlp", "layers": [{"units": 1}]}
SOFTMAX = {"kind": "mlp", "layers": [{"units": 3, "activation": "softmax"}]}


def summarise(folder, dataset, model=None, loss="mean_squared_error"):
    spec = parse_spec({"name": "test", "dataset": dataset, "model": model or LINEAR, "training": {"loss": loss}})
    assembly = assemble(spec, folder)
    export_model(assembly, spec, folder)
    path = write_summary(assembly.watched, folder)
    assert path == folder / REFERENCE
    assert path.stat().st_size <= LARGEST_BYTES
    signature = ModelSignature.model_validate_json((folder / "signature.json").read_bytes())
    return assembly, signature, TrainingSummary.model_validate_json(path.read_bytes())


def serve(folder, signature, summary, rows):
    """Compare rows in JSON's types with the summary."""
    batch, _ = read_rows(rows, signature, RowsPointer(("instances",)))
    answers = {signature.output.name: run_onnx(folder / "model.onnx", batch)}
    return find_drift(signature, summary, [Layout.of(signature, summary).count({signature.input.name: batch}, answers)])


def readings(columns):
    return {column.name: column.stability.reading for column in columns}


MIXED = {
    "age": ("integer", [20 + n % 50 for n in range(300)]),
    "income": ("number", [None if n % 7 == 0 else 1e9 + n * 0.5 for n in range(300)]),
    "member": ("boolean", [n % 3 == 0 for n in range(300)]),
    "city": ("text", ["Oslo", "Bergen", None, "Oslo"] * 75),
    "since": ("date", [datetime(2010 + n % 10, 1 + n % 9, 11, 6, tzinfo=UTC) for n in range(300)]),
    "y": ("number", [n / 17 for n in range(300)]),
}
FEATURES = [name for name in MIXED if name != "y"]


def rows_of_mixed(indices):
    return [
        {name: value.isoformat() if name == "since" else value for name, value in zip(FEATURES, values, strict=True)}
        for n in indices
        for values in [[MIXED[name][1][n] for name in FEATURES]]
    ]


def test_rows_of_a_table_that_come_back_are_stable(upload_table, tmp_path):
    dataset = upload_table(MIXED) | {"target": "y", "split": {"validation": 0, "test": 0}}
    _, signature, summary = summarise(tmp_path, dataset)
    drift = serve(tmp_path, signature, summary, rows_of_mixed(range(300)))
    assert {*readings(drift.inputs).values(), *readings(drift.outputs).values()} == {Reading.STABLE}
    assert [column.stability.psi for column in drift.inputs] == [0] * len(drift.inputs)
    by_name = {column.name: column for column in summary.inputs}
    assert by_name["income"].counts.missing == 43
    assert by_name["city"].bins.labels == ("Bergen", "Oslo", "(unseen)")
    assert by_name["city"].counts.bins == (75, 150, 0, 0)
    moments = by_name["income"].counts.moments
    assert by_name["income"].bins.origin + moments.mean * by_name["income"].bins.unit == pytest.approx(
        np.mean([value for value in MIXED["income"][1] if value is not None])
    )


def test_rows_of_a_table_that_differ_have_shifted(upload_table, tmp_path):
    dataset = upload_table(MIXED) | {"target": "y", "split": {"validation": 0, "test": 0}}
    _, signature, summary = summarise(tmp_path, dataset)
    rows = [row | {"city": "Tromsø", "age": row["age"] + 40, "income": None} for row in rows_of_mixed(range(300))]
    found = readings(serve(tmp_path, signature, summary, rows).inputs)
    assert {name for name, reading in found.items() if reading is Reading.SHIFTED} == {"age", "income", "city"}


def test_windows_of_a_series_that_come_back_are_stable(upload_table, tmp_path):
    columns = {"x": ("number", [float(n % 23) for n in range(400)]), "y": ("number", [n % 7 * 1.0 for n in range(400)])}
    dataset = upload_table(columns) | {"name": "series", "target": "y", "features": ["x", "y"], "window": 4}
    model = {"kind": "rnn", "layers": [{"type": "recurrent", "cell": "gru", "units": 1}]}
    _, signature, summary = summarise(tmp_path, dataset, model)
    windows = [
        [{name: values[start + step] for name, (_, values) in columns.items()} for step in range(4)]
        for start in range(390)
    ]
    drift = serve(tmp_path, signature, summary, windows)
    assert set(readings((*drift.inputs, *drift.outputs)).values()) == {Reading.STABLE}


def test_long_whole_numbers_that_come_back_are_stable(upload_arrays, tmp_path):
    inputs = 2**60 + np.arange(600).reshape(300, 2)
    dataset = upload_arrays(x=inputs, y=np.linspace(0, 1, 300)) | {"inputs": "x", "targets": "y"}
    _, signature, summary = summarise(tmp_path, dataset | {"scaling": "standardize"})
    assert signature.input.dtype == "int64"
    assert [column.bins.origin for column in summary.inputs] == [2**60, 2**60 + 1]
    assert summary.inputs[0].counts.moments.mean == 299
    drift = serve(tmp_path, signature, summary, inputs.tolist())
    assert [column.stability.psi for column in drift.inputs] == [0, 0]
    shifted = serve(tmp_path, signature, summary, (inputs + 600).tolist())
    assert set(readings(shifted.inputs).values()) == {Reading.SHIFTED}


def test_pixels_that_come_back_are_stable_and_inverted_ones_are_not(tmp_path):
    dataset = {"name": "digits", "split": {"test": 0.2}}
    model = {"kind": "cnn", "layers": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]}
    assembly, signature, summary = summarise(tmp_path, dataset, model, "sparse_categorical_crossentropy")
    pixels = np.asarray(assembly.watched.to_answer)
    assert (summary.answers_of, summary.num_answers) == ("test", len(pixels))
    drift = serve(tmp_path, signature, summary, pixels.tolist())
    assert set(readings((*drift.inputs, *drift.outputs)).values()) == {Reading.STABLE}
    inverted = serve(tmp_path, signature, summary, (16 - pixels).tolist())
    assert readings(inverted.inputs)["mean"] is Reading.SHIFTED


@pytest.mark.parametrize(
    ("dataset", "model", "inputs", "outputs"),
    [
        ({"name": "iris"}, SOFTMAX, "sepal_length sepal_width petal_length petal_width", "class confidence"),
        ({"name": "binary_addition", "num_train": 200}, {"kind": "binary_adder"}, "a b", "sum confidence"),
        ({"name": "function", "function": {"type": "sine"}}, LINEAR, "x", "prediction"),
    ],
    ids=["iris", "binary_addition", "function"],
)
def test_columns_are_those_of_the_dataset(tmp_path, dataset, model, inputs, outputs):
    loss = {"iris": "sparse_categorical_crossentropy", "binary_addition": "binary_crossentropy"}
    _, _, summary = summarise(tmp_path, dataset, model, loss.get(dataset["name"], "mean_squared_error"))
    assert " ".join(column.name for column in summary.inputs) == inputs
    assert " ".join(column.name for column in summary.outputs) == outputs


def test_a_single_sample_is_summarised(tmp_path):
    dataset = {"name": "inline", "inputs": [[1.5, 2]], "targets": [3.0]}
    _, _, summary = summarise(tmp_path, dataset)
    assert (summary.num_samples, summary.num_rows, summary.num_answers) == (1, 1, 1)
    assert [column.counts.bins for column in summary.inputs] == [(0, 1, 0)] * 2


def test_a_drawn_part_of_many_samples_is_summarised(tmp_path):
    dataset = {"name": "function", "function": {"type": "sine"}, "num_samples": MOST_ROWS + 5000}
    _, _, summary = summarise(tmp_path, dataset)
    assert (summary.num_samples, summary.num_rows) == (MOST_ROWS + 5000, MOST_ROWS)
    assert summary.inputs[0].counts.num_rows == MOST_ROWS
    assert summary.answers_of == "train"


def test_a_summary_of_many_columns_of_long_texts_is_bounded(upload_table, tmp_path):
    texts = {f"{n:02} {'column' * 20}": ("text", [f"{'é' * 100}{k % 20}" for k in range(200)]) for n in range(60)}
    dataset = upload_table(texts | {"y": ("number", [float(n) for n in range(200)])}) | {"target": "y"}
    _, signature, summary = summarise(tmp_path, dataset)
    assert 20 < len(summary.inputs) < 50
    assert len(summary.inputs) + summary.num_left_out == 60
    rows = [[f"{'é' * 100}{k % 20}"] * 60 for k in range(200)]
    drift = serve(tmp_path, signature, summary, rows)
    assert (len(drift.inputs), drift.num_left_out) == (len(summary.inputs), summary.num_left_out)
    assert set(readings(drift.inputs).values()) == {Reading.STABLE}


def test_the_same_run_has_the_same_summary(tmp_path):
    dataset = {"name": "function", "function": {"type": "sine"}, "num_samples": MOST_ROWS + 100, "noise": 0.1}
    _, _, first = summarise(tmp_path, dataset)
    _, _, again = summarise(tmp_path, dataset)
    assert first == again
