import numpy as np
import pytest

from core.experiment import parse_spec
from models.assembly import assemble
from models.fit.fitting import fit
from models.networks.weights import named_weights

LAYERS = [
    {
        "type": "conv2d",
        "filters": 3,
        "kernel_size": 3,
        "strides": 2,
        "kernel_regularizer": {"l2": 0.1},
        "batch_normalization": "before_activation",
        "activation": "relu",
    },
    {"type": "dense", "units": 10, "activation": "softmax"},
]
FROZEN = ("conv2d_1", "batch_normalization_1")


@pytest.fixture
def train(tmp_path, reporter):
    """A function that trains a network with frozen convolutions.

    It returns the first and last weights by layer, and the curves.
    """

    def run(*, dropout=0.1, **training):
        layers = [LAYERS[0] | {"dropout": dropout}, LAYERS[1]]
        reporter.curves.clear()
        spec = parse_spec(
            {
                "name": "test",
                "dataset": {"name": "digits", "split": {"validation": 20, "test": 1700}},
                "model": {"kind": "cnn", "layers": layers},
                "training": {
                    "loss": "sparse_categorical_crossentropy",
                    "epochs": 2,
                    "plan": "step",
                    "frozen_layers": ["conv2d_*", "batch_normalization_*"],
                    **training,
                },
            }
        )
        assembly = assemble(spec, tmp_path)
        before = weights_of(assembly.network)
        fit(assembly.network, assembly.data, spec.training, assembly.measures, spec.seed, reporter)
        return before, weights_of(assembly.network), dict(reporter.curves)

    return run


def weights_of(network):
    return {
        layer.name: [weight.numpy() for weight in named_weights(layer).values()]
        for layer in network.layers
        if layer.weights
    }


def assert_only_the_head_has_learned(before, after, _curves):
    assert set(after) == {*FROZEN, "dense_1"}
    for name in FROZEN:
        for first, last in zip(before[name], after[name], strict=True):
            np.testing.assert_array_equal(last, first)
    assert all((first != last).any() for first, last in zip(before["dense_1"], after["dense_1"], strict=True))


@pytest.mark.parametrize("plan", ["step", "graph", "xla", "stream"])
def test_frozen_weights_and_moving_means_do_not_change_under_any_plan(train, plan):
    assert_only_the_head_has_learned(*train(plan=plan))


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_frozen_weights_do_not_change_in_mixed_precision(train, precision):
    assert_only_the_head_has_learned(*train(precision=precision))


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "adamw", "weight_decay": 0.5},
        {"name": "sgd", "momentum": 0.9, "weight_decay": 0.5},
        {"name": "adam", "global_clipnorm": 0.1},
    ],
    ids=lambda optimizer: optimizer["name"],
)
def test_no_decay_and_no_momentum_moves_frozen_weights(train, optimizer):
    assert_only_the_head_has_learned(*train(optimizer=optimizer))


def test_the_penalty_of_a_frozen_layer_is_not_part_of_the_loss(train):
    """As in Keras, which adds the penalties of trained weights only. Dropout draws the same in both."""

    def first_loss(*names):
        return train(epochs=None, steps=1, batch_size="full", frozen_layers=names)[2]["train/loss"][1]

    before, *_ = train(epochs=0)
    kernel = before["conv2d_1"][0]
    penalty = 0.1 * (kernel**2).sum()
    assert first_loss("batch*") - first_loss("batch*", "conv*") == pytest.approx(penalty, rel=1e-3)


def test_gradients_are_recorded_of_trained_layers_only(train, reporter):
    assert_only_the_head_has_learned(*train(record=["gradient_norms", "activations"]))
    assert {key for key in reporter.curves if "gradient_norm" in key} == {"train/gradient_norm/dense_1"}
    assert "train/activation_mean/conv2d_1" in reporter.curves


def test_the_best_weights_are_restored_around_frozen_ones(train):
    stopping = {"monitor": "val_loss", "restore_best_weights": True}
    assert_only_the_head_has_learned(*train(early_stopping=stopping))


def test_a_frozen_normalisation_uses_its_moving_mean_and_variance(train):
    """In the loss of a step too, before its update, as in an evaluation."""

    def first_loss(*names):
        return train(epochs=None, steps=1, batch_size="full", frozen_layers=names, dropout=0.0)[2]["train/loss"][1]

    evaluated = train(epochs=0, frozen_layers=["batch*"], dropout=0.0)[2]["epoch/train/loss"]
    (loss,) = evaluated.values()
    assert first_loss("batch*") == pytest.approx(loss, rel=1e-5)
    assert first_loss() != pytest.approx(loss, rel=1e-2)
