import numpy as np
import pytest

from core.errors import InvalidSpec, TrainingFailed
from core.experiment import parse_spec
from core.progress import Phase, Progress
from models.assembly import assemble
from models.fit.fitting import fit
from models.reporting import TrainingStopped

SGD = {"name": "sgd", "learning_rate": 0.1}


def spec_of(*, inputs, targets, layers=None, split=None, seed=0, **training):
    return parse_spec(
        {
            "name": "test",
            "seed": seed,
            "dataset": {"name": "inline", "inputs": inputs, "targets": targets, "split": split or {}},
            "model": {"kind": "mlp", "layers": layers or [{"units": 1, "kernel_initializer": "zeros"}]},
            "training": {"loss": "mse", "optimizer": SGD, "batch_size": "full", **training},
        }
    )


def run(spec, reporter, folder):
    assembly = assemble(spec, folder)
    outcome = fit(assembly.network, assembly.data, spec.training, assembly.measures, spec.seed, reporter)
    return outcome, assembly.network


def line(count, **arguments):
    x = np.linspace(-1, 1, count)
    return spec_of(inputs=x[:, None].tolist(), targets=(2 * x + 1).tolist(), **arguments)


def test_steps_of_gradient_descent_are_those_computed_by_hand(tmp_path, reporter):
    spec = spec_of(inputs=[[1], [2]], targets=[3, 5], epochs=2, metrics=["mean_absolute_error"])

    _, network = run(spec, reporter, tmp_path)

    # Errors −3 and −5: the loss is (9 + 25)/2, its slopes −13 for the weight and −8 for the bias, the rate 0.1.
    # Then errors −0.9 and −1.6: slopes (2·(−0.9) + 2·(−1.6)·2)/2 = −4.1 and −2.5.
    assert reporter.curves["train/loss"] == pytest.approx({1: 17.0, 2: 1.685})
    assert reporter.curves["train/mean_absolute_error"] == pytest.approx({1: 4.0, 2: 1.25})
    weight, bias = (variable.numpy().ravel().tolist() for variable in network.weights)
    assert (weight, bias) == (pytest.approx([1.3 + 0.41]), pytest.approx([0.8 + 0.25]))


def test_an_epochs_value_is_the_mean_over_its_samples_not_over_its_steps(tmp_path, reporter):
    still = {"name": "sgd", "learning_rate": 1e-30}
    spec = spec_of(inputs=[[1]] * 3, targets=[1, 1, 4], batch_size=2, shuffle=False, optimizer=still, epochs=2)

    run(spec, reporter, tmp_path)

    # The batches' losses are 1 and 16; two samples stand behind the first, one behind the second.
    assert reporter.curves["train/loss"] == pytest.approx({1: 1, 2: 16, 3: 1, 4: 16})
    assert reporter.curves["epoch/train/loss"] == pytest.approx({2: 6, 4: 6})


def test_penalties_are_part_of_every_loss(tmp_path, reporter):
    layers = [{"units": 1, "kernel_initializer": "ones", "kernel_regularizer": {"l1": 0.5, "l2": 0.25}}]
    spec = spec_of(inputs=[[1, 1]] * 3, targets=[2, 2, 2], layers=layers, split={"validation": 1, "test": 1})

    outcome, _ = run(spec, reporter, tmp_path)

    # Two weights of 1: 0.5·2 + 0.25·2; the answers are right.
    assert reporter.curves["train/loss"] == pytest.approx({1: 1.5})
    # One step down the penalty's slope of 0.5 + 0.5 each: weights of 0.9; 1.8 for 2.
    after = 0.2**2 + 0.5 * 1.8 + 0.25 * 2 * 0.81
    assert outcome.metrics["epoch/validation/loss"] == pytest.approx(after)
    assert outcome.metrics["test/loss"] == pytest.approx(after)


