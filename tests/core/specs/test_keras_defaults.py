"""Specs have Keras's names, arguments and defaults: held against the installed Keras."""

import inspect
import os
from typing import get_args

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from core.networks import layer
from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer
from core.networks.pooling import Pooling
from core.networks.recurrent import RecurrentLayer
from core.specs import initializers, losses, metrics, optimizers, training

schedules = keras.optimizers.schedules
OURS = {"name", "type", "kind", "cell", "position"}
"""Fields that say which class is meant."""
CARRIED = {"batch_normalization", "dropout", "pooling"}
"""What a layer carries of layers that follow it."""


def defaults_of_keras(thing):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(thing).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


def defaults_of_ours(model, *, without=frozenset()):
    """Defaults in the form that Keras states them in: an initializer by its name."""
    return {
        name: getattr(field.default, "name", field.default)
        for name, field in model.model_fields.items()
        if name not in OURS | without and not field.is_required()
    }


def assert_same_defaults(model, thing, *, without=frozenset()):
    theirs = defaults_of_keras(thing)
    ours = defaults_of_ours(model, without=without)
    assert {name: theirs.get(name, "no such argument") for name in ours} == ours


@pytest.mark.parametrize(
    ("model", "keras_class"),
    [
        (optimizers.Sgd, keras.optimizers.SGD),
        (optimizers.RmsProp, keras.optimizers.RMSprop),
        (optimizers.Adagrad, keras.optimizers.Adagrad),
        (optimizers.Adadelta, keras.optimizers.Adadelta),
        (optimizers.Adam, keras.optimizers.Adam),
        (optimizers.AdamW, keras.optimizers.AdamW),
        (optimizers.Adamax, keras.optimizers.Adamax),
        (optimizers.Nadam, keras.optimizers.Nadam),
        (optimizers.Ftrl, keras.optimizers.Ftrl),
        (optimizers.Lion, keras.optimizers.Lion),
        (optimizers.ExponentialDecay, schedules.ExponentialDecay),
        (optimizers.InverseTimeDecay, schedules.InverseTimeDecay),
        (optimizers.PolynomialDecay, schedules.PolynomialDecay),
        (optimizers.CosineDecay, schedules.CosineDecay),
        (optimizers.PiecewiseConstantDecay, schedules.PiecewiseConstantDecay),
        (initializers.Constant, keras.initializers.Constant),
        (initializers.RandomNormal, keras.initializers.RandomNormal),
        (initializers.TruncatedNormal, keras.initializers.TruncatedNormal),
        (initializers.RandomUniform, keras.initializers.RandomUniform),
        (initializers.VarianceScaling, keras.initializers.VarianceScaling),
        (initializers.Orthogonal, keras.initializers.Orthogonal),
        (initializers.Regularizer, keras.regularizers.L1L2),
        (layer.BatchNormalization, keras.layers.BatchNormalization),
        (layer.DropoutLayer, keras.layers.Dropout),
        (training.EarlyStopping, keras.callbacks.EarlyStopping),
    ],
)
def test_defaults_are_those_of_keras(model, keras_class):
    assert_same_defaults(model, keras_class)


@pytest.mark.parametrize(
    ("model", "keras_class"),
    [(DenseLayer, keras.layers.Dense), (Conv2DLayer, keras.layers.Conv2D)],
)
def test_defaults_of_weighted_layers_are_those_of_keras(model, keras_class):
    assert_same_defaults(model, keras_class, without=CARRIED | {"activation"})
    # Keras writes no activation as None and means linear.
    assert defaults_of_keras(keras_class)["activation"] is None
    assert model.model_fields["activation"].default == "linear"


@pytest.mark.parametrize("keras_class", [keras.layers.MaxPooling2D, keras.layers.AveragePooling2D])
def test_defaults_of_pooling_are_those_of_keras(keras_class):
    # Keras asks for a pool size; the 2×2 that it once assumed is ours.
    assert_same_defaults(Pooling, keras_class, without={"pool_size"})


@pytest.mark.parametrize(
    ("keras_class", "not_its_own"),
    [
        (keras.layers.SimpleRNN, {"recurrent_activation", "unit_forget_bias", "reset_after"}),
        (keras.layers.LSTM, {"reset_after"}),
        (keras.layers.GRU, {"unit_forget_bias"}),
    ],
)
def test_defaults_of_recurrent_layers_are_those_of_keras(keras_class, not_its_own):
    assert_same_defaults(RecurrentLayer, keras_class, without=not_its_own | {"bidirectional", "merge_mode"})
    merge_mode = RecurrentLayer.model_fields["merge_mode"].default
    assert merge_mode == defaults_of_keras(keras.layers.Bidirectional)["merge_mode"]


def test_defaults_of_training_are_those_of_fit_and_compile():
    fit = defaults_of_keras(keras.Model.fit)
    ours = training.Training(loss="mean_squared_error")
    assert ours.num_epochs_asked == fit["epochs"]
    assert ours.shuffle == fit["shuffle"]
    assert ours.validation_freq == fit["validation_freq"]
    assert ours.steps_per_epoch == fit["steps_per_epoch"]
    assert ours.optimizer.name == defaults_of_keras(keras.Model.compile)["optimizer"]
    assert fit["batch_size"] is None
    described = " ".join(kind.__dict__["fit"].__doc__ or "" for kind in keras.Model.__mro__ if "fit" in kind.__dict__)
    assert f"`batch_size` will default to {ours.batch_size}." in described


@pytest.mark.parametrize("name", sorted({*get_args(losses.LossName)} - {"half_mean_squared_error"}))
def test_a_loss_has_the_name_and_defaults_of_keras(name):
    loss = keras.losses.get({"class_name": _class_name(name), "config": {}})
    arguments = defaults_of_keras(type(loss))
    ours = losses.Loss(name=name)
    for argument in {"from_logits", "label_smoothing"} & arguments.keys():
        assert getattr(ours, argument) == arguments[argument]


def _class_name(name):
    special = {"kl_divergence": "KLDivergence"}
    return special.get(name, "".join(word.capitalize() for word in name.split("_")))


@pytest.mark.parametrize("name", get_args(layer.Activation))
def test_an_activation_has_the_name_of_keras(name):
    assert callable(keras.activations.get(name))


@pytest.mark.parametrize("name", get_args(initializers.PlainInitializerName))
def test_a_plain_initializer_has_the_name_of_keras(name):
    assert isinstance(keras.initializers.get(name), keras.initializers.Initializer)


@pytest.mark.parametrize(
    # Keras knows `logcosh` only in files written by Keras 2.
    ("alias", "name"),
    [pair for pair in losses.LOSS_ALIASES.items() if pair[0] != "logcosh"],
)
def test_a_short_name_is_keras_own(alias, name):
    assert keras.losses.get(alias) is keras.losses.get(name)


def test_a_short_name_of_a_metric_is_keras_own():
    aliases = dict(metrics.METRIC_ALIASES)
    assert aliases.pop("acc") == "accuracy"
    assert keras.metrics.RootMeanSquaredError().name == aliases.pop("rmse")
    assert all(type(keras.metrics.get(alias)) is type(keras.metrics.get(name)) for alias, name in aliases.items())
