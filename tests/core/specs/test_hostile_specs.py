"""Specs that try to crash the service, to keep it busy or to fill its logs."""

import copy
from math import inf, nan

import pytest

from core.errors import InvalidSpec, OverLimit
from core.experiment import parse_spec
from core.specs.base import NUM_LISTED
from core.specs.merging import apply_overrides

# Work that grows with the square of the size does not end within this time.
pytestmark = pytest.mark.timeout(60)

HALF_A_PAIR = "\ud800"
MOST_CHARACTERS = 2_000
REGRESSION = {"model": {"kind": "mlp", "layers": [{"units": 1}]}, "training": {"loss": "mse"}}


def nested(depth, *, in_lists):
    value = 0
    for _ in range(depth):
        value = [value] if in_lists else {"a": value}
    return value


def table(inputs, targets, **others):
    return REGRESSION | {"name": "x", "dataset": {"name": "inline", "inputs": inputs, "targets": targets, **others}}


def rejection(check, value, error=InvalidSpec):
    """Return the problems of a spec; assert that each is short, and text that can be sent and logged."""
    with pytest.raises(error) as caught:
        check(value)
    rejected = caught.value
    assert 1 <= len(rejected.problems) <= NUM_LISTED
    for text in [rejected.detail, *(text for one in rejected.problems for text in (one.pointer, one.detail, one.code))]:
        assert len(text) < MOST_CHARACTERS
        text.encode()
    return {problem.pointer: problem for problem in rejected.problems}


@pytest.mark.parametrize("in_lists", [True, False])
@pytest.mark.parametrize(
    "place",
    [
        ("name",),
        ("model", "kind"),
        ("model", "layers"),
        ("model", "layers", 0, "units"),
        ("model", "layers", 0, "kernel_initializer"),
        ("training", "optimizer"),
        ("training", "loss"),
        ("unknown",),
    ],
)
def test_deep_nesting_is_rejected_at_any_place(iris, check, place, in_lists):
    value = copy.deepcopy(iris({}))
    parent = value
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = nested(20_000, in_lists=in_lists)
    assert rejection(check, value)[""].code == "too_deep"


def test_a_spec_of_nested_lists_is_too_deep(check):
    assert rejection(check, nested(20_000, in_lists=True))[""].code == "too_deep"


def test_nesting_up_to_32_levels_is_accepted(iris, check):
    # One level is the spec itself.
    assert rejection(check, iris({}) | {"unknown": nested(31, in_lists=False)})["/unknown"].code == "unknown_field"
    assert rejection(check, iris({}) | {"unknown": nested(32, in_lists=False)})[""].code == "too_deep"


def test_deep_overrides_are_rejected(iris):
    with pytest.raises(InvalidSpec, match="at most 32 nested") as caught:
        apply_overrides(iris({}), nested(20_000, in_lists=False), "/overrides")
    assert caught.value.problems[0].pointer == "/overrides"


@pytest.mark.parametrize(
    # JSON parsers stop at 4,300 digits.
    "value",
    [10**400, -(10**400), 10**4000, -(10**4000)],
    ids=["10^400", "-10^400", "10^4000", "-10^4000"],
)
@pytest.mark.parametrize(
    "patch",
    [
        lambda value: {"seed": value},
        lambda value: {"name": value},
        lambda value: {"dataset": {"split": {"test": value}}},
        lambda value: {"model": {"kind": value}},
        lambda value: {"model": {"layers": [{"units": value}]}},
        lambda value: {"model": {"layers": [{"type": value}]}},
        lambda value: {"training": {"batch_size": value}},
        lambda value: {"training": {"metrics": [value]}},
        lambda value: {"training": {"optimizer": {"name": "sgd", "learning_rate": value}}},
        lambda value: {"training": {"optimizer": {"name": "adam", "beta_1": value}}},
    ],
)
def test_an_enormous_integer_is_rejected(iris, check, patch, value):
    rejection(check, iris(patch(value)))


@pytest.mark.parametrize("number", [1e308, -1e308, nan, inf, -inf, 10**400])
def test_a_number_beyond_float32_is_rejected_in_every_part_of_a_function(line, check, number):
    for part in ({"noise": number}, {"low": number}, {"high": number}):
        rejection(check, line({"dataset": part}))
    for function in (
        {"coefficients": [1, number]},
        {"type": "sine", "coefficients": None, "amplitude": number},
        {"type": "sine", "coefficients": None, "angular_frequency": number},
        {"type": "linear", "coefficients": None, "weights": [number]},
    ):
        rejection(check, line({"dataset": {"function": function}}))


@pytest.mark.parametrize(
    "dataset",
    [
        {"high": 1e30, "function": {"coefficients": [0, 0, 1]}},
        {"high": 3e38, "low": -3e38, "function": {"coefficients": [1e38] * 20}},
        {"high": 3e38, "low": -3e38, "function": {"type": "linear", "coefficients": None, "weights": [2]}},
        {"function": {"type": "sine", "coefficients": None, "amplitude": 3e38, "offset": 3e38}},
        {"noise": 1e38},
        {"high": 1e30, "function": {"coefficients": [1]}, "polynomial_features": {"degree": 2}},
    ],
)
def test_values_beyond_float32_are_rejected(line, check, dataset):
    assert "exceed the range of float32" in rejection(check, line({"dataset": dataset}))["/dataset"].detail


