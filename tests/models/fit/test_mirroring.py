"""Several devices against one. Logical CPU devices of TensorFlow stand in for GPUs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import TrainingFailed
from core.experiment import parse_spec
from models.fit.mirroring import is_mirrored, mirrored
from models.training import train

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys
from pathlib import Path
from models.runtime import tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 3)
from core.experiment import parse_spec
from models.reporting import SilentReporter
from models.runtime import keras
from models.training import train

class Listener(SilentReporter):
    def details(self, *, device, environment):
        self.device = device

    def engine(self, engine):
        self.plan = engine.plan

reports = []
for number, document in enumerate(json.load(sys.stdin)):
    folder = Path(sys.argv[1], str(number))
    folder.mkdir()
    listener = Listener()
    before = folder.with_name(str(number - 1)) / "model.keras"
    options = {"datasets_dir": folder, "output_dir": folder, "weights_path": before}
    outcome = train(parse_spec(document), reporter=listener, **options)
    model = keras.models.load_model(folder / "model.keras")
    weights = [weight.numpy().ravel().tolist() for weight in model.weights]
    report = json.loads((folder / "evaluation.json").read_text())
    reports.append([listener.device, listener.plan, outcome.final_metrics, sum(weights, []), report])
print(json.dumps(reports))
"""
IRIS = {
    "name": "iris",
    "dataset": {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2, "test": 10}},
    "model": {
        "kind": "mlp",
        "layers": [
            {"units": 8, "activation": "relu", "kernel_regularizer": {"l1": 0.001, "l2": 0.01}},
            {"units": 3, "activation": "softmax"},
        ],
    },
    "training": {
        "optimizer": {"name": "adam", "learning_rate": 0.01, "global_clipnorm": 1.0},
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy", "auc"],
        "class_weight": "balanced",
        # 110 samples: the last batch has 2 rows, too few for three devices.
        "batch_size": 12,
        "epochs": 3,
    },
}
SERIES = {
    "name": "series",
    "dataset": {"name": "time_series", "num_points": 80, "window": 5, "split": {"validation": 20}},
    "model": {
        "kind": "rnn",
        "layers": [{"type": "recurrent", "cell": "gru", "units": 4}, {"type": "dense", "units": 1}],
    },
    "training": {
        "optimizer": {"name": "rmsprop", "momentum": 0.5},
        "loss": "mse",
        "batch_size": 16,
        "epochs": 2,
        "early_stopping": {"monitor": "val_loss", "restore_best_weights": True},
    },
}
DIGITS = {
    "name": "digits",
    "dataset": {"name": "digits", "split": {"validation": 200, "test": 1400}},
    "model": {
        "kind": "cnn",
        "layers": [
            {
                "type": "conv2d",
                "filters": 4,
                "kernel_size": 3,
                "activation": "relu",
                "batch_normalization": "before_activation",
                "dropout": 0.2,
            },
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    },
    "training": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "epochs": 2},
}


def with_training(document, **changes):
    return document | {"training": document["training"] | changes}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Return the outcomes of one process with three devices, by name."""
    documents = {
        "iris on 1": IRIS,
        "iris on 2": with_training(IRIS, devices=2),
        "iris on 3": with_training(IRIS, devices=3),
        "iris on 2, step by step": with_training(IRIS, devices=2, plan="step"),
        "iris on 2, streamed": with_training(IRIS, devices=2, plan="stream"),
        "series on 1": SERIES,
        "series on 2": with_training(SERIES, devices=2),
        "digits on 1": DIGITS,
        "digits on 2": with_training(DIGITS, devices=2),
        "digits on 2 again": with_training(DIGITS, devices=2),
        # It starts from the weights of the one before.
        "digits on 2 with a new head": with_training(DIGITS, devices=2, frozen_layers=["conv2d_*", "batch_*"])
        | {"initial_weights": {"run": "0192f4a0-7c1e-7d3b-9a55-0242ac120002", "new_layers": ["dense_1"]}},
        "digits on 2 in 16 bits": with_training(DIGITS, devices=2, precision="mixed_float16"),
    }
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path_factory.mktemp("models"))],
        cwd=ROOT,
        input=json.dumps(list(documents.values())),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return dict(zip(documents, json.loads(process.stdout), strict=True))


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("iris on 2", "iris on 1"),
        ("iris on 3", "iris on 1"),
        ("iris on 2, step by step", "iris on 1"),
        ("iris on 2, streamed", "iris on 1"),
        ("series on 2", "series on 1"),
    ],
)
def test_several_devices_learn_what_one_learns(outcomes, name, alone):
    device, _, metrics, weights, report = outcomes[name]
    device_alone, _, metrics_alone, weights_alone, report_alone = outcomes[alone]

    assert device == f"{name.removesuffix(', streamed').removesuffix(', step by step')[-1]} × {device_alone}"
    assert metrics == pytest.approx(metrics_alone, rel=2e-4, abs=2e-5)
    assert weights == pytest.approx(weights_alone, rel=2e-4, abs=2e-5)
    for split in ("validation", "test"):
        assert (report[split] is None) == (report_alone[split] is None)
        if name.startswith("iris"):
            assert report[split]["classification"] == report_alone[split]["classification"]


def test_several_devices_use_a_graph_by_default(outcomes):
    assert [plan for name, (_, plan, *_) in outcomes.items() if name.startswith("iris")][1:] == [
        "graph",
        "graph",
        "step",
        "stream",
    ]


def test_moving_averages_and_masks_are_those_of_shares_and_repeat(outcomes):
    _, _, metrics, weights, report = outcomes["digits on 2"]

    assert outcomes["digits on 2 again"][2:] == [metrics, weights, report]
    # Each device normalises by its own half of a batch, so the numbers are others, but of the same size.
    assert metrics["epoch/train/loss"] == pytest.approx(outcomes["digits on 1"][2]["epoch/train/loss"], rel=0.2)


def test_several_devices_start_from_a_run_and_leave_frozen_layers_alone(outcomes):
    # A kernel of 3 × 3 × 4 with its bias, and four weights for each channel.
    num_frozen = 36 + 4 + 4 * 4
    learned, tuned = (outcomes[name][3] for name in ("digits on 2 again", "digits on 2 with a new head"))
    assert tuned[num_frozen:] != learned[num_frozen:]
    assert tuned[:num_frozen] == learned[:num_frozen]


def test_several_devices_train_in_16_bits(outcomes):
    metrics = outcomes["digits on 2 in 16 bits"][2]
    assert metrics["epoch/train/loss"] == pytest.approx(outcomes["digits on 2"][2]["epoch/train/loss"], rel=0.05)


def test_one_device_has_no_strategy():
    with mirrored(1):
        assert not is_mirrored()


def test_too_many_devices_are_an_error(tmp_path, reporter):
    spec = parse_spec(with_training(IRIS, devices=40))

    with pytest.raises(TrainingFailed, match=r"training.devices is 40, but this trainer has \d+: .*CPU:0"):
        train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)
