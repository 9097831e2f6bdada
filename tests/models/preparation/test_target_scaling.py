import numpy as np
import pytest

from core.experiment import parse_spec
from models.preparation.targets import TargetScaling, fit_target_scaling
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
    scaling = fit_target_scaling(spec(), TARGETS)
    assert scaling is not None
    assert scaling.offset == (100.0,)
    assert scaling.spread == pytest.approx((SPREAD,))
    assert scaling.is_squared


def test_constant_targets_are_only_shifted():
    scaling = fit_target_scaling(spec("mae"), np.full((3, 2), 7.0, np.float32))
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
    assert fit_target_scaling(asked, TARGETS) is None


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
    assert gradients(scaling.attach(network), TARGETS) == pytest.approx(expected, rel=1e-4)


def test_outputs_in_training_and_of_the_saved_layer_are_the_same():
    scaling = TargetScaling(offset=(100.0, 0.0), spread=(SPREAD, 1e-5), is_squared=True)
    inputs = keras.Input((2,))
    network = scaling.attach(keras.Model(inputs, keras.layers.Dense(2)(inputs)))
    rows = np.array([[0.5, -1.5], [2.0, 3.0]], np.float32)
    saved = scaling.layer()(network.layers[1](rows))
    assert network(rows).numpy() == pytest.approx(saved.numpy(), rel=1e-6)