def test_moving_averages_of_batch_normalisation_follow_the_batches(tmp_path, reporter):
    layers = [{"units": 1, "kernel_initializer": "ones", "batch_normalization": {"momentum": 0.75}}]
    spec = spec_of(inputs=[[0], [4]], targets=[0, 0], layers=layers)

    _, network = run(spec, reporter, tmp_path)

    # Mean 2 and variance 4; the averages begin at 0 and 1.
    normalization = network.layers[2]
    assert normalization.moving_mean.numpy().tolist() == [pytest.approx(0.25 * 2)]
    assert normalization.moving_variance.numpy().tolist() == [pytest.approx(0.75 + 0.25 * 4)]


def test_dropout_works_in_training_alone(tmp_path, reporter):
    layers = [{"type": "dropout", "rate": 0.5}, {"units": 1, "kernel_initializer": "ones"}]
    still = {"name": "sgd", "learning_rate": 1e-30}
    spec = spec_of(
        inputs=[[1.0] * 50] * 2, targets=[50, 50], layers=layers, split={"validation": 1}, optimizer=still, epochs=5
    )

    run(spec, reporter, tmp_path)

    assert set(reporter.curves["epoch/validation/loss"].values()) == {0.0}
    assert len(set(reporter.curves["train/loss"].values())) > 1


def test_validation_runs_every_few_epochs(tmp_path, reporter):
    run(line(10, epochs=7, validation_freq=3, split={"validation": 2}), reporter, tmp_path)

    assert list(reporter.curves["epoch/validation/loss"]) == [3, 6]
    assert list(reporter.curves["epoch/train/loss"]) == [1, 2, 3, 4, 5, 6, 7]


def test_a_length_in_steps_may_end_within_an_epoch(tmp_path, reporter):
    outcome, _ = run(line(10, batch_size=4, steps=7), reporter, tmp_path)

    assert (outcome.num_steps, outcome.num_epochs) == (7, 3)
    assert list(reporter.curves["epoch/train/loss"]) == [3, 6, 7]
    assert reporter.progresses[-1] == Progress(
        Phase.TRAIN, epoch=3, num_epochs=3, step=7, num_steps=7, steps_per_epoch=3
    )


def test_the_last_reported_values_are_returned(tmp_path, reporter):
    spec = line(10, epochs=3, metrics=["mae"], split={"validation": 2, "test": 3})

    outcome, _ = run(spec, reporter, tmp_path)

    assert set(outcome.metrics) == {
        f"{prefix}/{name}"
        for prefix in ("train", "epoch/train", "epoch/validation", "test")
        for name in ("loss", "mean_absolute_error")
    }
    assert {key: list(curve.values())[-1] for key, curve in reporter.curves.items()} == outcome.metrics
    assert reporter.phases == [Phase.COMPILE, Phase.TRAIN]


def test_a_validation_is_shown_while_it_lasts(tmp_path, reporter):
    run(line(10, epochs=3, split={"validation": 2}), reporter, tmp_path)

    shown = [(progress.phase, progress.epoch) for progress in reporter.progresses]
    assert (Phase.VALIDATE, 1) in shown
    assert shown[-1] == (Phase.TRAIN, 3)


def test_a_fit_repeats_bit_for_bit_and_changes_with_the_seed(tmp_path, make_reporter):
    layers = [{"units": 8, "activation": "relu", "dropout": 0.2, "batch_normalization": "after_activation"}]
    curves = []
    for seed in (1, 1, 2):
        reporter = make_reporter()
        spec = line(40, epochs=5, batch_size=7, layers=[*layers, {"units": 1}], seed=seed)
        run(spec, reporter, tmp_path)
        curves.append(reporter.curves)

    assert curves[0] == curves[1]
    assert curves[0] != curves[2]


def test_early_stopping_ends_the_fit(tmp_path, reporter):
    rule = {"monitor": "loss", "patience": 2}
    still = {"name": "sgd", "learning_rate": 1e-30}
    spec = line(8, epochs=50, early_stopping=rule, optimizer=still, shuffle=False)

    outcome, _ = run(spec, reporter, tmp_path)

    # Nothing improves on the first epoch.
    assert (outcome.stopped_early, outcome.num_epochs, outcome.num_steps) == (True, 3, 3)
    assert list(reporter.curves["train/loss"]) == [1, 2, 3]


