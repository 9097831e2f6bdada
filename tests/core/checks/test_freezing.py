import pytest

from core.checks.cost import count_step_flops
from core.checks.freezing import freeze_layers
from core.checks.recording import count_curves
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.networks.network import tabulate_layers

RUN = "0192f4a0-7c1e-7d3b-9a55-0242ac120002"
LAYERS = [{"units": 3, "batch_normalization": "before_activation", "dropout": 0.5}, {"units": 4}, {"units": 1}]


@pytest.fixture
def frozen(line):
    """The rows of a network of one input and dense layers of 3 normalised units, of 4 and of 1."""

    def make(*names):
        rows = tabulate_layers(parse_spec(line({"model": {"layers": LAYERS}})).model, (1,))
        return freeze_layers(names, rows)

    return make


@pytest.fixture
def problems_of(check, line):
    def find(*names, **fields):
        with pytest.raises(InvalidSpec) as caught:
            check(line({"model": {"layers": LAYERS}, "training": {"frozen_layers": list(names)}, **fields}))
        return {problem.pointer: (problem.detail, problem.code) for problem in caught.value.problems}

    return find


def test_layers_are_frozen_alone_or_by_the_beginning_of_their_names(frozen):
    assert [row.name for row in frozen("dense_1", "batch*") if row.is_frozen] == ["dense_1", "batch_normalization_1"]


def test_unknown_names_are_reported_with_the_nearest(problems_of):
    found = problems_of("dense_1", "dens_2", "dropout_1")
    assert found["/training/frozen_layers/1"] == ("Unknown layer 'dens_2'. Did you mean 'dense_2'?", "unknown_layer")
    assert found["/training/frozen_layers/2"][0].startswith("The layer 'dropout_1' has no weights.")
    assert len(found) == 2


@pytest.mark.parametrize("names", [["*"], ["dense_1", "dense_2", "dense_3", "batch_normalization_1"]])
def test_freezing_every_layer_is_an_error(problems_of, names):
    assert problems_of(*names)["/training/frozen_layers"][1] == "nothing_to_train"


def test_a_normalisation_without_scale_and_offset_is_not_something_left_to_train(line, check):
    normalization = {"scale": False, "center": False}
    layers = [{"units": 2, "batch_normalization": normalization}, {"units": 1}]
    with pytest.raises(InvalidSpec, match="nothing to train"):
        check(line({"model": {"layers": layers}, "training": {"frozen_layers": ["dense_*"]}}))


def test_trained_weights_and_memory_are_counted_without_frozen_layers(check, line):
    plain = check(line({"model": {"layers": LAYERS}}))
    report = check(line({"model": {"layers": LAYERS}, "training": {"frozen_layers": ["dense_1", "batch*"]}}))
    # Kernels and biases: 3 + 3, 12 + 4 and 4 + 1; scales, offsets, moving means and variances: 4 of 3.
    assert (plain.num_parameters, plain.num_trainable_parameters) == (6 + 12 + 16 + 5, 6 + 6 + 16 + 5)
    assert (report.num_parameters, report.num_trainable_parameters) == (plain.num_parameters, 16 + 5)
    # Of 18 frozen weights neither a gradient nor two moments are kept, of 4 bytes each.
    assert plain.memory_bytes - report.memory_bytes == 18 * 3 * 4


def test_gradients_go_back_to_the_first_trained_layer(frozen):
    rows = frozen("dense_2")
    flops = {row.name: row.flops for row in rows}
    total = sum(flops.values())
    assert count_step_flops(frozen(), 8) == 8 * 3 * total
    assert count_step_flops(rows, 8) == 8 * (3 * total - flops["dense_2"])
    behind = flops["dense_2"] + flops["dense_3"]
    assert count_step_flops(frozen("dense_1", "batch*"), 8) == 8 * (total + 2 * behind)


def test_no_gradient_of_a_frozen_layer_is_recorded(frozen):
    assert count_curves("gradient_norms", frozen()) == 4
    assert count_curves("gradient_norms", frozen("dense_1", "dense_3")) == 2


def test_a_frozen_layer_that_starts_from_its_initializers_is_a_warning(check, line):
    def warnings(**weights):
        training = {"frozen_layers": ["dense_1", "dense_2"]}
        report = check(line({"model": {"layers": LAYERS}, "training": training, "initial_weights": weights}))
        return {notice.code: notice.detail for notice in report.warnings}

    assert "draw: dense_1, dense_2." in warnings()["frozen_at_random"]
    assert "draw: dense_2." in warnings(dense_1={"bias": [0, 0, 1]})["frozen_at_random"]
    assert "draw: dense_1." in warnings(run=RUN, new_layers=["dense_1"])["frozen_at_random"]
    assert warnings(run=RUN) == {}
