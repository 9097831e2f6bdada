import numpy as np
import pytest

from models.export.steps import NETWORK_INPUT, Step, compute_steps, follow, list_steps
from models.networks.layers import TRAINING_ONLY
from models.runtime import keras


def dense(name, factor=1.0):
    return keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(factor), name=name)


@pytest.fixture
def network():
    """Return a network of 2x after dropout and 3x, added and doubled: 10x."""
    inputs = keras.Input((1,))
    once = keras.layers.Dropout(0.5, name="first")(dense("a", 2.0)(inputs))
    added = keras.layers.Add(name="sum")([once, dense("b", 3.0)(inputs)])
    return keras.Model(inputs, keras.layers.Dropout(0.5, name="last")(dense("c", 2.0)(added)))


def named(steps):
    """Return the layer of each step with the layers that it reads, by name."""
    names = {NETWORK_INPUT: "inputs", **{number: step.layer.name for number, step in enumerate(steps)}}
    return {step.layer.name: [names[source] for source in step.sources] for step in steps}


def test_every_step_reads_earlier_ones(network):
    steps = list_steps(network)

    assert named(steps) == {
        "a": ["inputs"],
        "b": ["inputs"],
        "first": ["a"],
        "sum": ["first", "b"],
        "c": ["sum"],
        "last": ["c"],
    }
    assert all(source < number for number, step in enumerate(steps) for source in step.sources)
    assert steps[-1].layer.name == "last"


def test_readers_of_a_layer_that_is_left_out_read_its_input(network):
    steps = list_steps(network, without=TRAINING_ONLY)

    assert named(steps) == {"a": ["inputs"], "b": ["inputs"], "sum": ["a", "b"], "c": ["sum"]}
    assert steps[-1].layer.name == "c"


def test_steps_compute_the_output_of_the_network(network):
    start = keras.Input((1,))
    model = keras.Model(start, compute_steps(list_steps(network, without=TRAINING_ONLY), start))

    assert np.asarray(model(np.array([[1.0], [4.0]]))).tolist() == [[10], [40]]
    # The layers are shared now; the network's own steps are still distinguished.
    assert named(list_steps(network))["sum"] == ["first", "b"]


def test_a_tensor_may_be_read_twice():
    inputs = keras.Input((1,))
    network = keras.Model(inputs, keras.layers.Add()([inputs, inputs]))

    (step,) = list_steps(network)

    assert step.sources == (NETWORK_INPUT, NETWORK_INPUT)


def test_layers_follow_the_last_step(network):
    one, other = dense("one"), dense("other")

    steps = list_steps(network)
    assert follow(steps, [one, other])[-2:] == (Step(one, (5,)), Step(other, (6,)))
    assert follow((), [one]) == (Step(one, (NETWORK_INPUT,)),)


def test_a_network_of_dropout_alone_has_no_steps_left():
    inputs = keras.Input((2,))
    network = keras.Model(inputs, keras.layers.Dropout(0.5)(inputs))

    assert list_steps(network, without=TRAINING_ONLY) == ()
    assert compute_steps((), inputs) is inputs
