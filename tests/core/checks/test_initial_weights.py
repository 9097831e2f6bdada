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
def refusals(check, line):
    """What is wrong with first weights of a network of one number, two normalised units and one, by place."""

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


def test_without_any_the_initializers_decide(line):
    assert parse_spec(line({})).initial_weights == {}


def test_an_array_of_another_shape_is_told_with_the_one_expected(refusals):
    assert refusals({"dense_2": {"kernel": [[1, 2]], "bias": [1]}, "dense_1": {"bias": [[1, 2]]}}) == {
        "/dense_2/kernel": ("dense_2/kernel has shape (1, 2); this network needs (2, 1).", "shape_mismatch"),
        "/dense_1/bias": ("dense_1/bias has shape (1, 2); this network needs (2,).", "shape_mismatch"),
    }


def test_unknown_layers_and_weights_are_told_with_the_nearest(refusals):
    bias = {"bias": [1]}

    assert refusals({"dense1": bias, "dense_2": {"biases": [1]}, "dropout_1": bias, "a/b": bias}) == {
        "/dense1": ("There is no layer 'dense1' here. Did you mean 'dense_1'?", "unknown_layer"),
        "/dense_2/biases": ("dense_2 has no weight 'biases'. Did you mean 'bias'?", "unknown_weight"),
        "/dropout_1": (
            "'dropout_1' has no weights. Known here: batch_normalization_1, dense_1, dense_2.",
            "unknown_layer",
        ),
        "/a~1b": (
            "There is no layer 'a/b' here. Known here: batch_normalization_1, dense_1, dense_2.",
            "unknown_layer",
        ),
    }


def test_a_variance_is_not_below_0(refusals):
    assert refusals({"batch_normalization_1": {"moving_variance": [1, -0.5]}}) == {
        "/batch_normalization_1/moving_variance": (
            "batch_normalization_1/moving_variance has a number below 0; no variance is.",
            "negative_variance",
        )
    }


@pytest.mark.parametrize(
    ("weights", "place", "detail"),
    [
        ([], "", "a list of 0 came; expected an object."),
        ({"dense_1": [1]}, "/dense_1", "a list of 1 came; expected an object."),
        ({"dense_1": {}}, "/dense_1", "an object came; expected at least 1 item."),
        ({"dense_1": {"bias": 1}}, "/dense_1/bias", "1 came; expected a list."),
        ({"dense_1": {"bias": [True]}}, "/dense_1/bias/0", "true came; expected a number."),
        ({"dense_1": {"kernel": [[1], ["2"]]}}, "/dense_1/kernel/1/0", "'2' came; expected a number."),
        ({"dense_1": {"bias": [float("nan")]}}, "/dense_1/bias/0", "nan came; expected a finite number."),
        ({"dense_1": {"bias": [-1e39]}}, "/dense_1/bias/0", "-1e+39 came; expected at least -3.40282e+38."),
        ({"dense_1": {"bias": [10**400]}}, "/dense_1/bias/0", None),
        (
            {"dense_1": {"kernel": [[1, 2], [3]]}},
            "/dense_1/kernel/1",
            "a list of 1 came; expected a list of 2, as beside it.",
        ),
        ({"dense_1": {"kernel": [1, [2]]}}, "/dense_1/kernel/1", "a list of 1 came; expected a number, as beside it."),
        ({"dense_1": {"kernel": [[1], 2]}}, "/dense_1/kernel/1", "2 came; expected a list of 1, as beside it."),
        ({"\ud800": {"bias": [1]}}, "", "an object came; expected weights by the name of a layer, then by their own."),
        (
            {"dense_1": {"bias": [0] * MAX_NUMBERS}, "dense_2": {"bias": [0]}},
            "",
            "an object came; expected at most 10,000 numbers in all.",
        ),
        ({"dense_1": {"bias": [[]] * 100_000}}, "", "an object came; expected at most 10,000 numbers in all."),
    ],
)
def test_weights_are_finite_numbers_in_lists_of_one_length(problems, line, weights, place, detail):
    found = problems(line({}) | {"initial_weights": weights})

    assert list(found) == [f"/initial_weights{place}"]
    assert detail is None or found[f"/initial_weights{place}"].detail == detail


def test_weights_full_of_mistakes_are_told_up_to_twenty(problems, line):
    assert len(problems(line({}) | {"initial_weights": {"dense_1": {"bias": ["x"] * 5_000}}})) == 20
