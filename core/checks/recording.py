"""Limits of what a run records of the inside of its network."""

from collections.abc import Sequence
from typing import assert_never

from core.errors import InvalidSpec, Problem
from core.experiment import ExperimentSpec
from core.networks.table import LayerRow
from core.specs.training import RecordName

MAX_WEIGHTS = 100
"""Weights of a network whose every number may be recorded: more curves nobody looks at one by one."""

MAX_CURVES = 400
"""Recorded curves of a run; each takes a row, and a value in whatever shows the run."""

STATISTICS = 3
"""Of an activation: mean, standard deviation, share of zeros."""


def check_record(spec: ExperimentSpec, layers: Sequence[LayerRow]) -> None:
    """Hold `training.record` against the size of the network.

    Raises:
        InvalidSpec: If it would record more curves than are kept.
    """
    record = spec.training.record
    num_weights = sum(row.num_parameters for row in layers)
    if "weights" in record and num_weights > MAX_WEIGHTS:
        detail = (
            f"'weights' records every single weight of networks with at most {MAX_WEIGHTS}; this one has "
            f"{num_weights:,}. Record gradient_norms or activations, or use a smaller network."
        )
        raise InvalidSpec(detail, [Problem(f"/training/record/{record.index('weights')}", detail, "too_many_weights")])
    num_curves = sum(count_curves(name, layers) for name in record)
    if num_curves > MAX_CURVES:
        detail = (
            f"Recording {' and '.join(record)} of this network's layers makes {num_curves:,} curves; the most is "
            f"{MAX_CURVES}. Record less, or use a network of fewer layers."
        )
        raise InvalidSpec(detail, [Problem("/training/record", detail, "too_many_curves")])


def count_curves(name: RecordName, layers: Sequence[LayerRow]) -> int:
    """Count the curves that recording this adds to a run, at most."""
    num_weighted = sum(bool(row.weights) for row in layers)
    match name:
        case "gradient_norms":
            return num_weighted
        case "activations":
            return STATISTICS * (num_weighted + sum(row.type == "Activation" for row in layers))
        case "weights":
            return sum(row.num_parameters for row in layers)
        case _:
            assert_never(name)
