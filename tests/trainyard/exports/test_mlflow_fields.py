"""Runs in MLflow's terms."""

import math

import pytest

from trainyard.exports.mlflow_fields import clean_key, cut, make_metric, make_params
from trainyard.points import Point


def test_a_spec_becomes_parameters_by_path():
    spec = {
        "name": "net",
        "training": {"epochs": 3, "optimizer": {"name": "adam", "learning_rate": 0.001}, "shuffle": True},
        "network": {"layers": [{"units": 8, "bias": None}, {"units": 1}], "input_shape": [28, 28]},
        "empty": [],
        "größe": "x",
    }
    assert make_params(spec) == {
        "name": "net",
        "training.epochs": "3",
        "training.optimizer.name": "adam",
        "training.optimizer.learning_rate": "0.001",
        "training.shuffle": "true",
        "network.layers.0.units": "8",
        "network.layers.1.units": "1",
        "network.input_shape": "[28, 28]",
        "empty": "[]",
        "gr__e": "x",
    }


@pytest.mark.parametrize(
    ("value", "sent"), [(0.5, 0.5), (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_numbers_that_json_lacks_are_named(value, sent):
    assert make_metric(Point("train/loss", 3, value, 1.2345)) == {
        "key": "train/loss",
        "value": sent,
        "timestamp": 1234,
        "step": 3,
    }


def test_what_mlflow_does_not_take_in_keys_is_replaced():
    assert clean_key("a.b/c-d e:f$") == "a.b/c-d e_f_"
    assert len(clean_key("x" * 300)) == 250


def test_long_texts_are_cut_with_their_length():
    assert cut("x" * 40, 40) == "x" * 40
    assert cut("x" * 41, 40) == "x" * 23 + "… (41 characters)"
