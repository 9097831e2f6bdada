"""Cases for the choice of a plan: recurrent networks of many shapes, and some without recurrent layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.catalogue.presets import get_preset
from core.experiment import parse_spec
from core.specs.merging import apply_overrides

LONGEST_UNROLLED, LONGEST_UNROLLED_XLA = 32, 10
"""Time steps up to which the plans `graph-unrolled` and `xla-unrolled` are compared."""


@dataclass(frozen=True, slots=True)
class PlanCase:
    """A spec, and the plans to force on it.

    Attributes:
        name: Name on the command line and in the table.
        document: Spec as JSON.
        plans: Plans to compare the automatic choice with.
    """

    name: str
    document: dict[str, Any]
    plans: tuple[str, ...]


def _recurrent(name: str, window: int, num_points: int, layers: Sequence[dict[str, Any]], **training: Any) -> PlanCase:
    is_every_step = layers[-1].get("return_sequences", False)
    document = {
        "name": name,
        "dataset": {
            "name": "time_series",
            "num_points": num_points,
            "window": window,
            "targets": "every_step" if is_every_step else "last",
        },
        "model": {
            "kind": "rnn",
            "layers": [*({"type": "recurrent", **layer} for layer in layers), {"type": "dense", "units": 1}],
        },
        "training": {"optimizer": {"name": "adam"}, "loss": "mean_squared_error", **training},
    }
    return PlanCase(name, document, _plans(window))


def _preset(name: str, plans: tuple[str, ...], **training: Any) -> PlanCase:
    return PlanCase(name, dict(apply_overrides(get_preset(name).spec_json(), {"training": training})), plans)


def _plans(num_time_steps: int) -> tuple[str, ...]:
    unrolled = ("graph-unrolled",) if num_time_steps <= LONGEST_UNROLLED else ()
    return ("graph", *unrolled, "xla", *(("xla-unrolled",) if num_time_steps <= LONGEST_UNROLLED_XLA else ()))


def _digits() -> PlanCase:
    document = {
        "name": "digits-cnn",
        "dataset": {"name": "digits"},
        "model": {
            "kind": "cnn",
            "layers": [
                {"type": "conv2d", "filters": 16, "kernel_size": 3, "activation": "relu"},
                {"type": "flatten"},
                {"type": "dense", "units": 10, "activation": "softmax"},
            ],
        },
        "training": {"optimizer": {"name": "adam"}, "loss": "sparse_categorical_crossentropy", "epochs": 5},
    }
    return PlanCase("digits-cnn", document, ("graph",))


CASES = (
    _recurrent("lstm-30", 30, 3_000, [{"cell": "lstm", "units": 32}], batch_size=32, epochs=10),
    _recurrent(
        "gru-30-bidirectional",
        30,
        1_500,
        [{"cell": "gru", "units": 16, "bidirectional": True}],
        batch_size=16,
        epochs=10,
    ),
    _recurrent("lstm-30-brief", 30, 1_000, [{"cell": "lstm", "units": 32}], batch_size=64, epochs=3),
    _recurrent("lstm-60", 60, 1_000, [{"cell": "lstm", "units": 32}], batch_size=32, epochs=10),
    _recurrent("simple-100", 100, 1_000, [{"cell": "simple_rnn", "units": 16}], batch_size=32, epochs=10),
    _recurrent("simple-12", 12, 1_000, [{"cell": "simple_rnn", "units": 16}], batch_size=16, epochs=10),
    _recurrent(
        "lstm-20-stacked",
        20,
        1_000,
        [{"cell": "lstm", "units": 32, "return_sequences": True}, {"cell": "lstm", "units": 32}],
        batch_size=32,
        epochs=20,
    ),
    _recurrent(
        "gru-8-every-step", 8, 1_000, [{"cell": "gru", "units": 16, "return_sequences": True}], batch_size=4, epochs=10
    ),
    _recurrent("lstm-30-wide", 30, 2_000, [{"cell": "lstm", "units": 128}], batch_size=128, epochs=10),
    _preset("binary-adder", _plans(8), epochs=1),
    _preset("sine-sequence", _plans(20)),
    _preset("iris-keras", ("graph", "xla")),
    _digits(),
)


def choose_plan_cases(names: Sequence[str]) -> tuple[PlanCase, ...]:
    """Return the cases with these names, in the order of the table; all if no name is given.

    Raises:
        ValueError: If a name is unknown.
    """
    known = [case.name for case in CASES]
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"Unknown case {', '.join(unknown)}. Choose from {', '.join(known)}.")
    for case in CASES:
        parse_spec(case.document)
    return tuple(case for case in CASES if not names or case.name in names)
