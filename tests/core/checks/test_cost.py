import pytest

from core.checks import fit as fit_check
from core.checks.cost import FRAMEWORK_BYTES, check_spec
from core.errors import InvalidSpec, OverLimit
from core.experiment import parse_spec
from core.networks.network import tabulate_layers
from core.notices import Notice
from core.settings import Settings

MEBIBYTE = 1024 * 1024


@pytest.fixture
def over(tmp_path):
    """The limits that a spec exceeds, by pointer."""

    def find(value, **limits):
        with pytest.raises(OverLimit) as caught:
            check_spec(parse_spec(value), Settings(data_dir=tmp_path, **limits))
        assert all(problem.code == "over_limit" for problem in caught.value.problems)
        return [(problem.pointer, problem.detail) for problem in caught.value.problems]

    return find


@pytest.mark.parametrize(
    ("training", "steps_per_epoch", "num_epochs", "num_steps"),
    [
        # 150 samples: four batches of 32 and one of 22.
        ({}, 5, 1, 5),
        ({"epochs": 20}, 5, 20, 100),
        ({"batch_size": 5, "epochs": 20}, 30, 20, 600),
        ({"batch_size": "full", "epochs": 300}, 1, 300, 300),
        ({"batch_size": 150}, 1, 1, 1),
        ({"batch_size": 149}, 2, 1, 2),
        ({"steps": 100}, 5, 20, 100),
        # Twenty whole epochs and one step of another.
        ({"steps": 101}, 5, 21, 101),
        ({"steps": 3}, 5, 1, 3),
        ({"epochs": 30, "steps_per_epoch": 30}, 30, 30, 900),
        ({"steps": 30, "steps_per_epoch": 7}, 7, 5, 30),
    ],
)
def test_the_length_of_a_training_is_computed(check, iris, training, steps_per_epoch, num_epochs, num_steps):
    report = check(iris({"training": training}))
    assert (report.steps_per_epoch, report.num_epochs, report.num_steps) == (steps_per_epoch, num_epochs, num_steps)


def test_held_out_samples_are_not_trained_on(check, iris):
    report = check(iris({"dataset": {"split": {"validation": 0.2, "test": 50}}}))
    # 100 are left for training, of which 20 validate: three batches.
    assert (report.num_train, report.num_validation, report.num_test) == (80, 20, 50)
    assert report.steps_per_epoch == 3


def test_the_cost_of_a_step_is_computed(check, iris):
    report = check(iris({"training": {"batch_size": 10}}))
    assert report.num_parameters == 4 * 3 + 3
    # Three passes over ten samples of 4·3 multiply-adds.
    assert report.flops_per_step == 3 * 10 * 24
    # Weights four times; 150 samples of 4 numbers, as they come and as they reach the network, with a class number
    # each; ten samples' activations and gradients of 3 numbers.
    assert report.memory_bytes == FRAMEWORK_BYTES + 4 * (4 * 15 + 150 * (4 + 4 + 1) + 2 * 10 * 3)


def test_the_network_of_keras_first_mnist_example(check, iris):
    layers = [{"units": 512, "dropout": 0.2}, {"units": 512, "dropout": 0.2}, {"units": 10, "activation": "softmax"}]
    report = check(iris({"dataset": {"name": "mnist"}, "model": {"layers": layers}}))
    # 784·512 + 512, 512·512 + 512 and 512·10 + 10: the 669,706 that `summary()` prints.
    assert report.num_parameters == 669_706


def test_a_batch_holds_no_more_than_all_samples(check, iris):
    report = check(iris({"training": {"batch_size": 1000}}))
    assert (report.batch_size, report.steps_per_epoch) == (150, 1)
    detail = "batch_size 1000 exceeds the 150 training samples: each step takes all of them."
    assert report.warnings == (Notice("batch_exceeds_samples", "/training/batch_size", detail),)


def test_a_full_batch_is_every_training_sample(check, iris):
    report = check(iris({"dataset": {"split": {"test": 50}}, "training": {"batch_size": "full"}}))
    assert (report.batch_size, report.warnings) == (100, ())


def test_only_classes_can_be_stratified(check, iris, line):
    split = {"dataset": {"split": {"validation": 0.2, "stratify": True}}}
    assert check(iris(split)).num_validation == 30
    with pytest.raises(InvalidSpec, match="stratify needs classes") as caught:
        check(line(split))
    assert caught.value.problems[0].pointer == "/dataset/split/stratify"


