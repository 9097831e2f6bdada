import pytest

from core.checks.transfer import check_transfer, find_transferred
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.networks.network import tabulate_layers

RUN = "0192f4a0-7c1e-7d3b-9a55-0242ac120002"
LAYERS = [{"units": 3, "batch_normalization": "before_activation", "dropout": 0.5}, {"units": 1}]


@pytest.fixture
def network(line):
    """Choice of layers, and the rows of a network of one input, three normalised units and one."""

    def make(own=LAYERS, **choice):
        spec = parse_spec(line({"model": {"layers": own}, "initial_weights": {"run": RUN} | choice}))
        return spec.source_weights, tabulate_layers(spec.model, (1,))

    return make


@pytest.fixture
def saved(network):
    """Shapes of the weights of another network."""

    def make(*layers):
        return {row.name: row.weights for row in network(list(layers))[1] if row.weights}

    return make


def problems_of(call, *arguments):
    with pytest.raises(InvalidSpec) as caught:
        call(*arguments)
    return {
        problem.pointer.removeprefix("/initial_weights"): (problem.detail, problem.code)
        for problem in caught.value.problems
    }


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({}, ["dense_1", "batch_normalization_1", "dense_2"]),
        ({"new_layers": ["dense_2"]}, ["dense_1", "batch_normalization_1"]),
        ({"new_layers": ["dense_*"]}, ["batch_normalization_1"]),
        ({"layers": ["dense_2", "batch*"]}, ["batch_normalization_1", "dense_2"]),
        ({"layers": ["*"]}, ["dense_1", "batch_normalization_1", "dense_2"]),
    ],
)
def test_layers_with_weights_are_chosen_by_name_in_the_order_of_the_network(network, choice, names):
    assert list(find_transferred(*network(**choice))) == names


def test_names_of_no_layer_are_reported_where_they_are(network):
    known = "Known here: batch_normalization_1, dense_1, dense_2."
    assert problems_of(find_transferred, *network(new_layers=["dense2", "dropout_1", "conv2d_*"])) == {
        "/new_layers/0": ("Unknown layer 'dense2'. Did you mean 'dense_2'?", "unknown_layer"),
        "/new_layers/1": (f"The layer 'dropout_1' has no weights. {known}", "unknown_layer"),
        "/new_layers/2": (f"No layer with weights has a name that begins with 'conv2d_'. {known}", "unknown_layer"),
    }


def test_a_network_without_any_layer_of_the_run_is_an_error(network):
    found = problems_of(find_transferred, *network(new_layers=["dense_*", "batch_normalization_1"]))
    assert found["/new_layers"][1] == "nothing_to_transfer"


def test_a_weight_does_not_come_from_the_run_and_from_numbers(network, check, line):
    numbers = {"dense_2": {"bias": [1]}}
    found = problems_of(find_transferred, *network(numbers=numbers))
    assert found == {
        "/numbers/dense_2": (
            (
                "dense_2 starts from the weights of the run, and has numbers too. Remove its numbers, or add it to "
                "new_layers."
            ),
            "weights_given_twice",
        )
    }
    assert list(find_transferred(*network(new_layers=["dense_2"], numbers=numbers)))[-1] == "batch_normalization_1"
    spec = line({"initial_weights": {"run": RUN, "new_layers": ["dense_2"], "numbers": {"dense_2": {"bias": [1, 2]}}}})
    spec["model"] = {"kind": "mlp", "layers": LAYERS}
    assert problems_of(check, spec)["/numbers/dense_2/bias"][1] == "shape_mismatch"


def test_a_network_of_the_same_names_and_shapes_fits_whatever_else_it_has(network, saved):
    check_transfer(*network(), saved(*LAYERS, {"units": 7}))
    check_transfer(*network(), saved(*[layer | {"activation": "tanh"} for layer in LAYERS]))


def test_a_layer_that_the_run_lacks_or_has_in_another_shape_is_named_with_the_remedy(network, saved):
    found = problems_of(check_transfer, *network(), saved(LAYERS[0], {"units": 5}))
    assert found == {
        "/run": (
            (
                "Expected dense_2 to have kernel (3, 1), bias (1,); in the run it has kernel (3, 5), bias (5,). "
                'To start without those of the run, set new_layers: ["dense_2"].'
            ),
            "layer_does_not_fit",
        )
    }
    check_transfer(*network(new_layers=["dense_2"]), saved(LAYERS[0], {"units": 5}))


def test_named_layers_that_do_not_fit_are_reported_where_they_are_named(network, saved):
    choice = {"layers": ["dense_1", "batch_*", "dense_2"]}
    found = problems_of(check_transfer, *network(**choice), saved({"units": 3}, {"units": 1}))
    assert found == {
        "/layers/1": (
            (
                "The network of the run has no layer 'batch_normalization_1' with weights. "
                "It has dense_1, dense_2. Leave batch_normalization_1 out of layers."
            ),
            "layer_does_not_fit",
        )
    }


def test_every_layer_that_does_not_fit_is_reported_and_a_network_of_which_none_fits_is_not_patched_up(network, saved):
    source, layers = network()
    with pytest.raises(InvalidSpec, match="No layer fits: the run has another network") as caught:
        check_transfer(source, layers, saved({"units": 4}, {"units": 2}))
    assert len(caught.value.problems) == 3


def test_new_layers_that_are_proposed_include_those_that_were_named(network, saved):
    source, layers = network([*LAYERS, {"units": 2}], new_layers=["dense_3"])
    with pytest.raises(InvalidSpec, match=r'set new_layers: \["dense_3", "dense_2"\]\.'):
        check_transfer(source, layers, saved(LAYERS[0], {"units": 5}))


def test_weights_without_a_bias_are_not_those_with_one(network, saved):
    found = problems_of(check_transfer, *network(), saved(LAYERS[0], {"units": 1, "use_bias": False}))
    assert "in the run it has kernel (3, 1)." in found["/run"][0]
