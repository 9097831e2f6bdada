import numpy as np
import pytest

from core.experiment import parse_spec
from models.preparation.targets import TargetScaling, find_lost_digits, fit_target_scaling
from models.runtime import keras, tf


def spec(loss="mse", activation="linear", target_scaling="auto", **others):
    return parse_spec(
        {
            "name": "prices",
            "dataset": {"name": "table", "dataset": "homes", "target": "price", "target_scaling": target_scaling},
            "model": {"kind": "mlp", "layers": [{"units": 1, "activation": activation}]},
            "training": {"loss": loss},
            **others,
        }
    )


TARGETS = np.array([[80.0], [100.0], [120.0], [100.0]], np.float32)  # Mean 100, variance (400 + 400) / 4.
SPREAD = 200**0.5


def test_mean_and_deviation_are_those_of_the_training_targets():
    scaling = fit_target_scaling(spec(), TARGETS, is_classification=False)
    assert scaling is not None
    assert scaling.offset == (100.0,)
    assert scaling.spread == pytest.approx((SPREAD,))
    assert scaling.is_squared


def test_constant_targets_are_only_shifted():
    scaling = fit_target_scaling(spec("mae"), np.full((3, 2), 7.0), is_classification=False)
    assert scaling == TargetScaling(offset=(7.0, 7.0), spread=(1.0, 1.0), is_squared=False)


@pytest.mark.parametrize(
    "asked",
    [
        spec("poisson"),
        spec(activation="relu"),
        spec(target_scaling="none"),
        spec(initial_weights={"dense_1": {"bias": [1.0]}}),
    ],
)
def test_targets_are_not_scaled_if_the_loss_or_the_spec_excludes_it(asked):
    assert fit_target_scaling(asked, TARGETS, is_classification=False) is None


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_gradients_are_those_of_standardised_targets(loss):
    scaling = TargetScaling(offset=(100.0,), spread=(SPREAD,), is_squared=loss == "mean_squared_error")
    inputs = np.array([[1.0], [-2.0], [0.5], [3.0]], np.float32)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="dense")])
    network.set_weights([np.array([[0.3]]), np.array([0.1])])
    measure = getattr(keras.losses, loss)

    def gradients(model, targets):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(measure(targets, model(inputs, training=True)))
        return np.array([part.numpy().item() for part in tape.gradient(value, model.trainable_variables)])

    expected = gradients(network, (TARGETS - 100.0) / SPREAD)
    assert gradients(scaling.attach(network), TARGETS - 100.0) == pytest.approx(expected, rel=1e-4)


def test_outputs_in_training_are_those_of_the_saved_layer_without_the_offset():
    scaling = TargetScaling(offset=(100.0, 0.0), spread=(SPREAD, 1e-5), is_squared=True)
    inputs = keras.Input((2,))
    network = scaling.attach(keras.Model(inputs, keras.layers.Dense(2)(inputs)))
    rows = np.array([[0.5, -1.5], [2.0, 3.0]], np.float32)
    saved = scaling.layer()(network.layers[1](rows))
    assert network(rows).numpy() + np.array([100.0, 0.0]) == pytest.approx(saved.numpy(), rel=1e-6)


BIG = 2**60


def test_targets_are_centred_before_they_become_float32():
    whole = np.array([[BIG - 3], [BIG + 1], [BIG + 5]])
    scaling = fit_target_scaling(spec(), whole, is_classification=False)
    assert scaling is not None
    assert scaling.offset == (BIG + 1,)
    assert scaling.centre(whole).tolist() == [[-4], [0], [4]]
    assert scaling.spread == pytest.approx(((32 / 3) ** 0.5,))


@pytest.mark.parametrize(
    ("offset", "spread", "dtype"),
    [(1000.0, 500.0, "float32"), (1.7e9, 40.0, "float64"), (0.0, 1e-9, "float32"), (1e39, 1e39, "float64")],
)
def test_answers_are_float64_where_float32_would_lose_digits(offset, spread, dtype):
    layer = TargetScaling((offset,), (spread,), is_squared=True).layer()
    answers = np.asarray(layer(np.array([[0.5]], np.float32)))
    assert answers.dtype == dtype
    assert answers.item() == pytest.approx(offset + 0.5 * spread, rel=1e-15 if dtype == "float64" else 1e-6)


def test_people_are_told_of_targets_whose_squares_float32_cannot_hold():
    numbers = np.array([[-1e-19], [1e-19]])
    (notice,) = find_lost_digits(numbers, TargetScaling((0.0,), (1e-19,), is_squared=True))
    assert notice.detail.startswith("The targets have a standard deviation of 1e-19, for whose squares float32 has no")
    assert find_lost_digits(numbers, TargetScaling((0.0,), (1e-18,), is_squared=True)) == ()


def test_people_are_told_where_targets_cannot_be_told_apart():
    numbers = np.array([[1.7e9], [1.7e9 + 1], [1.7e9 + 2]])
    scaling = fit_target_scaling(spec(), numbers, is_classification=False)
    assert find_lost_digits(numbers, scaling) == ()
    assert [notice.code for notice in find_lost_digits(numbers, None)] == ["digits_lost"]
    assert find_lost_digits(TARGETS, None) == ()
    whole = np.array([[BIG - 3], [BIG + 1], [BIG + 5]])
    longest = fit_target_scaling(spec(), whole, is_classification=False)
    assert [notice.code for notice in find_lost_digits(whole, longest)] == ["digits_lost"]