def test_best_weights_are_restored_before_the_test(tmp_path, reporter):
    growing = {"name": "sgd", "learning_rate": 1.1}
    rule = {"monitor": "val_loss", "patience": 3, "restore_best_weights": True}
    spec = spec_of(
        inputs=[[1]] * 4,
        targets=[1] * 4,
        layers=[{"units": 1, "use_bias": False, "kernel_initializer": "zeros"}],
        split={"validation": 1, "test": 1},
        optimizer=growing,
        early_stopping=rule,
        epochs=20,
    )

    outcome, network = run(spec, reporter, tmp_path)

    # Each step overshoots: the error becomes −1.2 times what it was, so the first epoch was the best.
    assert outcome.num_epochs == 4
    assert network.get_weights()[0].tolist() == [[pytest.approx(2.2)]]
    assert outcome.metrics["test/loss"] == pytest.approx(1.2**2, rel=1e-5)


@pytest.mark.parametrize(
    "training",
    [{"steps": 0}, {"epochs": 0, "plan": "xla", "early_stopping": {"monitor": "loss", "restore_best_weights": True}}],
)
def test_without_steps_the_initial_network_is_evaluated(training, tmp_path, reporter):
    inputs, targets = [[1], [2], [10], [20]], [3, 5, 7, 8]
    split = {"validation": 1, "test": 1, "shuffle": False}
    layers = [{"units": 1, "kernel_initializer": "ones"}]
    spec = spec_of(inputs=inputs, targets=targets, split=split, layers=layers, metrics=["mae"], **training)

    outcome, network = run(spec, reporter, tmp_path)

    # Answers are the inputs: errors of 2 and 3, 3, and 12.
    assert reporter.curves == {
        "epoch/train/loss": {0: 6.5},
        "epoch/train/mean_absolute_error": {0: 2.5},
        "epoch/validation/loss": {0: 9.0},
        "epoch/validation/mean_absolute_error": {0: 3.0},
        "test/loss": {0: 144.0},
        "test/mean_absolute_error": {0: 12.0},
    }
    assert (outcome.num_steps, outcome.num_epochs, outcome.stopped_early) == (0, 0, False)
    assert outcome.engine.plan == "none"
    assert "steps_per_second" not in outcome.engine
    assert reporter.progresses[-1] == Progress(
        Phase.TRAIN, epoch=0, num_epochs=0, step=0, num_steps=0, steps_per_epoch=1
    )
    assert [weight.numpy().tolist() for weight in network.weights] == [[[1.0]], [0.0]]


def test_a_network_whose_initial_loss_is_not_finite_is_reported(tmp_path, reporter):
    layers = [{"units": 1, "kernel_initializer": "ones"}]

    with pytest.raises(TrainingFailed, match=r"The loss before training is inf\. Try smaller initial weights"):
        run(spec_of(inputs=[[1e30]], targets=[1], layers=layers, steps=0), reporter, tmp_path)


def test_monitoring_a_metric_that_is_not_measured_is_rejected(tmp_path, reporter):
    with pytest.raises(InvalidSpec, match="early_stopping monitors 'val_loss'"):
        run(line(8, epochs=5, early_stopping={}), reporter, tmp_path)


def test_a_loss_that_explodes_names_its_step_and_what_to_try(tmp_path, reporter):
    spec = line(20, epochs=500, batch_size=10, optimizer={"name": "sgd", "learning_rate": 1000.0})

    with pytest.raises(TrainingFailed) as caught:
        run(spec, reporter, tmp_path)

    curve = reporter.curves["train/loss"]
    step = max(curve)
    assert not np.isfinite(curve[step])
    assert all(np.isfinite(value) for before, value in curve.items() if before < step)
    message = caught.value.detail
    assert f"at step {step} (epoch {(step + 1) // 2})" in message
    assert "a learning_rate below 1000" in message
    assert "clipnorm" in message


