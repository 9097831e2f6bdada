import pytest

from core.checks.recording import count_curves
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.networks.network import tabulate_layers
from core.notices import Notice


def test_curves_are_counted_by_layers_and_weights(line):
    layers = [{"units": 2, "batch_normalization": "before_activation", "dropout": 0.5}, {"units": 1}]
    rows = tabulate_layers(parse_spec(line({"model": {"layers": layers}})).model, (1,))

    # Two dense layers and a normalisation have weights, the activation behind it has none.
    assert count_curves("gradient_norms", rows) == 3
    assert count_curves("activations", rows) == 3 * 4
    assert count_curves("weights", rows) == 4 + 8 + 3


def test_single_weights_are_recorded_of_small_networks_only(check, line):
    def spec(units):
        layers = [{"units": units, "use_bias": False}, {"units": 1, "use_bias": False}]
        return line({"model": {"layers": layers}, "training": {"record": ["activations", "weights"]}})

    assert check(spec(50)).num_parameters == 100
    with pytest.raises(InvalidSpec, match=r"at most 100 weights, .*; got 102") as caught:
        check(spec(51))
    assert [problem.pointer for problem in caught.value.problems] == ["/training/record/1"]


def test_a_network_of_very_many_layers_is_not_recorded_layer_by_layer(check, line):
    def spec(num_layers):
        layers = [{"units": 1}] * num_layers
        return line({"model": {"layers": layers}, "training": {"record": ["activations", "gradient_norms"]}})

    assert check(spec(100)).warnings == ()
    with pytest.raises(InvalidSpec, match="at most 400 recorded curves; got 404 for activations and gradient_norms"):
        check(spec(101))


def test_recording_a_run_without_steps_is_a_warning(check, line):
    report = check(line({"training": {"record": ["weights"], "epochs": 0}}))

    detail = "training.record records training steps, but this run has none."
    assert report.warnings == (Notice("nothing_to_record", "/training/record", detail),)


@pytest.mark.parametrize(
    ("training", "pointer", "detail"),
    [
        ({"record": ["weigths"]}, "/0", "Unknown value 'weigths'. Did you mean 'weights'?"),
        ({"record": ["weights", "weights"]}, None, "A name is listed twice in record. List it once."),
        (
            {"record": ["weights"], "devices": 2},
            None,
            "Recording works on one device only. Set devices to 1, or leave record out.",
        ),
    ],
)
def test_invalid_recordings_are_rejected(problems, line, training, pointer, detail):
    found = problems(line({"training": training}))

    place = "/training" if pointer is None else f"/training/record{pointer}"
    assert {where: problem.detail for where, problem in found.items()} == {place: detail}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, 0),
        # Loss, accuracy and two gradient norms at 40 steps; loss and accuracy of training and validation at 4 epochs.
        ("all", 4 * 40 + 4 * 4),
        (10, 4 * 10 + 4 * 4),
        (3, 4 * 3 + 4 * 3),
        (1_000_000, 4 * 40 + 4 * 4),
    ],
)
def test_points_of_curves_are_counted_if_the_spec_asks_for_them(check, line, asked, expected):
    training = {"metrics": ["mae"], "record": ["gradient_norms"], "curve_points": asked, "epochs": 4}
    training |= {"steps_per_epoch": 10}
    report = check(line({"model": {"layers": [{"units": 2}, {"units": 1}]}, "training": training}))
    assert report.num_curve_points == expected


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "some", "ALL", [], 2**31])
def test_numbers_of_points_that_cannot_be_are_rejected(problems, line, value):
    assert list(problems(line({"training": {"curve_points": value}}))) == ["/training/curve_points"]
