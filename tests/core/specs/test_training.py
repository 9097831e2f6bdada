import pytest

from core.experiment import parse_spec
from core.networks.network import expand_network


@pytest.fixture
def training(iris, problems):
    """Return the problems of a training, by pointer within it."""

    def find(patch):
        found = problems(iris({"training": patch}))
        return {pointer.removeprefix("/training"): problem.detail for pointer, problem in found.items()}

    return find


@pytest.fixture
def read(iris):
    return lambda patch: parse_spec(iris({"training": patch})).training


def optimizer(**arguments):
    return {"optimizer": {"name": "sgd", **arguments}}


def schedule(**arguments):
    return optimizer(learning_rate=arguments)


def test_a_training_takes_one_epoch_by_default(read):
    assert read({}).num_epochs_asked == 1
    assert read({"epochs": 7}).num_epochs_asked == 7
    assert read({"steps": 7}).num_epochs_asked is None


def test_a_network_may_be_evaluated_without_training(read, training):
    assert read({"epochs": 0}).num_epochs_asked == 0
    assert read({"steps": 0}).num_epochs_asked is None
    assert training({"steps": -1}) == {"/steps": "Expected a number of at least 0; got -1."}


def test_its_length_is_given_in_epochs_or_steps(training):
    assert training({"epochs": 1, "steps": 1}) == {"": "Expected epochs or steps; got both. Remove one."}


def test_a_metric_is_named_once_even_by_its_short_name(training):
    assert training({"metrics": ["mse", "mean_squared_error"]}) == {
        "": "A metric is named twice in metrics. Name it once."
    }


def test_a_network_is_trained_in_float32_by_default(read):
    assert read({}).precision == "float32"
    assert read({"precision": "mixed_float16"}).precision == "mixed_float16"


def test_an_xla_program_is_not_shared_by_devices(read, training):
    assert read({"devices": 2, "plan": "graph"}).devices == 2
    assert read({"plan": "xla"}).devices == 1
    found = training({"devices": 2, "plan": "xla"})
    assert found == {"": "Expected one of the plans auto, graph, step, stream for several devices; got 'xla'."}


def test_an_unknown_precision_is_reported_with_the_nearest_name(training):
    found = training({"precision": "mixed_float61"})
    assert found == {"/precision": "Unknown value 'mixed_float61'. Did you mean 'mixed_float16'?"}


@pytest.mark.parametrize(
    ("weights", "place", "detail"),
    [
        ("balance", "", 'Expected "balanced" or an object like {"setosa": 2}; got \'balance\'.'),
        ([1, 2], "", 'Expected "balanced" or an object like {"setosa": 2}; got a list of 2.'),
        ({}, "", "Expected at least 1 item; got 0."),
        ({"a" * 201: 1}, "", "Expected labels or numbers of classes as names; got a name that cannot be one."),
        ({"setosa": 0}, "/setosa", "Expected a number above 0; got 0."),
        ({"setosa": 1, "virginica": -1}, "/virginica", "Expected a number above 0; got -1."),
        ({"setosa": "2"}, "/setosa", "Expected a number like 1.0; got '2'."),
        ({"setosa": float("inf")}, "/setosa", "Expected a finite number; got inf."),
    ],
)
def test_class_weights_are_positive_numbers_by_class(training, weights, place, detail):
    assert training({"class_weight": weights}) == {f"/class_weight{place}": detail}


def test_at_most_twenty_mistakes_in_class_weights_are_reported(training):
    assert len(training({"class_weight": {f"class {number}": -1 for number in range(100_000)}})) == 20


@pytest.mark.parametrize(
    ("loss", "detail"),
    [
        (
            {"name": "mse", "from_logits": True},
            "Only cross-entropies take from_logits; got 'mean_squared_error'. Leave it out.",
        ),
        (
            {"name": "sparse_categorical_crossentropy", "label_smoothing": 0.1},
            (
                "Only binary and categorical cross-entropy take label_smoothing; got "
                "'sparse_categorical_crossentropy'. Leave it out."
            ),
        ),
    ],
)
def test_a_loss_without_the_argument_rejects_it(training, loss, detail):
    assert training({"loss": loss}) == {"/loss": detail}


def test_a_loss_with_the_argument_accepts_it(read):
    loss = read({"loss": {"name": "binary_crossentropy", "from_logits": True, "label_smoothing": 0.1}}).loss
    assert (loss.from_logits, loss.label_smoothing) == (True, 0.1)


def test_gradients_are_clipped_in_one_way(training):
    found = training(optimizer(clipnorm=1, global_clipnorm=1))
    (detail,) = found.values()
    assert list(found) == ["/optimizer"]
    assert (
        detail == "Expected at most one of clipnorm, clipvalue and global_clipnorm; got clipnorm and global_clipnorm."
    )


