"""Whole runs, from a spec to saved models."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.checks import fit as fit_check
from core.errors import DatasetMissing, InvalidSpec
from core.experiment import parse_spec
from core.networks.network import tabulate_layers
from core.progress import Phase
from models.export.export import run_onnx
from models.reporting import TrainingStopped
from models.training import train

pytest_plugins = ["tests.models.uploads"]

ROOT = Path(__file__).parents[2]
IRIS = {
    "name": "iris",
    "dataset": {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2}},
    "model": {"kind": "mlp", "layers": [{"units": 12, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "batch_size": 5,
        "epochs": 20,
    },
}
ADDER = {
    "name": "adder",
    "dataset": {"name": "binary_addition", "num_train": 2_000, "num_test": 200},
    "model": {"kind": "binary_adder", "units": 16},
    "training": {
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "loss": "binary_crossentropy",
        "metrics": ["accuracy"],
        "batch_size": 20,
        "epochs": 10,
    },
}
DIGITS = {
    "name": "digits",
    "dataset": {"name": "mnist", "max_train_samples": 2_000, "max_test_samples": 500},
    "model": {
        "kind": "cnn",
        "layers": [
            {"type": "conv2d", "filters": 8, "kernel_size": 5, "strides": 2, "activation": "relu", "pooling": {}},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    },
    "training": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "epochs": 5},
}
SINE = {
    "name": "sine",
    "dataset": {"name": "time_series", "num_points": 400, "window": 10},
    "model": {
        "kind": "rnn",
        "layers": [{"type": "recurrent", "cell": "gru", "units": 8}, {"type": "dense", "units": 1}],
    },
    "training": {"optimizer": {"name": "adam", "learning_rate": 0.01}, "loss": "mse", "epochs": 10},
}


def run(definition, folder, reporter, datasets_dir=None):
    return train(
        parse_spec(definition), datasets_dir=datasets_dir or folder / "none", output_dir=folder, reporter=reporter
    )


def test_irises_are_classified_from_centimetres(tmp_path, reporter):
    outcome = run(IRIS, tmp_path, reporter)

    assert outcome.final_metrics["epoch/train/accuracy"] > 0.9
    assert len(reporter.curves["train/loss"]) == 20 * 24
    assert list(reporter.curves["epoch/validation/loss"]) == [24 * epoch for epoch in range(1, 21)]
    setosa_and_virginica = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], np.float32)
    assert run_onnx(tmp_path / "model.onnx", setosa_and_virginica).argmax(axis=1).tolist() == [0, 2]


def test_the_adder_learns_to_add_45_and_77(tmp_path, reporter):
    outcome = run(ADDER, tmp_path, reporter)

    assert outcome.final_metrics["test/accuracy"] > 0.999
    pair = np.array([[[(number >> place) & 1 for number in (45, 77)] for place in range(8)]], np.float32)
    bits = run_onnx(tmp_path / "model.onnx", pair)[0, :, 0] > 0.5
    assert sum(int(bit) << place for place, bit in enumerate(bits)) == 122


def test_handwritten_digits_are_read_from_raw_pixels(tmp_path, reporter, mnist):
    datasets_dir, dataset = mnist
    outcome = run(digits_of(dataset), tmp_path, reporter, datasets_dir)

    assert outcome.final_metrics["test/accuracy"] > 0.85
    # A one, drawn as MNIST draws: white on black.
    picture = np.zeros((1, 28, 28), np.float32)
    picture[0, 4:24, 13:16] = 255
    assert run_onnx(tmp_path / "model.onnx", picture).argmax() == 1


def test_a_sine_is_continued(tmp_path, reporter):
    outcome = run(SINE, tmp_path, reporter)

    assert outcome.final_metrics["epoch/train/loss"] < 0.01
    window = np.sin(np.arange(10) * 0.1)[None, :, None].astype(np.float32)
    assert run_onnx(tmp_path / "model.onnx", window)[0, 0] == pytest.approx(np.sin(1.0), abs=0.15)


def test_a_run_reports_its_device_and_the_seconds_of_each_phase(tmp_path, reporter):
    outcome = run(IRIS | {"seed": 7}, tmp_path, reporter)

    assert reporter.phases == [Phase.START, Phase.COMPILE, Phase.TRAIN, Phase.EXPORT]
    assert set(outcome.phases) == {"start", "compile", "trial", "train", "validate", "export"}
    assert all(seconds > 0 for seconds in outcome.phases.values())
    assert reporter.last_details["device"].startswith(("CPU (", "GPU ("))
    environment = reporter.last_details["environment"]
    assert {"tensorflow", "keras", "numpy", "onnxruntime", "seed", "threads"} <= set(environment)
    assert environment["seed"] == 7
    assert reporter.last_details["engine"].plan


def test_the_layer_table_is_computed_once(tmp_path, reporter, monkeypatch):
    asked = []
    monkeypatch.setattr(fit_check, "tabulate_layers", lambda *given: asked.append(given) or tabulate_layers(*given))

    run(IRIS, tmp_path, reporter)

    assert len(asked) == 1


def test_early_stopping_on_a_metric_that_is_not_measured_is_rejected_before_training(tmp_path, reporter):
    training = IRIS["training"] | {"early_stopping": {"monitor": "val_auc"}}

    with pytest.raises(InvalidSpec, match="early_stopping monitors 'val_auc'"):
        run(IRIS | {"training": training}, tmp_path, reporter)

    assert reporter.phases == [Phase.START]


REPEAT = """
import json, sys
from pathlib import Path
from core.experiment import parse_spec
from models.reporting import SilentReporter
from models.training import train

