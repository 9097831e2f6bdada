"""What a program does otherwise than a run of its spec, in sentences."""

from core.experiment import ExperimentSpec
from core.specs.training import Training


def list_differences(spec: ExperimentSpec) -> list[str]:
    """List what the program leaves out, or computes otherwise."""
    training = spec.training
    found = []
    if training.record:
        found.append(
            f"training.record ({', '.join(training.record)}) is left out: it measures the training, and changes "
            "nothing about it."
        )
    if training.devices > 1:
        found.append(
            f"The run computed on {training.devices} devices, the program on one: results are the same up to rounding, "
            "except for batch normalisation and dropout, which a device computes for its share of a batch."
        )
    if training.precision != "float32":
        found.append(
            f"In {training.precision}, the order of sums differs between programs by more than in float32: curves are "
            "close, not equal."
        )
    if _has_dropout(spec) and _may_use_xla(training):
        found.append(
            "On a GPU, Keras compiles steps with XLA, which draws other masks of dropout: curves are close there."
        )
    return found


def _has_dropout(spec: ExperimentSpec) -> bool:
    return any(_is_positive(value) for value in _walk(spec.model.model_dump()))


def _walk(value: object, name: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [entry for key, part in value.items() for entry in _walk(part, key)]
    if isinstance(value, list | tuple):
        return [entry for part in value for entry in _walk(part, name)]
    return [(name, value)]


def _is_positive(entry: tuple[str, object]) -> bool:
    name, value = entry
    return name in {"dropout", "recurrent_dropout", "rate"} and isinstance(value, int | float) and value > 0


def _may_use_xla(training: Training) -> bool:
    return training.precision == "float32"
