from models.fit.plans.recurrences import Recurrence, count_time_steps, list_recurrences
from models.runtime import keras


def test_every_recurrent_layer_is_listed_with_its_length_and_directions():
    network = keras.Sequential(
        [
            keras.Input((12, 2)),
            keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True)),
            keras.layers.Conv1D(2, 3),
            keras.layers.LSTM(2, return_sequences=True, unroll=True),
            keras.layers.SimpleRNN(2),
            keras.layers.Dense(1),
        ]
    )

    recurrences = list_recurrences(network)

    # The convolution leaves 12 - 2 of the time steps.
    assert recurrences == (
        Recurrence("GRU", 12, num_directions=2),
        Recurrence("LSTM", 10, is_unrolled=True),
        Recurrence("SimpleRNN", 10),
    )
    assert count_time_steps(recurrences) == 12


def test_a_network_without_recurrent_layers_has_no_time_steps():
    network = keras.Sequential([keras.Input((12, 2)), keras.layers.Dense(1)])

    assert list_recurrences(network) == ()
    assert count_time_steps(()) == 0
