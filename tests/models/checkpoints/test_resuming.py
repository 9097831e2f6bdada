"""Trainings that are interrupted and go on, against those that were not: the same bits."""

import numpy as np
import pytest

from core.errors import CheckpointUnusable
from core.experiment import parse_spec
from models.assembly import assemble
from models.checkpoints.checkpointing import Checkpointing
from models.checkpoints.pace import CheckpointPace
from models.fit.fitting import fit
from models.reporting import TrainingStopped

LINE = np.linspace(-1, 1, 40)


def spec_of(dataset, model, **training):
    return parse_spec(
        {"name": "test", "seed": 3, "dataset": dataset, "model": model, "training": {"batch_size": 8, **training}}
    )


MLP = spec_of(
    {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2, "test": 10}},
    {
        "kind": "mlp",
        "layers": [
            {"units": 8, "activation": "relu", "dropout": 0.3, "batch_normalization": {}},
            {"units": 3, "activation": "softmax"},
        ],
    },
    optimizer={
        "name": "adam",
        "learning_rate": {"name": "cosine_decay", "initial_learning_rate": 0.05, "decay_steps": 60},
    },
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", "auc"],
    early_stopping={"patience": 3, "restore_best_weights": True},
    epochs=12,
)
RECORDED = spec_of(
    {
        "name": "inline",
        "inputs": LINE[:, None].tolist(),
        "targets": (2 * LINE + 1).tolist(),
        "split": {"validation": 8},
    },
    {"kind": "mlp", "layers": [{"units": 4, "activation": "tanh"}, {"units": 1}]},
    optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    loss="mse",
    record=["gradient_norms", "activations"],
    steps=70,
    steps_per_epoch=7,
    validation_freq=2,
    curve_points=5,
)
RNN = spec_of(
    {"name": "time_series", "num_points": 80, "window": 5, "split": {"validation": 20}},
    {
        "kind": "rnn",
        "layers": [
            {"type": "recurrent", "cell": "gru", "units": 4, "dropout": 0.2, "recurrent_dropout": 0.2},
            {"type": "dense", "units": 1},
        ],
    },
    optimizer={"name": "rmsprop", "momentum": 0.5, "centered": True},
    loss="mse",
    epochs=5,
)
ADDER = spec_of(
    {"name": "binary_addition", "num_train": 200, "num_test": 20},
    {"kind": "binary_adder", "units": 8},
    optimizer={"name": "nadam", "learning_rate": 0.01},
    loss="binary_crossentropy",
    metrics=["accuracy"],
    epochs=20,
)
CNN = spec_of(
    {"name": "digits", "split": {"validation": 40, "test": 40}, "augmentation": {"shift": 0.1, "rotation": 10}},
    {
        "kind": "cnn",
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "batch_normalization": {}, "activation": "relu"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    },
    optimizer={"name": "adamw", "weight_decay": 0.01, "global_clipnorm": 1.0},
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    batch_size=256,
    epochs=3,
)
HALF = spec_of(
    {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2}},
    {"kind": "mlp", "layers": [{"units": 8, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    precision="mixed_float16",
    epochs=4,
)
FROZEN = MLP.model_copy(
    update={"training": MLP.training.model_copy(update={"frozen_layers": ("dense_1", "batch_*"), "epochs": 4})}
)
CASES = {
    "mlp": (MLP, ("graph", "xla", "step", "stream")),
    "recorded": (RECORDED, ("xla",)),
    "rnn": (RNN, ("graph", "graph-unrolled")),
    "adder": (ADDER, ("xla",)),
    "cnn": (CNN, ("graph",)),
    "float16": (HALF, ("graph",)),
    "frozen": (FROZEN, ("graph",)),
}


STOPS = (1, 4, 6, 11, 40, 1_000)
"""Times that the attempts are asked whether to go on, before they stop."""


def with_plan(spec, plan):
    return spec.model_copy(update={"training": spec.training.model_copy(update={"plan": plan})})


def checkpoints(folder, resume_from=None, *, least_seconds=1e9, spec="one"):
    return Checkpointing("run", spec, folder, resume_from, CheckpointPace(least_seconds))


def attempt(spec, reporter, folder, checkpointing=None):
    assembly = assemble(spec, folder)
    outcome = fit(
        assembly.network,
        assembly.data,
        spec.training,
        assembly.measures,
        spec.seed,
        reporter,
        make_tally=assembly.make_tally,
        checkpointing=checkpointing,
    )
    return outcome, [weight.numpy() for weight in assembly.network.weights]


def points(*reporters):
    """The curves of attempts that follow one another, as a service that cuts them at each checkpoint keeps them."""
    curves = {}
    for reporter in reporters:
        for key, curve in reporter.curves.items():
            curves.setdefault(key, {}).update(curve)
    return {key: dict(sorted(curve.items())) for key, curve in curves.items()}


def assert_same_bits(found, expected):
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]


@pytest.mark.parametrize(("case", "plan"), [(case, plan) for case, (_, plans) in CASES.items() for plan in plans])
def test_a_training_that_is_stopped_again_and_again_ends_with_the_same_bits(case, plan, tmp_path, make_reporter):
    spec = with_plan(CASES[case][0], plan)
    whole = make_reporter()
    expected, weights = attempt(spec, whole, tmp_path)
    reporters, path = [], None
    # Each is stopped a little later than the one before: within and between epochs, and during evaluations.
    for number in range(20):
        reporters.append(make_reporter(stop_after=STOPS[min(number, len(STOPS) - 1)]))
        try:
            outcome, found = attempt(spec, reporters[-1], tmp_path, checkpoints(tmp_path, path))
        except TrainingStopped:
            path = reporters[-1].saved[-1].path if reporters[-1].saved else path
        else:
            break
    assert len(reporters) > 2
    assert_same_bits(found, weights)
    assert points(*reporters) == points(whole)
    assert outcome.metrics == expected.metrics
    assert outcome.stopped_early == expected.stopped_early
    assert outcome.test is expected.test is None or outcome.test.metrics == expected.test.metrics


@pytest.fixture
def stopped(tmp_path, make_reporter):
    """The checkpoint of a training that was stopped, with the folder."""
    reporter = make_reporter(stop_after=3)
    with pytest.raises(TrainingStopped):
        attempt(with_plan(MLP, "graph"), reporter, tmp_path, checkpoints(tmp_path))
    return reporter.saved[-1]


def test_an_attempt_goes_on_with_the_plan_of_the_one_before(stopped, tmp_path, make_reporter):
    reporter = make_reporter(stop_after=1)
    with pytest.raises(TrainingStopped):
        attempt(MLP, reporter, tmp_path, checkpoints(tmp_path, stopped.path))

    engine = reporter.last_details["engine"]
    assert (engine.plan, engine.reason) == ("graph", "the plan of the attempt that it goes on from")
    assert reporter.progresses[0].step == reporter.progresses[0].first_step == stopped.step


def test_a_checkpoint_of_another_network_is_refused(stopped, tmp_path, reporter):
    rule = MLP.training.early_stopping
    other = HALF.model_copy(update={"training": HALF.training.model_copy(update={"early_stopping": rule})})
    with pytest.raises(CheckpointUnusable, match="has the parts variables"):
        attempt(HALF, reporter, tmp_path, checkpoints(tmp_path, stopped.path))
    with pytest.raises(CheckpointUnusable, match="another network or optimizer"):
        attempt(with_plan(other, "graph"), reporter, tmp_path, checkpoints(tmp_path, stopped.path))


def test_a_training_that_goes_on_for_longer_has_the_curve_of_a_longer_one(tmp_path, make_reporter):
    spec = with_plan(RECORDED, "graph")
    longer = spec.model_copy(update={"training": spec.training.model_copy(update={"steps": 105})})
    first, second, whole = make_reporter(), make_reporter(), make_reporter()
    attempt(spec, first, tmp_path, checkpoints(tmp_path))
    _, found = attempt(longer, second, tmp_path, checkpoints(tmp_path, first.saved[-1].path))
    _, expected = attempt(longer, whole, tmp_path)

    assert first.saved[-1].step == 70
    assert_same_bits(found, expected)
    key = "epoch/validation/loss"
    assert points(first, second)[key].items() >= whole.curves[key].items()


def test_early_stopping_is_patient_again_in_a_training_that_goes_on_for_longer(tmp_path, make_reporter):
    impatient = MLP.training.early_stopping.model_copy(update={"patience": 1, "min_delta": 10.0})
    spec = MLP.model_copy(update={"training": MLP.training.model_copy(update={"early_stopping": impatient})})
    longer = spec.model_copy(update={"training": spec.training.model_copy(update={"epochs": 20})})
    first, again, second = make_reporter(), make_reporter(), make_reporter()
    outcome, _ = attempt(spec, first, tmp_path, checkpoints(tmp_path))
    path = first.saved[-1].path
    same, _ = attempt(spec, again, tmp_path, checkpoints(tmp_path, path))
    further, _ = attempt(longer, second, tmp_path, checkpoints(tmp_path, path))

    assert (outcome.num_epochs, outcome.stopped_early) == (2, True)
    assert (same.num_epochs, same.stopped_early) == (2, True)
    assert (further.num_epochs, further.stopped_early) == (3, True)


def test_checkpoints_are_written_at_the_ends_of_epochs_and_the_best_is_named(tmp_path, reporter):
    attempt(with_plan(MLP, "graph"), reporter, tmp_path, checkpoints(tmp_path, least_seconds=0.0))

    losses = reporter.curves["epoch/validation/loss"]
    scored = [saved for saved in reporter.saved if saved.value is not None]
    assert len(scored) >= 2
    assert {saved.monitor for saved in scored} == {"val_loss"}
    best = None
    for saved in scored:
        assert saved.value == losses[saved.step]
        assert saved.is_best == (best is None or saved.value < best)
        best = saved.value if saved.is_best else best
    # The last one is what another training goes on from.
    assert reporter.saved[-1].step == max(losses)


def test_a_full_disk_does_not_fail_the_training(tmp_path, reporter):
    (tmp_path / "gone").mkdir()
    checkpointing = checkpoints(tmp_path / "gone", least_seconds=0.0)
    (tmp_path / "gone").rmdir()

    outcome, _ = attempt(with_plan(HALF, "graph"), reporter, tmp_path, checkpointing)

    assert outcome.num_epochs == 4
    assert reporter.saved == []
    assert "No such file" in reporter.failed_checkpoints[0]


def test_a_training_that_is_stopped_before_its_first_step_saves_nothing(tmp_path, make_reporter):
    reporter = make_reporter(stop_after=0)
    with pytest.raises(TrainingStopped):
        attempt(with_plan(HALF, "graph"), reporter, tmp_path, checkpoints(tmp_path, least_seconds=0.0))

    assert reporter.saved == []
    assert reporter.curves == {}
