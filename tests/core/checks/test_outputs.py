from typing import get_args

import pytest

from core.errors import InvalidSpec
from core.specs.losses import LossName

REAL_LOSSES = {
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "poisson",
}
HINGES = {"hinge", "squared_hinge"}
ALL = set(get_args(LossName))
CLASSES_ONLY = {"sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_hinge"}

TRUTH = {"name": "truth_table", "operation": "xor"}
TWO_TARGETS = {"name": "inline", "inputs": [[1], [2]], "targets": [[1, 2], [3, 4]]}
SERIES = {"name": "time_series"}
EVERY_STEP = {"name": "time_series", "targets": "every_step"}
ADDITION = {"name": "binary_addition"}


def mlp(units, activation="linear"):
    return {"kind": "mlp", "layers": [{"units": 4, "activation": "relu"}, {"units": units, "activation": activation}]}


def rnn(units, *, return_sequences):
    recurrent = {"type": "recurrent", "cell": "gru", "units": 4, "return_sequences": return_sequences}
    return {"kind": "rnn", "layers": [recurrent, {"type": "dense", "units": units}]}


@pytest.fixture
def spec(iris):
    return lambda dataset, model, loss, **training: (
        iris({"training": {"loss": loss, **training}})
        | {
            "dataset": dataset,
            "model": model,
        }
    )


@pytest.fixture
def fits(check, spec):
    return lambda dataset, model, loss, **training: check(spec(dataset, model, loss, **training))


@pytest.fixture
def misfit(check, spec):
    """Return the place and the reason where the output of a network does not fit."""

    def find(dataset, model, loss, **training):
        with pytest.raises(InvalidSpec) as caught:
            check(spec(dataset, model, loss, **training))
        (problem,) = caught.value.problems
        return problem.pointer, problem.detail

    return find


@pytest.mark.parametrize("loss", sorted(ALL))
def test_three_classes_fit_three_outputs_under_every_loss(fits, loss):
    assert fits({"name": "iris"}, mlp(3, "softmax"), loss)


@pytest.mark.parametrize("units", [1, 2, 4])
@pytest.mark.parametrize("loss", sorted(ALL))
def test_three_classes_need_three_outputs(misfit, loss, units):
    pointer, detail = misfit({"name": "iris"}, mlp(units), loss)
    assert pointer == "/model/layers/1"
    assert f"Expected an output of shape (3,), for 3 classes with {loss}; got ({units},)." in detail


@pytest.mark.parametrize("loss", sorted(ALL - CLASSES_ONLY - {"kl_divergence"}))
def test_two_classes_fit_one_output(fits, loss):
    assert fits(TRUTH, mlp(1, "sigmoid"), loss)


@pytest.mark.parametrize("loss", sorted(CLASSES_ONLY | {"kl_divergence"}))
def test_losses_that_compare_classes_need_an_output_for_each_of_two(fits, misfit, loss):
    assert fits(TRUTH, mlp(2, "softmax"), loss)
    pointer, detail = misfit(TRUTH, mlp(1, "sigmoid"), loss)
    assert pointer == "/model/layers/1"
    assert "2 classes with" in detail
    assert "Expected an output of shape (2,), for 2 classes" in detail


def test_binary_crossentropy_takes_one_output_for_two_classes(misfit):
    _, detail = misfit(TRUTH, mlp(2, "sigmoid"), "binary_crossentropy")
    assert "Expected an output of shape (1,), the probability of the second class, for 2 classes" in detail


@pytest.mark.parametrize("loss", sorted(ALL - CLASSES_ONLY - {"binary_crossentropy", "kl_divergence"}))
def test_other_losses_take_one_or_two_outputs_for_two_classes(fits, loss):
    assert fits(TRUTH, mlp(1), loss)
    assert fits(TRUTH, mlp(2), loss)


def test_a_class_is_not_a_sequence(misfit):
    model = rnn(10, return_sequences=True)
    pointer, detail = misfit({"name": "mnist"}, model, "sparse_categorical_crossentropy")
    assert pointer == "/model/layers/1"
    assert "got (28, 10)." in detail
    assert "Set return_sequences to false on the last recurrent layer." in detail


def test_a_class_is_not_an_image(misfit):
    model = {"kind": "cnn", "layers": [{"type": "conv2d", "filters": 10, "kernel_size": 3}]}
    pointer, detail = misfit({"name": "mnist"}, model, "sparse_categorical_crossentropy")
    assert pointer == "/model/layers/0"
    assert "got (26, 26, 10)." in detail
    assert detail.endswith("Put a dense layer last.")


@pytest.mark.parametrize("loss", sorted(REAL_LOSSES | HINGES | {"binary_crossentropy", "kl_divergence"}))
@pytest.mark.parametrize(
    ("dataset", "model"),
    [
        ({"name": "function", "function": {"type": "sine"}}, mlp(1)),
        (TWO_TARGETS, mlp(2)),
        (SERIES, rnn(1, return_sequences=False)),
        (EVERY_STEP, rnn(1, return_sequences=True)),
        (ADDITION, {"kind": "binary_adder"}),
        (ADDITION, rnn(1, return_sequences=True)),
    ],
)
def test_numbers_fit_as_many_outputs(fits, dataset, model, loss):
    assert fits(dataset, model, loss)