def test_a_series_beyond_float32_is_rejected(check):
    dataset = {
        "name": "time_series",
        "function": {"type": "polynomial", "coefficients": [0, 0, 1]},
        "num_points": 1000,
        "time_step": 1e20,
    }
    assert "range of float32" in rejection(check, REGRESSION | {"name": "x", "dataset": dataset})["/dataset"].detail


@pytest.mark.parametrize(
    "text",
    [HALF_A_PAIR, "a\x00b", "{tag}{0}", "%s", "\n", "a" * 1_000_000],
    ids=["surrogate", "nul", "braces", "percent", "newline", "long"],
)
@pytest.mark.parametrize(
    "patch",
    [
        lambda text: {"name": text},
        lambda text: {text: 1},
        lambda text: {"dataset": {"name": text}},
        lambda text: {"model": {"kind": text}},
        lambda text: {"model": {"layers": [{"units": 3, text: 1}]}},
        lambda text: {"model": {"layers": [{"units": 3, "activation": text}]}},
        lambda text: {"training": {"optimizer": text}},
        lambda text: {"training": {"optimizer": {"name": "sgd", text: 1}}},
        lambda text: {"training": {"loss": text}},
        lambda text: {"training": {"metrics": [text]}},
        lambda text: {"training": {"batch_size": text}},
        lambda text: {"training": {"class_weight": text}},
        lambda text: {"training": {"class_weight": {text: 1}}},
        lambda text: {"training": {"early_stopping": {"monitor": text}}},
    ],
)
def test_text_that_cannot_be_quoted_is_rejected(iris, check, patch, text):
    rejection(check, iris(patch(text)))


@pytest.mark.parametrize(
    "label",
    [HALF_A_PAIR, "a\x00b", "a\n", "\x7f", "", "a" * 201],
    ids=["surrogate", "nul", "newline", "delete", "empty", "long"],
)
@pytest.mark.parametrize("field", ["columns", "class_labels"])
def test_a_label_that_people_cannot_read_or_databases_cannot_store_is_rejected(check, field, label):
    value = table([[1, 2], [3, 4]], [0, 1], **{field: ["fine", label]})
    assert list(rejection(check, value)) == [f"/dataset/{field}/1"]


def test_half_a_surrogate_pair_in_a_name_is_reported_at_its_object(iris, check):
    # The pointer could not be encoded.
    found = rejection(check, iris({"training": {HALF_A_PAIR: 1}}))
    assert list(found) == ["/training"]


def test_at_most_twenty_unknown_fields_are_reported(iris, check):
    found = rejection(check, iris({f"field_{number}": 1 for number in range(100_000)}))
    assert list(found) == [f"/field_{number}" for number in range(20)]


@pytest.mark.parametrize("layer", [{"units": 3}, {"units": "3"}, {}, 5, None, {"wrong": 1}])
def test_more_than_a_thousand_layers_are_rejected_as_a_whole(iris, check, layer):
    found = rejection(check, iris({"model": {"layers": [layer] * 100_000}}))
    assert found["/model/layers"].detail == "Expected at most 1000 items; got 100000."


@pytest.mark.parametrize("kind", ["cnn", "rnn"])
def test_every_kind_of_network_has_at_most_a_thousand_layers(check, kind):
    value = {"name": "x", "dataset": {"name": "mnist"}, "training": {"loss": "mse"}}
    assert "/model/layers" in rejection(check, value | {"model": {"kind": kind, "layers": [{}] * 1001}})


def test_at_most_twenty_mistakes_in_a_thousand_layers_are_reported(iris, check):
    wrong = {f"field_{number}": 1 for number in range(30)} | {"units": "3", "activation": 5}
    assert len(rejection(check, iris({"model": {"layers": [wrong] * 1000}}))) == NUM_LISTED


def test_a_thousand_normalized_layers_are_checked(iris, check):
    hidden = {"units": 3, "batch_normalization": "before_activation", "dropout": 0.5}
    report = check(iris({"model": {"layers": [hidden] * 999 + [{"units": 3, "activation": "softmax"}]}}))
    # Dense, BatchNormalization, Activation, Dropout, and the last Dense.
    assert len(report.layers) == 4 * 999 + 1
    assert report.layers[-2].name == "dropout_999"


@pytest.mark.parametrize("number", ["a", None, True, nan, inf, 1e39, 10**400, [1], {}])
def test_at_most_twenty_mistakes_in_a_large_table_are_reported(check, number):
    found = rejection(check, table([[number]] * 20_000, [1.0] * 20_000))
    assert list(found)[:2] == ["/dataset/inputs/0/0", "/dataset/inputs/1/0"]
    assert len(found) == NUM_LISTED


