import pytest

from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.specs.weights import MAX_NUMBERS

NORMALIZED = {
    "model": {
        "layers": [{"units": 2, "batch_normalization": "before_activation", "dropout": 0.5}, {"units": 1}],
    }
}


@pytest.fixture
def rejections(check, line):
    """Return the problems of initial weights, by place, in a network of one input, two normalized units and one."""

    def find(weights):
        with pytest.raises(InvalidSpec) as caught:
            check(line({**NORMALIZED, "initial_weights": weights}))
        return {
            problem.pointer.removeprefix("/initial_weights"): (problem.detail, problem.code)
            for problem in caught.value.problems
        }

    return find


def test_some_weights_of_some_layers_may_be_given(check, line):
    given = {"dense_1": {"bias": [0, 1.5]}, "batch_normalization_1": {"gamma": [1, 2], "moving_variance": [0, 3]}}

    spec = line({**NORMALIZED, "initial_weights": given})

    assert check(spec).num_parameters == 2 * 2 + 4 * 2 + 3
    read = parse_spec(spec)
    assert read.initial_weights["dense_1"] == {"bias": (0.0, 1.5)}
    assert parse_spec(read.model_dump(mode="json", exclude_unset=True)) == read


def test_weights_that_are_not_given_come_from_initializers(line):
    assert parse_spec(line({})).initial_weights == {}


def test_an_array_of_another_shape_is_reported_with_the_expected_one(rejections):
    assert rejections({"dense_2": {"kernel": [[1, 2]], "bias": [1]}, "dense_1": {"bias": [[1, 2]]}}) == {
        "/dense_2/kernel": ("Expected numbers of shape (2, 1) for dense_2/kernel; got (1, 2).", "shape_mismatch"),
        "/dense_1/bias": ("Expected numbers of shape (2,) for dense_1/bias; got (1, 2).", "shape_mismatch"),
    }


def test_unknown_layers_and_weights_are_reported_with_the_nearest_name(rejections):
    bias = {"bias": [1]}

    assert rejections({"dense1": bias, "dense_2": {"biases": [1]}, "dropout_1": bias, "a/b": bias}) == {
        "/dense1": ("Unknown layer 'dense1'. Did you mean 'dense_1'?", "unknown_layer"),
        "/dense_2/biases": ("Unknown weight 'biases' of dense_2. Did you mean 'bias'?", "unknown_weight"),
        "/dropout_1": (
            "The layer 'dropout_1' has no weights. Known here: batch_normalization_1, dense_1, dense_2.",
            "unknown_layer",
        ),
        "/a~1b": (
            "Unknown layer 'a/b'. Known here: batch_normalization_1, dense_1, dense_2.",
            "unknown_layer",
        ),
    }


def test_a_variance_is_not_below_0(rejections):
    assert rejections({"batch_normalization_1": {"moving_variance": [1, -0.5]}}) == {
        "/batch_normalization_1/moving_variance": (
            "Expected numbers of at least 0 for batch_normalization_1/moving_variance, a variance; got -0.5.",
            "negative_variance",
        )
    }


@pytest.mark.parametrize(
    ("weights", "place", "detail"),
    [
        ([], "", 'Expected an object like {"dense": {"bias": [0, 0, 1]}}; got a list of 0.'),
        ({"dense_1": [1]}, "/dense_1", 'Expected an object like {"bias": [0, 0, 1]}; got a list of 1.'),
        ({"dense_1": {}}, "/dense_1", "Expected at least 1 item; got 0."),
        ({"dense_1": {"bias": 1}}, "/dense_1/bias", "Expected a list like [1.0]; got 1."),
        ({"dense_1": {"bias": [True]}}, "/dense_1/bias/0", "Expected a number like 1.0; got true."),
        ({"dense_1": {"kernel": [[1], ["2"]]}}, "/dense_1/kernel/1/0", "Expected a number; got '2'."),
        ({"dense_1": {"bias": [float("nan")]}}, "/dense_1/bias/0", "Expected a finite number; got nan."),
        ({"dense_1": {"bias": [-1e39]}}, "/dense_1/bias/0", "Expected a number of at least -3.40282e+38; got -1e+39."),
        ({"dense_1": {"bias": [10**400]}}, "/dense_1/bias/0", None),
        (
            {"dense_1": {"kernel": [[1, 2], [3]]}},
            "/dense_1/kernel/1",
            "Expected a list of 2, like the others at this depth; got a list of 1.",
        ),
        (
            {"dense_1": {"kernel": [1, [2]]}},
            "/dense_1/kernel/1",
            "Expected a number, like the others at this depth; got a list of 1.",
        ),
        (
            {"dense_1": {"kernel": [[1], 2]}},
            "/dense_1/kernel/1",
            "Expected a list of 1, like the others at this depth; got 2.",
        ),
        (
            {"\ud800": {"bias": [1]}},
            "",
            "Expected names of layers and, in each, of its weights; got a name that cannot be one.",
        ),
        (
            {"dense_1": {"bias": [0] * MAX_NUMBERS}, "dense_2": {"bias": [0]}},
            "",
            "Expected at most 10,000 numbers in all; got more.",
        ),
        ({"dense_1": {"bias": [[]] * 100_000}}, "", "Expected at most 10,000 numbers in all; got more."),
    ],
)
def test_weights_are_finite_numbers_in_lists_of_one_length(problems, line, weights, place, detail):
    found = problems(line({}) | {"initial_weights": weights})

    assert list(found) == [f"/initial_weights{place}"]
    assert detail is None or found[f"/initial_weights{place}"].detail == detail


def test_at_most_twenty_mistakes_in_weights_are_reported(problems, line):
    assert len(problems(line({}) | {"initial_weights": {"dense_1": {"bias": ["x"] * 5_000}}})) == 20