def test_pieces_of_a_schedule_fit_together(training):
    place = "/optimizer/learning_rate"
    piecewise = {"name": "piecewise_constant_decay", "boundaries": [10, 20], "values": [3, 2, 1]}
    assert training(schedule(**piecewise | {"values": [2, 1]})) == {place: "Expected 3 values for 2 boundaries; got 2."}
    assert training(schedule(**piecewise | {"boundaries": [20, 10]})) == {
        place: "Boundaries must increase from one to the next."
    }
    assert training(schedule(**piecewise | {"boundaries": [10, 10]})) == {
        place: "Boundaries must increase from one to the next."
    }
    assert list(training(schedule(**piecewise | {"boundaries": []}))) == [f"{place}/boundaries"]


def test_a_schedule_requires_what_keras_has_no_default_for(training):
    assert list(training(schedule(name="exponential_decay"))) == [
        f"/optimizer/learning_rate/{field}" for field in ("initial_learning_rate", "decay_steps", "decay_rate")
    ]


def test_the_first_beta_of_lion_is_above_0_as_in_keras(training):
    assert training({"optimizer": {"name": "lion", "beta_1": 0}}) == {
        "/optimizer/beta_1": "Expected a number above 0; got 0."
    }


def test_an_argument_of_another_optimizer_is_unknown(training):
    assert "no field 'momentum'" in training({"optimizer": {"name": "adam", "momentum": 0.9}})["/optimizer/momentum"]


@pytest.mark.parametrize("monitor", ["", "VAL_LOSS", "val_loss\n", "a" * 65, "loss;"])
def test_early_stopping_monitors_a_name(training, monitor):
    assert list(training({"early_stopping": {"monitor": monitor}})) == ["/early_stopping/monitor"]


def test_a_bias_does_not_start_orthogonal(iris, problems):
    layer = {"units": 3, "bias_initializer": "orthogonal"}
    found = problems(iris({"model": {"layers": [layer]}}))
    assert "cannot start orthogonal" in found["/model/layers/0/bias_initializer"].detail


def test_one_number_stands_for_height_and_width(iris):
    layers = [
        {"type": "conv2d", "filters": 1, "kernel_size": 3, "strides": [1, 2], "pooling": {"pool_size": 2}},
        {"type": "dense", "units": 10},
    ]
    spec = parse_spec(iris({}) | {"dataset": {"name": "mnist"}, "model": {"kind": "cnn", "layers": layers}})
    convolution = spec.model.layers[0]
    assert (convolution.kernel_size, convolution.strides) == ((3, 3), (1, 2))
    assert (convolution.pooling.pool_size, convolution.pooling.strides) == ((2, 2), None)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (0, {"": "Expected a number of at least 1; got 0."}),
        (None, {"": "Expected a whole number like 3 or a list like [1, 1]; got null."}),
        (True, {"": "Expected a whole number like 3 or a list like [1, 1]; got true."}),
        (1.5, {"": "Expected a whole number like 3 or a list like [1, 1]; got 1.5."}),
        ("3", {"": "Expected a whole number like 3 or a list like [1, 1]; got '3'."}),
        ([3], {"": "Item 2 of the list is missing."}),
        ([3, 3, 3], {"": "Expected at most 2 items; got 3."}),
        ([3, "3"], {"/1": "Expected a whole number like 1; got '3'."}),
        ([0, 0], {"/0": "Expected a number of at least 1; got 0.", "/1": "Expected a number of at least 1; got 0."}),
    ],
)
def test_height_and_width_are_one_or_two_sizes(iris, problems, sizes, expected):
    model = {"kind": "cnn", "layers": [{"type": "conv2d", "filters": 1, "kernel_size": sizes}]}
    found = problems(iris({}) | {"model": model})
    place = "/model/layers/0/kernel_size"
    assert {pointer.removeprefix(place): problem.detail for pointer, problem in found.items()} == expected


def test_a_layer_of_another_kind_of_network_is_unknown(iris, problems):
    found = problems(iris({"model": {"layers": [{"type": "conv2d"}]}}))
    assert "Known here: dense, dropout." in found["/model/layers/0/type"].detail


def test_a_network_requires_a_layer(iris, problems):
    assert list(problems(iris({"model": {"layers": []}}))) == ["/model/layers"]


def test_a_binary_adder_is_a_recurrent_network_with_a_sigmoid_for_each_bit(iris):
    model = {"kind": "binary_adder", "cell": "gru", "units": 5, "dropout": 0.5, "unroll": True}
    recurrent, output = parse_spec(iris({}) | {"model": model}).model.layers
    assert (recurrent.cell, recurrent.units, recurrent.activation) == ("gru", 5, "relu")
    assert (recurrent.dropout, recurrent.unroll, recurrent.return_sequences) == (0.5, True, True)
    assert (output.units, output.activation) == (1, "sigmoid")


@pytest.mark.parametrize("arguments", [{}, {"cell": "lstm", "units": 5, "dropout": 0.5, "unroll": True}])
def test_a_binary_adder_can_be_written_out_layer_by_layer(iris, arguments):
    adder = parse_spec(iris({}) | {"model": {"kind": "binary_adder", **arguments}}).model
    written = parse_spec(iris({}) | {"model": expand_network(adder)}).model
    assert (written.kind, written.layers) == ("rnn", adder.layers)
    assert expand_network(written) is None
