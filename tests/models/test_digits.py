"""Numbers keep the digits in which they differ: in training, in reports and in predictions."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.evaluation import EvaluationReport
from core.experiment import parse_spec
from models.assembly import assemble
from models.export.export import export_model, run_onnx
from models.runtime import keras
from models.training import train
from serving.protocols.tensorflow_serving.predict import decode_predict, encode_predict
from serving.sessions.loaded_model import LoadedModel

pytest_plugins = ["tests.models.uploads"]

NUM_ROWS = 40

STEPS = {"optimizer": {"name": "sgd", "learning_rate": 0.5}, "loss": "mse", "epochs": 30, "batch_size": "full"}


@pytest.fixture
def fit(tmp_path, reporter):
    """Train a line, and return its report on the test rows and a function that asks the served model."""

    def run(dataset, **training):
        spec = parse_spec(
            {
                "name": "line",
                "dataset": dataset,
                "model": {"kind": "mlp", "layers": [{"units": 1}]},
                "training": STEPS | training,
            }
        )
        train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)
        model = LoadedModel.from_files(tmp_path / "model.onnx", tmp_path / "signature.json")

        def ask(rows):
            request = decode_predict({"instances": rows}, model.signature, max_instances=1000)
            outputs = {model.signature.output.name: model.predict(request.batch)}
            answer = encode_predict(request, outputs, model.signature).to_plain()
            return [row[0] for row in answer["predictions"]]

        report = EvaluationReport.model_validate_json((tmp_path / "evaluation.json").read_text())
        return report.test, ask

    return run


def spread_out(mean, spread):
    """Return numbers around a mean, evenly spaced, in an order in which the last are not the greatest."""
    places = np.array([(7 * number) % NUM_ROWS for number in range(NUM_ROWS)])
    return mean + (places / (NUM_ROWS - 1) - 0.5) * 2 * spread


def r2_of(targets, answers):
    errors = np.array(answers) - np.array(targets)
    return 1 - np.square(errors).sum() / np.square(np.array(targets) - np.mean(targets)).sum()


MEANS_AND_SPREADS = [(1.7e9, 40.0), (1e15, 1e9), (-1e6, 1.0), (3.0, 3e-6), (1e15, 2000.0), (0.0, 1e-20), (1e300, 1e295)]


@pytest.mark.parametrize(("mean", "spread"), MEANS_AND_SPREADS)
def test_features_far_from_zero_are_learned_from(fit, upload_table, mean, spread):
    x, y = spread_out(mean, spread), spread_out(2.0, 1.0)
    table = {"x": ("number", x.tolist()), "y": ("number", y.tolist())}

    test, ask = fit(upload_table(table) | {"target": "y", "split": {"test": 10, "shuffle": False}})

    assert test.regression.r2_score > 0.999
    assert r2_of(y, ask([[value] for value in x.tolist()])) > 0.999


@pytest.mark.parametrize(("mean", "spread"), [pair for pair in MEANS_AND_SPREADS if 1e-15 < pair[1] < 1e15])
def test_targets_far_from_zero_are_learned_and_reported_as_they_are_answered(fit, upload_table, mean, spread):
    x, y = spread_out(2.0, 1.0), spread_out(mean, spread)
    table = {"x": ("number", x.tolist()), "y": ("number", y.tolist())}

    test, ask = fit(upload_table(table) | {"target": "y", "split": {"test": 10, "shuffle": False}})

    answers = ask([[value] for value in x[-10:].tolist()])
    assert r2_of(y[-10:], answers) > 0.999
    # What a client finds out by itself.
    assert test.regression.mean_absolute_error == pytest.approx(
        np.abs(answers - y[-10:]).mean(), rel=0.01, abs=1e-6 * spread
    )
    assert test.regression.outputs[0].sample.targets == pytest.approx(y[-10:], rel=0, abs=1e-6 * spread)
    assert test.regression.outputs[0].sample.predictions == pytest.approx(answers, rel=0, abs=1e-5 * spread)


BIG = 2**62


def test_whole_numbers_above_2_to_the_53_are_features_and_targets(fit, upload_table):
    places = [(7 * number) % NUM_ROWS for number in range(NUM_ROWS)]
    table = {
        "x": ("integer", [BIG + place for place in places]),
        "y": ("integer", [BIG + 100_000 * place for place in places]),
    }

    test, ask = fit(upload_table(table) | {"target": "y", "split": {"test": 10, "shuffle": False}})

    assert test.regression.r2_score > 0.999
    answers = np.array(ask([[BIG + place] for place in range(NUM_ROWS)])) - BIG
    np.testing.assert_allclose(answers, 100_000 * np.arange(NUM_ROWS), atol=50_000)


@pytest.mark.parametrize("scaling", ["standardize", "min_max"])
@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (spread_out(1.7e9, 40.0), "float64"),
        (spread_out(1e300, 1e295), "float64"),
        (np.round(spread_out(1.7e9, 40.0)).astype(np.int32), "float64"),
        (np.array([BIG + (7 * number) % NUM_ROWS for number in range(NUM_ROWS)]), "int64"),
        (spread_out(100.0, 40.0), "float32"),
    ],
    ids=["epochs", "huge", "whole", "long", "small"],
)
def test_arrays_far_from_zero_are_learned_from(fit, upload_arrays, x, dtype, scaling, tmp_path):
    y = spread_out(2.0, 1.0)

    dataset = upload_arrays(x=x[:, None], y=y) | {"scaling": scaling, "split": {"test": 10, "shuffle": False}}
    test, ask = fit(dataset, epochs=80)

    assert test.regression.r2_score > 0.99
    assert r2_of(y, ask([[value] for value in x.tolist()])) > 0.99
    metadata = json.loads((tmp_path / "signature.json").read_text())
    assert metadata["input"]["dtype"] == dtype


LINE = {"type": "linear", "weights": [1.0], "offset": -1e6}


@pytest.mark.parametrize(
    "dataset",
    [
        {"name": "inline", "inputs": spread_out(1.7e9, 40.0)[:, None].tolist(), "targets": spread_out(2, 1).tolist()},
        {"name": "function", "function": LINE, "low": 1e6, "high": 1e6 + 1, "num_samples": NUM_ROWS},
    ],
    ids=["inline", "function"],
)
def test_numbers_in_a_spec_and_of_a_function_keep_their_digits(fit, dataset):
    test, _ = fit(dataset | {"scaling": "standardize", "split": {"test": 10, "shuffle": False}})
    assert test.regression.r2_score > 0.99


@pytest.fixture
def warn(tmp_path):
    """Return the codes of the warnings about the data of a line."""

    def find(dataset, loss="mse", layer=None):
        spec = {"name": "line", "dataset": dataset, "model": {"kind": "mlp", "layers": [layer or {"units": 1}]}}
        assembly = assemble(parse_spec(spec | {"training": {"loss": loss}}), tmp_path)
        return [notice.code for notice in assembly.warnings if notice.code == "digits_lost"]

    return find


EPOCHS = spread_out(1.7e9, 40.0)

SMALL = spread_out(2.0, 1.0)


def test_a_warning_says_where_scaling_is_off_and_float32_loses_the_digits(warn, upload_table, upload_arrays):
    table = {"x": ("number", EPOCHS.tolist()), "y": ("number", SMALL.tolist())}
    dataset = upload_table(table) | {"target": "y"}
    arrays = upload_arrays(x=EPOCHS[:, None], y=SMALL)
    inline = {"name": "inline", "inputs": EPOCHS[:, None].tolist(), "targets": SMALL.tolist()}

    assert warn(dataset) == []
    assert warn(dataset | {"scaling": "none"}) == ["digits_lost"]
    assert warn(arrays | {"scaling": "standardize"}) == []
    assert warn(arrays) == ["digits_lost"]
    assert warn(inline | {"scaling": "min_max"}) == []
    assert warn(inline) == ["digits_lost"]


def test_a_warning_says_where_targets_are_not_centred_and_float32_loses_the_digits(warn, upload_table, upload_arrays):
    table = {"x": ("number", SMALL.tolist()), "y": ("number", EPOCHS.tolist())}
    dataset = upload_table(table) | {"target": "y"}
    inline = {"name": "inline", "inputs": SMALL[:, None].tolist(), "targets": EPOCHS.tolist()}
    waves = {"name": "time_series", "function": {"type": "sine", "offset": 1e9}, "num_points": 60, "window": 5}

    assert warn(dataset) == []
    assert warn(dataset, loss="poisson") == ["digits_lost"]
    assert warn(dataset | {"target_scaling": "none"}) == ["digits_lost"]
    assert warn(dataset, layer={"units": 1, "activation": "relu"}) == ["digits_lost"]
    assert warn(upload_arrays(x=SMALL[:, None], y=EPOCHS) | {"target_scaling": "none"}) == ["digits_lost"]
    assert warn(inline) == ["digits_lost"]
    spec = {"name": "waves", "dataset": waves, "training": {"loss": "mse"}, "model": {"kind": "rnn"}}
    spec["model"]["layers"] = [{"type": "recurrent", "cell": "simple_rnn", "units": 2}, {"type": "dense", "units": 1}]
    assert [notice.code for notice in assemble(parse_spec(spec), Path()).warnings] == ["digits_lost"] * 2


def test_rows_whose_target_is_beyond_float32_are_left_out_with_a_warning(tmp_path, upload_table):
    table = {"x": ("number", [1.0, 2.0, 3.0, 4.0]), "y": ("number", [0.5, 1e300, 2.5, None])}
    spec = {"name": "line", "dataset": upload_table(table) | {"target": "y", "split": {}}, "training": {"loss": "mse"}}

    assembly = assemble(parse_spec(spec | {"model": {"kind": "mlp", "layers": [{"units": 1}]}}), tmp_path)

    assert assembly.shape.num_train == 2
    (dropped,) = assembly.warnings
    assert (dropped.code, dropped.pointer) == ("rows_dropped", "/dataset/target")
    assert dropped.detail.startswith("1 rows whose value of 'y' is beyond the range of 32-bit floats (3.4e38)")


def test_the_keras_file_has_the_same_digits(upload_arrays, tmp_path):
    long = np.array([BIG + (7 * number) % NUM_ROWS for number in range(NUM_ROWS)])
    for x in (EPOCHS, long):
        spec = {"name": "line", "dataset": upload_arrays(x=x[:, None], y=EPOCHS) | {"scaling": "standardize"}}
        spec |= {"model": {"kind": "mlp", "layers": [{"units": 1}]}, "training": {"loss": "mse"}}
        assembly = assemble(parse_spec(spec), tmp_path)
        export_model(assembly, parse_spec(spec), tmp_path)

        reloaded = np.asarray(keras.models.load_model(tmp_path / "model.keras")(x[:, None]))

        assert reloaded.dtype == np.float64
        np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", x[:, None]), reloaded, rtol=0, atol=1e-4)
        prepared = assembly.preparation.apply(x[:, None])
        assert np.ptp(prepared) == pytest.approx(np.ptp(x - x[0]) / np.std(x - x[0]), rel=1e-5)


def test_a_series_keeps_the_digits_of_its_moments(tmp_path, upload_table, reporter):
    table = {"at": ("number", (1.7e9 + np.arange(60.0)).tolist())}
    layers = [{"type": "recurrent", "cell": "simple_rnn", "units": 4}, {"type": "dense", "units": 1}]
    spec = {
        "name": "clock",
        "dataset": upload_table(table) | {"name": "series", "target": "at", "window": 4, "features": ["at"]},
        "model": {"kind": "rnn", "layers": layers},
        "training": {"loss": "mse", "epochs": 60, "optimizer": "adam", "batch_size": 8},
    }
    train(parse_spec(spec), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)
    report = EvaluationReport.model_validate_json((tmp_path / "evaluation.json").read_text())

    assert report.test.regression.mean_absolute_error < 60
    targets = report.test.regression.outputs[0].sample.targets
    assert targets == tuple(1.7e9 + np.arange(60 - len(targets), 60.0))
