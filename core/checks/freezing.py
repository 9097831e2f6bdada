"""Layers that are not trained."""

from collections.abc import Sequence
from dataclasses import replace

from core.checks.layer_names import find_layers
from core.errors import InvalidSpec, reject_spec
from core.networks.layer_table import LayerRow
from core.specs.base import NUM_LISTED

PLACE = ("training", "frozen_layers")


def freeze_layers(names: Sequence[str], layers: Sequence[LayerRow]) -> tuple[LayerRow, ...]:
    """Return the rows of a network in which the named layers are frozen.

    Raises:
        InvalidSpec: With a problem for each name without a layer; or if no weight would be left to train.
    """
    found, problems = find_layers(names, layers, PLACE)
    if problems:
        raise InvalidSpec(" ".join(problem.detail for problem in problems[:NUM_LISTED]), problems[:NUM_LISTED])
    rows = tuple(replace(row, is_frozen=row.name in found) for row in layers)
    if found and not any(row.num_trainable_parameters for row in rows):
        reject_spec(
            "/training/frozen_layers",
            "Every layer with weights is frozen, so there is nothing to train. Leave out those that are to learn, such "
            f"as '{list(found)[-1]}'; or evaluate the network as it is: training.epochs 0, without frozen_layers.",
            "nothing_to_train",
        )
    return rows
