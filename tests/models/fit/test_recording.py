from math import hypot

import numpy as np
import pytest

from core.checks.length import measure_length
from core.checks.recording import DEFAULT_RECORDED_POINTS
from core.experiment import parse_spec
from models.assembly import assemble
from models.fit.fitting import fit
from models.fit.history import History

PLANS = ["graph", "xla", "step", "stream"]
EVERYTHING = ["gradient_norms", "activations", "weights"]
SGD = {"name": "sgd", "learning_rate": 0.1}
LINE = {
    "name": "test",
    "dataset": {"name": "inline", "inputs": [[1], [2]], "targets": [3, 5]},
    "model": {"kind": "mlp", "layers": [{"units": 1, "kernel_initializer": "zeros"}]},
    "training": {"loss": "mse", "optimizer": SGD, "batch_size": "full", "epochs": 2, "record": EVERYTHING},
}
IRIS = {
    "name": "test",
    "dataset": {"name": "iris", "scaling": "standardize", "split": {"validation": 10, "test": 10}},
    "model": {
        "kind": "mlp",
        "layers": [
            {"units": 4, "activation": "relu", "dropout": 0.2, "batch_normalization": "before_activation"},
            {"units": 3, "activation": "softmax"},
        ],
    },
    "training": {"loss": "sparse_categorical_crossentropy", "batch_size": 50, "epochs": 2},
}


def run(definition, folder, reporter, **training):
    spec = parse_spec({**definition, "training": {**definition["training"], **training}})
    assembly = assemble(spec, folder)
    outcome = fit(assembly.network, assembly.data, spec.training, assembly.measures, spec.seed, reporter)
    return outcome, assembly.network


def recorded(reporter):
    return {key: curve for key, curve in reporter.curves.items() if key.count("/") > 1 and key.startswith("train/")}


@pytest.mark.parametrize("plan", PLANS)
def test_gradients_activations_and_weights_are_those_computed_by_hand(plan, tmp_path, reporter):
    outcome, _ = run(LINE, tmp_path, reporter, plan=plan)

    # The steps of test_fitting: slopes of −13 and −8, then −4.1 and −2.5; the answers are 0 and 0, then 2.1 and 3.4.
    expected = {
        "train/gradient_norm/dense_1": {1: hypot(13, 8), 2: hypot(4.1, 2.5)},
        "train/activation_mean/dense_1": {1: 0, 2: 2.75},
        "train/activation_stddev/dense_1": {1: 0, 2: 0.65},
        "train/activation_zeros/dense_1": {1: 1, 2: 0},
        "train/weight/dense_1/kernel_0_0": {1: 1.3, 2: 1.71},
        "train/weight/dense_1/bias_0": {1: 0.8, 2: 1.05},
    }
    curves = recorded(reporter)
    assert list(curves) == list(expected)
    for key, curve in expected.items():
        assert curves[key] == pytest.approx(curve, rel=1e-5, abs=1e-6), key
    assert {key.partition("/")[0] for key in reporter.curves} == {"train", "epoch"}
    assert outcome.metrics["train/weight/dense_1/bias_0"] == pytest.approx(1.05)


@pytest.mark.parametrize(
    "training", [{"optimizer": {**SGD, "clipnorm": 0.05}}, {"precision": "mixed_float16", "plan": "graph"}]
)
def test_gradients_are_measured_before_they_are_clipped_and_without_the_scale_of_float16(training, tmp_path, reporter):
    # A hundredth of the line, for a scale of 2¹⁵ would make float16 of more overflow.
    hundredth = {**LINE, "dataset": {"name": "inline", "inputs": [[1], [2]], "targets": [0.03, 0.05]}}

    run(hundredth, tmp_path, reporter, **training)

    assert reporter.curves["train/gradient_norm/dense_1"][1] == pytest.approx(hypot(0.13, 0.08), rel=1e-3)


def test_recording_changes_nothing_else_and_every_plan_records_the_same(tmp_path, make_reporter):
    plain = make_reporter()
    run(IRIS, tmp_path, plain, plan="graph")
    by_plan = {}
    for plan in PLANS:
        reporter = make_reporter()
        # 130 samples: the last step of an epoch takes 30.
        _, network = run(IRIS, tmp_path, reporter, plan=plan, record=EVERYTHING)
        by_plan[plan] = recorded(reporter)
        if plan == "graph":
            assert {key: curve for key, curve in reporter.curves.items() if key in plain.curves} == plain.curves

    graph = by_plan["graph"]
    layers = ["dense_1", "batch_normalization_1", "dense_2"]
    num_weights = (4 * 4 + 4) + 4 * 4 + (4 * 3 + 3)
    assert [key for key in graph if "gradient_norm" in key] == [f"train/gradient_norm/{layer}" for layer in layers]
    assert sum("activation_" in key for key in graph) == 3 * 4
    assert sum("/weight/" in key for key in graph) == num_weights
    assert graph["train/activation_zeros/activation_1"][1] > 0
    last = [curve[6] for key, curve in graph.items() if "/weight/dense_2/" in key]
    for plan, curves in by_plan.items():
        assert list(curves) == list(graph)
        for key, curve in curves.items():
            assert curve == pytest.approx(graph[key], rel=1e-4, abs=1e-5), (plan, key)
    np.testing.assert_allclose(np.concatenate([w.ravel() for w in network.layers[-1].get_weights()]), last, atol=1e-5)


def test_a_network_without_weights_has_nothing_to_record(tmp_path, reporter):
    model = {"kind": "mlp", "layers": [{"type": "dropout", "rate": 0.0}]}

    run({**LINE, "model": model}, tmp_path, reporter)

    assert recorded(reporter) == {}


def test_many_curves_are_thinned_more_than_few(reporter):
    kept = count_kept(reporter, curve_points=None)
    assert kept.pop("train/loss") == 2_001
    assert set(kept.values()) == {DEFAULT_RECORDED_POINTS // 400 + 1}


@pytest.mark.parametrize(("asked", "expected"), [("all", 4_000), (1_000, 1_001)])
def test_many_curves_have_the_points_that_the_spec_asks_for(reporter, asked, expected):
    assert set(count_kept(reporter, curve_points=asked).values()) == {expected}


@pytest.mark.parametrize("plan", ["graph", "xla"])
def test_every_step_of_a_long_run_is_reported_if_the_spec_asks_for_it(tmp_path, reporter, plan):
    # The error at weight w and bias b is that of y = 2x + 1 at 1 and 2: the first step starts from zeros.
    run(LINE, tmp_path, reporter, epochs=4_500, curve_points="all", record=[], plan=plan)

    losses = reporter.curves["train/loss"]
    assert list(losses) == list(range(1, 4_501))
    assert losses[1] == (9 + 25) / 2
    assert losses[4_500] < 1e-6
    assert list(reporter.curves["epoch/train/loss"]) == list(range(1, 4_501))


def count_kept(reporter, curve_points):
    """Record 400 curves of 4,000 steps; return the number of points of each."""
    names = [f"weight/dense_1/bias_{number}" for number in range(400)]
    training = {"loss": "mse", "steps": 4_000, "batch_size": "full", "curve_points": curve_points}
    spec = parse_spec({**LINE, "training": training})
    history = History(["loss"], names, measure_length(spec.training, 2), spec.training, reporter)

    history.add_steps(1, np.ones((4_000, 401), np.float32), np.ones((4_000, 1), np.float32))
    history.finish()

    return {key: len(curve) for key, curve in reporter.curves.items() if key.startswith("train/")}