def test_the_error_of_a_poisson_loss_asks_for_outputs_above_0(tmp_path, reporter):
    layers = [{"units": 1, "kernel_initializer": "zeros", "bias_initializer": {"name": "constant", "value": -1.0}}]

    with pytest.raises(TrainingFailed, match=r"The loss became nan at step 1 .*softplus"):
        run(spec_of(inputs=[[1]], targets=[1], layers=layers, loss="poisson"), reporter, tmp_path)


def test_a_last_step_that_breaks_the_weights_fails_though_its_loss_was_fine(tmp_path, reporter):
    spec = spec_of(inputs=[[1e15]], targets=[1e15], optimizer={"name": "sgd", "learning_rate": 1e30})

    with pytest.raises(TrainingFailed, match=r"The weights of dense_1/kernel are no longer finite"):
        run(spec, reporter, tmp_path)


def test_a_validation_loss_that_is_not_finite_fails_the_run(tmp_path, reporter):
    spec = spec_of(
        inputs=[[1], [1e30]],
        targets=[1, 1],
        layers=[{"units": 1, "kernel_initializer": "ones"}],
        split={"validation": 1, "shuffle": False},
    )

    with pytest.raises(TrainingFailed, match="The validation loss is inf"):
        run(spec, reporter, tmp_path)


def test_a_fit_that_is_asked_to_stop_reports_its_values(tmp_path, make_reporter):
    reporter = make_reporter(stop_after=3)

    with pytest.raises(TrainingStopped):
        run(line(10, epochs=1_000_000), reporter, tmp_path)

    assert reporter.times_asked == 4
    assert 1 <= max(reporter.curves["train/loss"]) < 1_000_000


def test_an_evaluation_of_many_batches_is_asked_to_stop_too(tmp_path, make_reporter):
    reporter = make_reporter(stop_after=1)

    # One call of steps, then 400 batches of validation samples.
    with pytest.raises(TrainingStopped):
        run(line(103_000, epochs=1, split={"validation": 102_400}), reporter, tmp_path)

    assert "epoch/validation/loss" not in reporter.curves


def test_tensorflow_returns_often(tmp_path, reporter):
    run(line(10, epochs=3_000), reporter, tmp_path)

    # Calls grow at most fourfold: 1 + 4 + 16 + 64 + 256 + 1024 steps are fewer than 3000.
    assert reporter.times_asked > 6
    steps = [progress.step for progress in reporter.progresses]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 3_000)


def test_a_network_without_weights_is_evaluated_and_not_changed(tmp_path, reporter):
    spec = spec_of(inputs=[[1], [2]], targets=[1, 4], layers=[{"type": "dropout", "rate": 0.0}], epochs=2)

    outcome, _ = run(spec, reporter, tmp_path)

    assert outcome.metrics["epoch/train/loss"] == 2


@pytest.mark.parametrize("plan", ["graph", "xla", "step", "stream"])
def test_a_fit_of_less_than_a_pass_is_the_beginning_of_a_longer_one(plan, tmp_path, reporter):
    run(line(50, batch_size=8, steps=12, plan=plan), reporter, tmp_path)
    longer, reporter.curves = reporter.curves["train/loss"], {}

    run(line(50, batch_size=8, steps=4, plan=plan), reporter, tmp_path)

    assert reporter.curves["train/loss"] == {step: pytest.approx(longer[step], rel=1e-6) for step in range(1, 5)}


def test_data_too_large_for_the_device_is_streamed(monkeypatch, tmp_path, reporter):
    spec = line(900, batch_size=8, steps=20, split={"validation": 300, "test": 300})
    whole, _ = run(spec, reporter, tmp_path)
    reporter.curves.clear()
    monkeypatch.setattr("models.fit.arrays.device_memory_bytes", lambda: 1000)

    streamed, _ = run(spec, reporter, tmp_path)

    assert (whole.engine.plan, streamed.engine.plan) == ("graph", "stream")
    assert streamed.metrics == pytest.approx(whole.metrics, rel=1e-6)
