"""Recurrent layers, with sizes computed by hand."""

import pytest

SEQUENCE = (20, 2)


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def recurrent(cell="simple_rnn", units=16, **arguments):
    return {"type": "recurrent", "cell": cell, "units": units, **arguments}


@pytest.mark.parametrize(
    ("cell", "arguments", "num_parameters"),
    [
        # 16·(2 + 16 + 1): from 2 inputs, 16 states and a bias; four times that for an LSTM, three for a GRU.
        ("simple_rnn", {}, 304),
        ("simple_rnn", {"use_bias": False}, 288),
        ("lstm", {}, 1216),
        ("lstm", {"use_bias": False}, 1152),
        # A GRU that resets after the product has two biases.
        ("gru", {}, 960),
        ("gru", {"reset_after": False}, 912),
        ("gru", {"use_bias": False}, 864),
        ("gru", {"use_bias": False, "reset_after": False}, 864),
        ("lstm", {"bidirectional": True}, 2432),
        ("gru", {"bidirectional": True, "merge_mode": "sum"}, 1920),
    ],
)
def test_a_recurrent_layer_has_weights_for_inputs_states_and_biases(table, cell, arguments, num_parameters):
    assert table("rnn", SEQUENCE, recurrent(cell, **arguments))[-1][2] == num_parameters


@pytest.mark.parametrize(
    ("arguments", "output_shape"),
    [
        ({}, (16,)),
        ({"return_sequences": True}, (20, 16)),
        ({"bidirectional": True}, (32,)),
        ({"bidirectional": True, "return_sequences": True}, (20, 32)),
        ({"bidirectional": True, "merge_mode": "sum"}, (16,)),
        ({"bidirectional": True, "merge_mode": "ave", "return_sequences": True}, (20, 16)),
        ({"go_backwards": True, "unroll": True, "dropout": 0.5, "recurrent_dropout": 0.3}, (16,)),
    ],
)
def test_a_recurrent_layer_returns_the_last_output_or_all_outputs(table, arguments, output_shape):
    assert table("rnn", SEQUENCE, recurrent(**arguments))[-1][1] == output_shape


def test_a_recurrent_layer_computes_at_every_step(table):
    # 20 steps of 16·(2 + 16) multiply-adds.
    assert table("rnn", SEQUENCE, recurrent())[-1] == ("simple_rnn_1", (16,), 304, 20 * 2 * 288)
    assert table("rnn", SEQUENCE, recurrent("lstm"))[-1] == ("lstm_1", (16,), 1216, 4 * 20 * 2 * 288)
    both = table("rnn", SEQUENCE, recurrent("gru", bidirectional=True))[-1]
    assert both == ("bidirectional_1", (32,), 1920, 2 * 3 * 20 * 2 * 288)


def test_a_dense_layer_in_a_recurrent_network_works_on_every_step(table):
    rows = table("rnn", SEQUENCE, recurrent(return_sequences=True), dense(1))
    assert rows[-1] == ("dense_1", (20, 1), 17, 2 * 16 * 20)


def test_a_dense_layer_may_come_before_the_recurrent_one(table):
    rows = table("rnn", SEQUENCE, dense(5), recurrent("gru", 4))
    assert [(shape, weights) for _, shape, weights, _ in rows] == [((20, 5), 15), ((4,), 3 * 4 * (5 + 4 + 2))]


def test_at_most_a_thousand_steps_are_unrolled(table, misfit):
    assert table("rnn", (1000, 1), recurrent(unroll=True))
    pointer, detail = misfit("rnn", (1001, 1), recurrent("gru", unroll=True))
    assert pointer == "/model/layers/0/unroll"
    assert detail.startswith("Layer 0 (gru) can unroll at most 1,000 time steps; its input has 1,001. Leave")


def test_a_recurrent_layer_after_one_that_returns_only_its_last_output_is_rejected(misfit):
    pointer, detail = misfit("rnn", SEQUENCE, recurrent(), recurrent("lstm"))
    assert pointer == "/model/layers/1"
    assert detail.startswith("Layer 1 (lstm) reads a sequence (steps, features), but its input has shape (16,). ")
    assert detail.endswith("Set return_sequences to true on the recurrent layer before it.")