@pytest.mark.parametrize(
    ("patch", "limits", "pointer", "detail"),
    [
        (
            {},
            {"max_parameters": 14},
            "/model",
            (
                "The spec asks for 15 parameters; this service allows 14 (TRAINYARD_MAX_PARAMETERS). "
                "Use fewer layers, units or filters."
            ),
        ),
        (
            {"training": {"epochs": 2000}},
            {"max_epochs": 1999},
            "/training/epochs",
            (
                "The spec asks for 2,000 epochs; this service allows 1,999 (TRAINYARD_MAX_EPOCHS). "
                "Lower epochs, or raise batch_size for fewer steps."
            ),
        ),
        (
            {"training": {"steps": 51}},
            {"max_epochs": 10},
            "/training/steps",
            "The spec asks for 11 epochs; this service allows 10 (TRAINYARD_MAX_EPOCHS). Lower steps.",
        ),
        (
            {"training": {"epochs": 20}},
            {"max_steps": 99},
            "/training/epochs",
            (
                "The spec asks for 100 training steps; this service allows 99 (TRAINYARD_MAX_STEPS). "
                "Lower epochs, or raise batch_size for fewer steps."
            ),
        ),
        (
            {"training": {"steps": 100}},
            {"max_steps": 99},
            "/training/steps",
            "The spec asks for 100 training steps; this service allows 99 (TRAINYARD_MAX_STEPS). Lower steps.",
        ),
        (
            {"training": {"steps_per_epoch": 100}},
            {"max_steps": 99},
            "/training/steps_per_epoch",
            (
                "The spec asks for 100 training steps; this service allows 99 (TRAINYARD_MAX_STEPS). "
                "Lower epochs or steps_per_epoch."
            ),
        ),
        (
            {},
            {"max_memory_bytes": 600 * MEBIBYTE},
            "",
            (
                "The spec asks for 629,152,008 bytes of memory; this service allows 629,145,600 "
                "(TRAINYARD_MAX_MEMORY_BYTES). Use a smaller batch_size, fewer samples or a smaller network."
            ),
        ),
    ],
)
def test_a_limit_names_its_setting_and_how_to_stay_below_it(over, iris, patch, limits, pointer, detail):
    assert over(iris(patch), **limits) == [(pointer, detail)]


@pytest.mark.parametrize(
    ("dataset", "fields"),
    [
        ({"name": "function", "function": {"type": "sine"}, "num_samples": 1001}, ["num_samples"]),
        ({"name": "time_series", "num_points": 1001}, ["num_points"]),
        ({"name": "binary_addition", "num_train": 1001, "num_test": 1001}, ["num_train", "num_test"]),
    ],
)
def test_a_generated_dataset_has_a_limit_on_its_samples(over, line, dataset, fields):
    model = (
        {"kind": "binary_adder"} if dataset["name"] == "binary_addition" else {"kind": "mlp", "layers": [{"units": 1}]}
    )
    value = line({}) | {"dataset": dataset, "model": model}
    assert over(value, max_samples=1000) == [
        (
            f"/dataset/{field}",
            f"The spec asks for 1,001 samples; this service allows 1,000 (TRAINYARD_MAX_SAMPLES). Lower {field}.",
        )
        for field in fields
    ]


def test_a_truth_table_that_repeats_too_often_is_reported_with_its_samples(over, iris):
    value = iris({"training": {"loss": "binary_crossentropy"}}) | {
        "dataset": {"name": "truth_table", "operation": "or", "repeats": 251},
        "model": {"kind": "mlp", "layers": [{"units": 1, "activation": "sigmoid"}]},
    }
    # 4 · 251 = 1,004, and four rows a repeat.
    assert over(value, max_samples=1003) == [
        (
            "/dataset/repeats",
            "The spec asks for 1,004 samples; this service allows 1,003 (TRAINYARD_MAX_SAMPLES). Lower repeats.",
        )
    ]


def test_a_spec_at_its_limits_is_accepted(iris, tmp_path):
    limits = Settings(data_dir=tmp_path, max_parameters=15, max_epochs=20, max_steps=100)
    assert check_spec(parse_spec(iris({"training": {"epochs": 20}})), limits).num_steps == 100


def test_every_limit_that_is_exceeded_is_reported(over, iris):
    reported = over(iris({"training": {"epochs": 20}}), max_parameters=1, max_epochs=1, max_steps=1, max_memory_bytes=1)
    assert [pointer for pointer, _ in reported] == ["/model", "/training/epochs", "/training/epochs", ""]


def test_a_limit_is_a_kind_of_invalid_spec_with_a_code_of_its_own():
    assert issubclass(OverLimit, InvalidSpec)
    assert OverLimit.code == "over_limit"


def test_the_layer_table_is_computed_once(check, iris, monkeypatch):
    asked = []
    monkeypatch.setattr(fit_check, "tabulate_layers", lambda *given: asked.append(given) or tabulate_layers(*given))

    report = check(iris({}))

    assert len(asked) == 1
    assert [row.name for row in report.layers] == ["dense_1"]


def test_more_points_of_curves_than_allowed_are_rejected_before_the_run_is_queued(over, iris):
    # The loss at each of 100 steps, and of training and validation after each of 20 epochs.
    reported = over(iris({"training": {"epochs": 20, "metrics": [], "curve_points": "all"}}), max_curve_points=139)
    detail = (
        "The spec asks for 140 points of curves; this service allows 139 (TRAINYARD_MAX_CURVE_POINTS). "
        "Lower curve_points, or record fewer statistics."
    )
    assert reported == [("/training/curve_points", detail)]