@pytest.mark.parametrize("number", ["a", None, True, nan, {}])
def test_at_most_twenty_mistakes_in_large_targets_are_reported(check, number):
    assert len(rejection(check, table([[1.0]] * 20_000, [number] * 20_000))) == NUM_LISTED


@pytest.mark.parametrize("number", ["a", None, True, nan, -1, {}])
def test_at_most_twenty_mistakes_in_large_sample_weights_are_reported(check, number):
    found = rejection(check, table([[1.0]] * 20_000, [1.0] * 20_000, sample_weight=[number] * 20_000))
    assert len(found) == NUM_LISTED


def test_a_long_row_of_mistakes_is_reported_by_its_first(check):
    found = rejection(check, table([["a"] * 100_000], [1]))
    assert found["/dataset/inputs/0/0"].detail == "Expected a number like 1.0; got 'a'."


def test_a_few_mistakes_far_down_a_table_are_all_reported(check):
    rows = [[1.0, 2.0] for _ in range(1000)]
    rows[500][1] = "x"
    rows[999] = [nan, 1]
    assert list(rejection(check, table(rows, [1] * 1000))) == ["/dataset/inputs/500/1", "/dataset/inputs/999/0"]


def test_a_large_valid_table_is_accepted(check):
    assert check(table([[1.0, 2.0]] * 100_000, [1.0] * 100_000)).num_train == 100_000


def test_a_hundred_thousand_classes_are_checked(check):
    labels = [str(number) for number in range(100_000)]
    value = table([[1.0]] * 100_000, list(range(100_000)), class_labels=labels)
    value["training"] = {"loss": "sparse_categorical_crossentropy"}
    value["model"] = {"kind": "mlp", "layers": [{"units": 100_000, "activation": "softmax"}]}
    assert check(value).num_parameters == 200_000


@pytest.mark.parametrize("label", [2**63, None, "", HALF_A_PAIR], ids=["huge", "null", "empty", "surrogate"])
def test_many_invalid_labels_are_reported_by_the_first(check, label):
    found = rejection(check, table([[1.0]] * 2, [0, 1], class_labels=[label] * 100_000))
    assert list(found) == ["/dataset/class_labels/0"]


@pytest.mark.parametrize("field", ["boundaries", "values"])
def test_long_schedules_are_rejected_as_a_whole(iris, check, field):
    schedule = {"name": "piecewise_constant_decay", "boundaries": [1], "values": [1, 2]} | {field: ["x"] * 100_000}
    found = rejection(check, iris({"training": {"optimizer": {"name": "sgd", "learning_rate": schedule}}}))
    assert list(found) == [f"/training/optimizer/learning_rate/{field}"]


def test_the_same_metric_many_times_is_rejected(iris, check):
    assert "/training/metrics" in rejection(check, iris({"training": {"metrics": ["accuracy"] * 100_000}}))
    assert "/training" in rejection(check, iris({"training": {"metrics": ["accuracy", "acc"]}}))


@pytest.mark.parametrize(
    ("dataset", "model"),
    [
        ("iris", {"kind": "mlp", "layers": [{"units": 2**31 - 1}, {"units": 2**31 - 1}, {"units": 3}]}),
        (
            "mnist",
            {
                "kind": "cnn",
                "layers": [
                    {"type": "conv2d", "filters": 2**31 - 1, "kernel_size": 2**31 - 1, "padding": "same"},
                    {"type": "dense", "units": 10},
                ],
            },
        ),
        (
            "mnist",
            {
                "kind": "rnn",
                "layers": [
                    {"type": "recurrent", "cell": "lstm", "units": 2**31 - 1, "bidirectional": True},
                    {"type": "dense", "units": 10},
                ],
            },
        ),
    ],
)
def test_the_greatest_sizes_are_over_the_limit(check, dataset, model):
    value = {"name": "x", "dataset": {"name": dataset}, "model": model}
    found = rejection(check, value | {"training": {"loss": "sparse_categorical_crossentropy"}}, OverLimit)
    assert "TRAINYARD_MAX_PARAMETERS" in found["/model"].detail


def test_the_longest_training_is_over_the_limit(iris, check):
    found = rejection(check, iris({"training": {"epochs": 2**31 - 1, "steps_per_epoch": 2**31 - 1}}), OverLimit)
    assert list(found) == ["/training/epochs"]


def test_unrolling_a_million_steps_is_rejected(check):
    dataset = {"name": "time_series", "num_points": 1_000_010, "window": 1_000_000}
    recurrent = {"type": "recurrent", "cell": "gru", "units": 1, "unroll": True}
    model = {"kind": "rnn", "layers": [recurrent, {"type": "dense", "units": 1}]}
    found = rejection(check, {"name": "x", "dataset": dataset, "model": model, "training": {"loss": "mse"}})
    assert "at most 1,000 time steps; its input has 1,000,000" in found["/model/layers/0/unroll"].detail


def test_a_rejected_spec_is_not_changed(iris):
    value = iris({"model": {"layers": [{"units": "3", "unknown": 1}]}})
    before = copy.deepcopy(value)
    with pytest.raises(InvalidSpec):
        parse_spec(value)
    assert value == before
