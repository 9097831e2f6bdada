"""Our stopping rule beside `keras.callbacks.EarlyStopping`, told the same values."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.specs.training import EarlyStopping
from models.fit.early_stopping import StoppingRule
from models.runtime import keras


class CountingNetwork:
    """Has one weight: how many epochs it was trained."""

    def __init__(self):
        self.weights = [0]
        self.stop_training = False

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)


def run_ours(values, **arguments):
    network = CountingNetwork()
    spec = EarlyStopping.model_validate(arguments)
    rule = StoppingRule(spec, network)
    prefix = "epoch/validation/" if spec.monitor.startswith("val_") else "epoch/train/"
    for epoch, value in enumerate(values, start=1):
        network.weights = [epoch]
        measured = {prefix + spec.monitor.removeprefix("val_"): value}
        if rule.should_stop(epoch, measured, is_validated=True):
            break
    ended = network.weights[0]
    rule.finish()
    return ended, network.weights[0]


def run_keras(values, **arguments):
    network = CountingNetwork()
    mode = arguments.pop("mode", "auto")
    if mode == "auto":
        mode = "max" if "accuracy" in arguments.get("monitor", "val_loss") else "min"
    callback = keras.callbacks.EarlyStopping(mode=mode, **arguments)
    callback.set_model(network)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        network.weights = [epoch + 1]
        callback.on_epoch_end(epoch, {arguments.get("monitor", "val_loss"): value})
        if network.stop_training:
            break
    ended = network.weights[0]
    callback.on_train_end()
    return ended, network.weights[0]


@settings(deadline=None)
@given(
    values=st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12),
    monitor=st.sampled_from(["loss", "val_loss", "accuracy", "val_accuracy"]),
    arguments=st.fixed_dictionaries(
        {
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([0.0, 1.0, 1.5]),
            "mode": st.sampled_from(["auto", "min", "max"]),
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 3),
        }
    ),
)
def test_it_stops_and_restores_exactly_where_keras_does(values, monitor, arguments):
    assert run_ours(values, monitor=monitor, **arguments) == run_keras(values, monitor=monitor, **arguments)


def test_it_waits_as_many_epochs_as_it_has_patience():
    # Best after the second epoch, worse in the third and fourth.
    assert run_ours([3, 1, 2, 2, 0], patience=2, restore_best_weights=True) == (4, 2)


def test_an_epoch_without_validation_does_not_count():
    rule = StoppingRule(EarlyStopping(patience=1), CountingNetwork())

    stops = [
        rule.should_stop(epoch, {"epoch/validation/loss": value}, is_validated=epoch % 2 == 0)
        for epoch, value in enumerate([1, 1, 1, 2, 2], start=1)
    ]

    assert stops == [False, False, False, True, False]


def test_weights_are_restored_in_a_real_network():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    rule = StoppingRule(EarlyStopping(restore_best_weights=True), network)
    for epoch, (value, weight) in enumerate([(2.0, 20.0), (1.0, 10.0), (3.0, 30.0)], start=1):
        network.set_weights([np.array([[weight]]), np.array([0.0])])
        rule.should_stop(epoch, {"epoch/validation/loss": value}, is_validated=True)

    rule.finish()

    assert network.get_weights()[0].tolist() == [[10.0]]
