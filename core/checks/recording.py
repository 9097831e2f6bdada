"""Limits of the curves of a run: their points, and those that it records of the layers of its network."""

from collections.abc import Sequence
from typing import assert_never

from core.checks.length import FitLength
from core.errors import InvalidSpec, Problem
from core.networks.layer_table import LayerRow
from core.specs.training import RecordName, Training

MAX_WEIGHTS = 100
"""Most weights of a network that records all of them: nobody looks at more curves one by one."""

MAX_CURVES = 400
"""Most recorded curves of a run."""

STATISTICS = 3
"""Curves per recorded activation: mean, standard deviation, share of zeros."""

DEFAULT_POINTS = 2_000
"""Points of a curve, unless the spec asks for others."""

DEFAULT_RECORDED_POINTS = 200_000
"""Points of all recorded curves together, unless the spec asks for others: many curves are thinned more than few."""


def limit_points(training: Training, num_recorded: int = 0) -> int | None:
    """Return the most points of a curve, where so many recorded ones share theirs; None for every step."""
    if training.curve_points == "all":
        return None
    if training.curve_points is not None:
        return training.curve_points
    return min(DEFAULT_POINTS, DEFAULT_RECORDED_POINTS // max(1, num_recorded))


def count_points(training: Training, layers: Sequence[LayerRow], length: FitLength) -> int:
    """Count the points, about, of all curves of a run that asks for a number of its own; 0 for others."""
    if training.curve_points is None:
        return 0
    num_names = 1 + len(training.metrics)
    num_recorded = sum(count_curves(name, layers) for name in training.record)
    asked = limit_points(training) or length.num_steps
    by_step = (num_names + num_recorded) * min(asked, length.num_steps)
    # Those of training and validation.
    by_epoch = 2 * num_names * min(asked, length.num_epochs)
    return by_step + by_epoch


def check_record(record: Sequence[RecordName], layers: Sequence[LayerRow]) -> None:
    """Check `training.record` against the size of the network.

    Raises:
        InvalidSpec: If there would be too many curves.
    """
    num_weights = sum(row.num_parameters for row in layers)
    if "weights" in record and num_weights > MAX_WEIGHTS:
        detail = (
            f"Expected at most {MAX_WEIGHTS} weights, to record them one by one; got {num_weights:,}. Record "
            "gradient_norms or activations, or use a smaller network."
        )
        raise InvalidSpec(detail, [Problem(f"/training/record/{record.index('weights')}", detail, "too_many_weights")])
    num_curves = sum(count_curves(name, layers) for name in record)
    if num_curves > MAX_CURVES:
        detail = (
            f"Expected at most {MAX_CURVES} recorded curves; got {num_curves:,} for {' and '.join(record)}. Record "
            "fewer statistics, or use fewer layers."
        )
        raise InvalidSpec(detail, [Problem("/training/record", detail, "too_many_curves")])


def count_curves(name: RecordName, layers: Sequence[LayerRow]) -> int:
    """Count the curves, at most, that this recording adds to a run."""
    num_weighted = sum(bool(row.weights) for row in layers)
    match name:
        case "gradient_norms":
            return sum(bool(row.weights) and not row.is_frozen for row in layers)
        case "activations":
            return STATISTICS * (num_weighted + sum(row.type == "Activation" for row in layers))
        case "weights":
            return sum(row.num_parameters for row in layers)
        case _:
            assert_never(name)