@pytest.mark.parametrize("loss", sorted(CLASSES_ONLY))
@pytest.mark.parametrize(
    ("dataset", "model"),
    [
        ({"name": "function", "function": {"type": "sine"}}, mlp(1)),
        (SERIES, rnn(1, return_sequences=False)),
        (ADDITION, {"kind": "binary_adder"}),
    ],
)
def test_a_loss_for_classes_does_not_fit_numbers(misfit, dataset, model, loss):
    pointer, detail = misfit(dataset, model, loss)
    assert pointer == "/training/loss"
    assert detail.startswith(f"The loss {loss} needs classes, but the targets of this dataset are numbers")


def test_the_expected_number_of_outputs_is_reported(misfit):
    pointer, detail = misfit(TWO_TARGETS, mlp(3), "mse")
    assert pointer == "/model/layers/1"
    assert detail == "Expected an output of shape (2,), like the targets; got (3,). Give the last layer 2 units."


def test_targets_at_every_step_need_outputs_at_every_step(misfit):
    _, detail = misfit(EVERY_STEP, rnn(1, return_sequences=False), "mse")
    assert detail.endswith("Set return_sequences to true on the last recurrent layer: each step has a target.")


def test_one_target_needs_one_output(misfit):
    _, detail = misfit(SERIES, rnn(1, return_sequences=True), "mse")
    assert "Set return_sequences to false on the last recurrent layer" in detail


def test_a_network_without_an_output_per_step_is_reported_with_one_that_has(misfit):
    pointer, detail = misfit(ADDITION, mlp(1), "mse")
    assert pointer == "/model/layers/1"
    assert detail.endswith("Use the kind 'rnn', which has an output for each step.")


def test_a_named_family_is_reported_with_its_number_of_classes(misfit):
    pointer, detail = misfit(
        {"name": "digits"}, {"kind": "cnn_family", "family": "vgg", "num_classes": 5}, "sparse_categorical_crossentropy"
    )
    assert pointer == "/model/num_classes"
    assert "Expected an output of shape (10,), for 10 classes" in detail


def test_the_binary_adder_only_adds(misfit):
    pointer, detail = misfit(SERIES, {"kind": "binary_adder"}, "mse")
    assert pointer == "/model/kind"
    assert "needs the dataset 'binary_addition'" in detail


COUNTS = ["accuracy", "precision", "recall", "auc"]
ERRORS = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score", "cosine_similarity"]


@pytest.mark.parametrize(
    ("dataset", "model", "loss"),
    [
        ({"name": "iris"}, mlp(3, "softmax"), "sparse_categorical_crossentropy"),
        (TRUTH, mlp(1, "sigmoid"), "binary_crossentropy"),
        (ADDITION, {"kind": "binary_adder"}, "mse"),
    ],
)
def test_classes_and_bits_have_metrics_of_both_kinds(fits, dataset, model, loss):
    assert fits(dataset, model, loss, metrics=COUNTS + ERRORS)


def test_numbers_have_no_classification_metrics(fits, check, spec):
    assert fits(SERIES, rnn(1, return_sequences=False), "mse", metrics=ERRORS)
    with pytest.raises(InvalidSpec) as caught:
        check(spec(SERIES, rnn(1, return_sequences=False), "mse", metrics=["r2_score", *COUNTS]))
    assert [problem.pointer for problem in caught.value.problems] == [
        f"/training/metrics/{number}" for number in range(1, 5)
    ]
    assert "'accuracy' needs classes or bits" in caught.value.detail


def test_top_five_accuracy_requires_more_than_five_outputs(fits, misfit):
    metrics = ["top_k_categorical_accuracy"]
    assert fits({"name": "digits"}, mlp(10, "softmax"), "sparse_categorical_crossentropy", metrics=metrics)
    pointer, detail = misfit({"name": "iris"}, mlp(3), "categorical_crossentropy", metrics=metrics)
    assert pointer == "/training/metrics/0"
    assert "with 3 it is always 1. Use accuracy." in detail


@pytest.mark.parametrize(
    ("dataset", "model", "loss", "pointer", "warning"),
    [
        (
            {"name": "iris"},
            mlp(3),
            "sparse_categorical_crossentropy",
            "/model/layers/1/activation",
            "expects probabilities, but",
        ),
        (
            {"name": "iris"},
            mlp(3, "softmax"),
            {"name": "sparse_categorical_crossentropy", "from_logits": True},
            "/training/loss/from_logits",
            "loss.from_logits is set, but the last layer already applies softmax.",
        ),
        (
            TRUTH,
            mlp(1, "softmax"),
            "mse",
            "/model/layers/1/activation",
            "softmax over one unit is always 1. Use sigmoid.",
        ),
        (
            SERIES,
            {"kind": "mlp", "layers": [{"units": 1, "activation": "tanh"}]},
            "mse",
            "/model/layers/0/activation",
            "limits the range of the outputs",
        ),
    ],
)
def test_a_probable_mistake_is_a_warning(fits, dataset, model, loss, pointer, warning):
    (reported,) = fits(dataset, model, loss, batch_size="full").warnings
    assert (warning in reported.detail, reported.pointer) == (True, pointer)


@pytest.mark.parametrize(
    ("dataset", "model", "loss"),
    [
        ({"name": "iris"}, mlp(3, "softmax"), "sparse_categorical_crossentropy"),
        ({"name": "iris"}, mlp(3), {"name": "sparse_categorical_crossentropy", "from_logits": True}),
        (TRUTH, mlp(1, "sigmoid"), "binary_crossentropy"),
        (SERIES, rnn(1, return_sequences=False), "mse"),
        (ADDITION, {"kind": "binary_adder"}, "mse"),
    ],
)
def test_a_sensible_spec_has_no_warning(fits, dataset, model, loss):
    assert fits(dataset, model, loss, batch_size="full").warnings == ()
