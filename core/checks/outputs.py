"""Check that a network's output, its dataset's targets, loss and metrics belong together."""

from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem, reject_spec
from core.experiment import ExperimentSpec
from core.networks.dense import DenseLayer
from core.networks.network import Network
from core.signatures.signature import Task
from core.specs.losses import LOSSES, Probability
from core.specs.metrics import METRICS

Shape = tuple[int, ...]


def check_output(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape) -> tuple[str, ...]:
    """Hold the last layer's output against the targets.

    Returns:
        Warnings about what is legal but probably not meant.

    Raises:
        InvalidSpec: If they do not fit, saying which number to change.
    """
    last = _find_answer(spec.model)
    if spec.model.kind == "binary_adder" and shape.task is not Task.BINARY_ADDITION:
        reject_spec(
            "/model/kind", "The kind 'binary_adder' needs the dataset 'binary_addition'. Use the kind 'rnn' for others."
        )
    if shape.task is Task.CLASSIFICATION:
        _check_classes(spec, shape, output_shape, last)
    else:
        _check_numbers(spec, shape, output_shape, last)
    return _activation_warnings(spec, shape)


def _find_answer(network: Network) -> str:
    """The pointer to what decides over the shape of a network's output."""
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
    one_will_do = num_classes == 2 and not loss.traits.needs_every_class  # noqa: PLR2004 - yes or no
    all_will_do = not (one_will_do and loss.traits.probability is Probability.SIGMOID)
    if (output_shape == (1,) and one_will_do) or (output_shape == (num_classes,) and all_will_do):
        return
    wanted = "(1,), the probability of the second class" if one_will_do else f"({num_classes},), one number a class"
    hints = {2: " Set return_sequences to false on the last recurrent layer.", 3: " Put a dense layer last."}
    reject_spec(
        last,
        f"The last layer's output has shape {output_shape}; {num_classes} classes with {loss.name} need {wanted}."
        + hints.get(len(output_shape), ""),
    )


def _check_numbers(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape, last: str) -> None:
    if spec.training.loss.traits.is_for_classes:
        reject_spec(
            "/training/loss",
            f"The loss {spec.training.loss.name} is for classes, but this dataset's targets are numbers of shape "
            f"{shape.target_shape}. Use mean_squared_error, or binary_crossentropy for bits.",
        )
    if output_shape == shape.target_shape:
        return
    hint = f"Give the last layer {shape.target_shape[-1]} units."
    if len(output_shape) != len(shape.target_shape):
        every_step = len(output_shape) < len(shape.target_shape)
        what = "each step has a target" if every_step else "there is one target for the whole sequence"
        hint = f"Set return_sequences to {str(every_step).lower()} on the last recurrent layer: {what}."
        if spec.model.kind not in {"rnn", "binary_adder"}:
            hint = "Use the kind 'rnn', which reads and answers step by step."
    reject_spec(
        last, f"The last layer's output has shape {output_shape}, the targets have {shape.target_shape}. {hint}"
    )


def check_metrics(spec: ExperimentSpec, shape: DatasetShape, output_shape: Shape) -> None:
    """Hold the metrics against the targets.

    Raises:
        InvalidSpec: With a problem for each metric that has no meaning for this dataset.
    """
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    problems = []
    for number, name in enumerate(spec.training.metrics):
        detail, traits = "", METRICS[name]
        if traits.counts_answers and not is_choice:
            detail = f"'{name}' counts right answers, but this dataset's targets are numbers. Measure r2_score."
        elif output_shape[-1] <= traits.most_outputs_always_right:
            detail = (
                f"'{name}' asks whether the right class is among the best {traits.most_outputs_always_right}; with "
                f"{output_shape[-1]} outputs it always is. Measure accuracy."
            )
        if detail:
            problems.append(Problem(f"/training/metrics/{number}", detail, "metric_does_not_fit"))
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)


def _activation_warnings(spec: ExperimentSpec, shape: DatasetShape) -> tuple[str, ...]:
    loss = spec.training.loss
    last = spec.model.layers[-1]
    if not isinstance(last, DenseLayer):
        return ()
    if loss.traits.probability is not None:
        is_probability = last.activation in {"softmax", "sigmoid", "hard_sigmoid"}
        if not loss.from_logits and not is_probability:
            warning = (
                f"{loss.name} expects probabilities, but the last layer's activation is {last.activation}. "
                "Use softmax or sigmoid, or set loss.from_logits."
            )
            return (warning,)
        if loss.from_logits and is_probability:
            return (f"loss.from_logits is set, but the last layer already applies {last.activation}.",)
    if last.activation == "softmax" and last.units == 1:
        return ("softmax over one unit always answers 1. Use sigmoid.",)
    if shape.task in {Task.REGRESSION, Task.SEQUENCE} and last.activation in {"softmax", "sigmoid", "relu", "tanh"}:
        return (f"The last layer's activation {last.activation} cannot answer every number; linear can.",)
    return ()


SCALED_LOSSES = sorted(name for name, traits in LOSSES.items() if traits.is_difference)
"""Losses that allow targets to be scaled; the others mean the numbers as they are."""


def check_target_scaling(spec: ExperimentSpec, *, is_classification: bool) -> None:
    """Hold `dataset.target_scaling` against what is learned.

    Raises:
        InvalidSpec: If it asks for what cannot be done.
    """
    if spec.dataset.target_scaling_asked() != "standardize":
        return
    detail = ""
    if is_classification:
        detail = "Classes cannot be standardised. Leave target_scaling out."
    elif not spec.training.loss.traits.is_difference:
        detail = (
            f"The loss {spec.training.loss.name} takes targets as they are. Set target_scaling to none, or use one of "
            f"{', '.join(SCALED_LOSSES)}."
        )
    if detail:
        raise InvalidSpec(detail, [Problem("/dataset/target_scaling", detail, "targets_not_scaled")])


def scales_targets(spec: ExperimentSpec, *, is_classification: bool) -> bool:
    """Decide whether targets are standardised; `check_target_scaling` has passed the spec.

    `auto` does so where nothing says that the network's numbers are meant as they are: weights given by hand, a last
    layer that cannot answer every number, or a loss that knows a zero.
    """
    asked = spec.dataset.target_scaling_asked()
    if is_classification or asked != "auto":
        return asked == "standardize" and not is_classification
    last = spec.model.layers[-1]
    answers_any_number = isinstance(last, DenseLayer) and last.activation == "linear"
    return answers_any_number and spec.training.loss.traits.is_difference and not spec.initial_weights
