"""Check that network output, targets, loss and metrics fit together."""

from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem, reject_spec
from core.experiment import ExperimentSpec
from core.networks.dense import DenseLayer
from core.networks.network import Network
from core.notices import Notice
from core.signatures.signature import Task
from core.specs.losses import LOSSES, Probability
from core.specs.metrics import METRICS

Shape = tuple[int, ...]


def check_output(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape) -> tuple[Notice, ...]:
    """Check the output of the last layer against the targets.

    Returns:
        Warnings about probable mistakes in a valid spec.

    Raises:
        InvalidSpec: If they do not fit; the message names the number to change.
    """
    last = _locate_output(spec.model)
    if spec.model.kind == "binary_adder" and shape.task is not Task.BINARY_ADDITION:
        reject_spec(
            "/model/kind", "The kind 'binary_adder' needs the dataset 'binary_addition'. Use the kind 'rnn' for others."
        )
    if shape.task is Task.CLASSIFICATION:
        _check_classes(spec, shape, output_shape, last)
    else:
        _check_numbers(spec, shape, output_shape, last)
    return _activation_warnings(spec, shape)


def _locate_output(network: Network) -> str:
    """Return the JSON Pointer to the field that sets the output shape of a network."""
    match network.kind:
        case "binary_adder":
            return "/model"
        case "cnn_family":
            return "/model/num_classes"
        case _:
            return f"/model/layers/{len(network.layers) - 1}"


def _check_classes(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape, last: str) -> None:
    num_classes = len(shape.class_labels)
    loss = spec.training.loss
    one_is_enough = num_classes == 2 and not loss.traits.needs_every_class  # noqa: PLR2004 - yes or no
    all_are_allowed = not (one_is_enough and loss.traits.probability is Probability.SIGMOID)
    if (output_shape == (1,) and one_is_enough) or (output_shape == (num_classes,) and all_are_allowed):
        return
    expected = "(1,), the probability of the second class" if one_is_enough else f"({num_classes},)"
    hints = {2: " Set return_sequences to false on the last recurrent layer.", 3: " Put a dense layer last."}
    reject_spec(
        last,
        f"Expected an output of shape {expected}, for {num_classes} classes with {loss.name}; got {output_shape}."
        + hints.get(len(output_shape), ""),
    )


def _check_numbers(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape, last: str) -> None:
    if spec.training.loss.traits.is_for_classes:
        reject_spec(
            "/training/loss",
            f"The loss {spec.training.loss.name} needs classes, but the targets of this dataset are numbers of shape "
            f"{shape.target_shape}. Use mean_squared_error, or binary_crossentropy for bits.",
        )
    if output_shape == shape.target_shape:
        return
    hint = f"Give the last layer {shape.target_shape[-1]} units."
    if len(output_shape) != len(shape.target_shape):
        every_step = len(output_shape) < len(shape.target_shape)
        what = "each step has a target" if every_step else "the whole sequence has one target"
        hint = f"Set return_sequences to {str(every_step).lower()} on the last recurrent layer: {what}."
        if spec.model.kind not in {"rnn", "binary_adder"}:
            hint = "Use the kind 'rnn', which has an output for each step."
    reject_spec(last, f"Expected an output of shape {shape.target_shape}, like the targets; got {output_shape}. {hint}")


def check_metrics(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape) -> None:
    """Check the metrics against the targets.

    Raises:
        InvalidSpec: With a problem for each metric that does not apply to this dataset.
    """
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    problems = []
    for number, name in enumerate(spec.training.metrics):
        detail, traits = "", METRICS[name]
        if traits.counts_answers and not is_choice:
            detail = f"'{name}' needs classes or bits, but the targets of this dataset are numbers. Use r2_score."
        elif output_shape[-1] <= traits.most_outputs_always_right:
            detail = (
                f"'{name}' needs more than {traits.most_outputs_always_right} outputs; with {output_shape[-1]} it is "
                "always 1. Use accuracy."
            )
        if detail:
            problems.append(Problem(f"/training/metrics/{number}", detail, "metric_does_not_fit"))
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)


def _activation_warnings(spec: ExperimentSpec, shape: DatasetShape) -> tuple[Notice, ...]:
    loss = spec.training.loss
    last = spec.model.layers[-1]
    if not isinstance(last, DenseLayer):
        return ()
    place = f"{_locate_output(spec.model)}/activation"
    if loss.traits.probability is not None:
        is_probability = last.activation in {"softmax", "sigmoid", "hard_sigmoid"}
        if not loss.from_logits and not is_probability:
            detail = (
                f"{loss.name} expects probabilities, but the last layer's activation is {last.activation}. "
                "Use softmax or sigmoid, or set loss.from_logits."
            )
            return (Notice("output_is_no_probability", place, detail),)
        if loss.from_logits and is_probability:
            detail = f"loss.from_logits is set, but the last layer already applies {last.activation}."
            return (Notice("activation_applied_twice", "/training/loss/from_logits", detail),)
    if last.activation == "softmax" and last.units == 1:
        return (Notice("output_always_one", place, "softmax over one unit is always 1. Use sigmoid."),)
    if shape.task in {Task.REGRESSION, Task.SEQUENCE} and last.activation in {"softmax", "sigmoid", "relu", "tanh"}:
        detail = f"The activation {last.activation} of the last layer limits the range of the outputs. Use linear."
        return (Notice("output_range_limited", place, detail),)
    return ()


SCALED_LOSSES = sorted(name for name, traits in LOSSES.items() if traits.is_difference)
"""Losses that allow scaled targets; the others need the original numbers."""


def check_target_scaling(spec: ExperimentSpec, *, is_classification: bool) -> None:
    """Check `dataset.target_scaling` against targets and loss.

    Raises:
        InvalidSpec: If the targets cannot be standardized.
    """
    if spec.dataset.target_scaling_asked() != "standardize":
        return
    detail = ""
    if is_classification:
        detail = "Classes cannot be standardized. Leave target_scaling out."
    elif not spec.training.loss.traits.is_difference:
        detail = (
            f"The loss {spec.training.loss.name} needs unscaled targets. Set target_scaling to none, or use one of "
            f"{', '.join(SCALED_LOSSES)}."
        )
    if detail:
        raise InvalidSpec(detail, [Problem("/dataset/target_scaling", detail, "targets_not_scaled")])


def scales_targets(spec: ExperimentSpec, *, is_classification: bool) -> bool:
    """Decide whether targets are standardized, for a spec that `check_target_scaling` has accepted.

    `auto` standardizes them unless the spec gives initial weights as numbers, the last layer is not a linear dense
    layer, or the loss depends on more than the difference of target and output.
    """
    asked = spec.dataset.target_scaling_asked()
    if is_classification or asked != "auto":
        return asked == "standardize" and not is_classification
    last = spec.model.layers[-1]
    has_linear_output = isinstance(last, DenseLayer) and last.activation == "linear"
    return has_linear_output and spec.training.loss.traits.is_difference and not spec.given_weights