class Curves(SilentReporter):
    def metrics(self, batches):
        for batch in batches:
            curve = self.curves.setdefault(batch.key, {})
            curve.update(zip(batch.steps.tolist(), (value.hex() for value in batch.values.tolist())))

curves = []
for definition in json.loads(sys.argv[1]):
    reporter = Curves()
    reporter.curves = {}
    train(parse_spec(definition), datasets_dir=Path(sys.argv[2]), output_dir=Path(sys.argv[3]), reporter=reporter)
    curves.append(reporter.curves)
print(json.dumps(curves))
"""


REPEATED_PLANS = ("graph", "xla", "step", "stream")
WITH_DROPOUT = {
    "kind": "rnn",
    "layers": [
        {"type": "recurrent", "cell": "lstm", "units": 4, "dropout": 0.2, "recurrent_dropout": 0.2},
        {"type": "dense", "units": 1, "dropout": 0.1},
    ],
}


def digits_of(dataset):
    """DIGITS, pinned to an upload."""
    return DIGITS | {"dataset": DIGITS["dataset"] | dataset}


def definitions_for(plan, mnist):
    """Specs whose curves repeat, by a plan."""
    _, dataset = mnist
    shorter = {"epochs": 1, "plan": plan}
    definitions = [
        IRIS | {"training": IRIS["training"] | {"plan": plan}},
        SINE | {"training": SINE["training"] | shorter, "model": WITH_DROPOUT},
    ]
    if plan == "graph":
        # Where other plans would take long: many steps one by one, and convolutions in XLA.
        longer = (ADDER, digits_of(dataset))
        definitions += [definition | {"training": definition["training"] | shorter} for definition in longer]
    return definitions


@pytest.fixture(scope="module")
def fresh_curves(tmp_path_factory, mnist):
    """Curves of all specs of all plans, trained in one fresh process."""
    definitions = {
        f"{plan} {number}": definition
        for plan in REPEATED_PLANS
        for number, definition in enumerate(definitions_for(plan, mnist))
    }
    folder = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-c", REPEAT, json.dumps([*definitions.values()]), str(mnist[0]), str(folder)]
    fresh = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    return dict(zip(definitions, json.loads(fresh.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("plan", REPEATED_PLANS)
def test_a_seed_gives_the_same_curves_bit_for_bit_in_a_fresh_process(
    plan, fresh_curves, tmp_path, make_reporter, mnist
):
    definitions = definitions_for(plan, mnist)
    expected = [fresh_curves[f"{plan} {number}"] for number in range(len(definitions))]

    # In the other order, so that each run also comes after different ones.
    for definition, curves in zip(definitions[::-1], expected[::-1], strict=True):
        reporter = make_reporter()
        run(definition, tmp_path, reporter, mnist[0])
        assert {
            key: {str(step): value.hex() for step, value in curve.items()} for key, curve in reporter.curves.items()
        } == curves


def test_a_run_that_is_asked_to_stop_leaves_no_model(tmp_path, make_reporter):
    with pytest.raises(TrainingStopped):
        run(IRIS | {"training": IRIS["training"] | {"epochs": 10_000}}, tmp_path, make_reporter(stop_after=5))

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"sha256": "1" * 64}, "sha256 111111111111… is not on this machine"), ({}, "sha256 is missing. Submit it again")],
)
def test_an_upload_that_is_not_there_is_named(tmp_path, reporter, fields, words):
    with pytest.raises(DatasetMissing, match=words):
        run(digits_of(fields), tmp_path, reporter)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"model": {"kind": "mlp", "layers": [{"units": 4}]}}, "/model/layers/0"),
        ({"model": {"kind": "cnn", "layers": [{"type": "dense", "units": 3}]}}, "/model/kind"),
        (
            {"training": {"loss": "sparse_categorical_crossentropy", "metrics": ["top_k_categorical_accuracy"]}},
            "/training/metrics/0",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_rejected_before_data_is_loaded(change, pointer, tmp_path, reporter):
    with pytest.raises(InvalidSpec) as caught:
        run(IRIS | change, tmp_path, reporter)

    assert caught.value.problems[0].pointer == pointer
