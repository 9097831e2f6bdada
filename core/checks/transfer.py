"""Layers that start from the weights of another run, checked against its network."""

from collections.abc import Mapping, Sequence

from core.checks.layer_names import find_layers
from core.errors import InvalidSpec, Problem, json_pointer
from core.networks.layer_table import LayerRow, Shape
from core.specs.base import NUM_LISTED
from core.specs.initial_weights import WeightsOfRun

FIELD = "initial_weights"

SavedShapes = Mapping[str, Mapping[str, Shape]]
"""Shapes of the weights of a saved network, by the names of layer and weight."""


def find_transferred(source: WeightsOfRun, layers: Sequence[LayerRow]) -> dict[str, str]:
    """Find the layers that start from the weights of a run.

    Args:
        source: The run, and the choice of layers.
        layers: Layers of the new network.

    Returns:
        The JSON Pointer to what names each layer, by the name of the layer; in the order of the network.

    Raises:
        InvalidSpec: If a name stands for no layer, no layer is left, or one is given as numbers too.
    """
    field = "new_layers" if source.layers is None else "layers"
    named, problems = find_layers(getattr(source, field), layers, (FIELD, field))
    is_named = source.layers is not None
    weighted = [row.name for row in layers if row.weights]
    found = {name: named.get(name, f"/{FIELD}/run") for name in weighted if (name in named) is is_named}
    if not found and not problems:
        detail = "Every layer with weights is new, so nothing is taken from the run. Leave initial_weights out."
        problems.append(Problem(f"/{FIELD}/new_layers", detail, "nothing_to_transfer"))
    for name in source.numbers:
        if name in found:
            detail = (
                f"{name} starts from the weights of the run, and has numbers too. Remove its numbers, or add it to "
                "new_layers."
            )
            problems.append(Problem(json_pointer(FIELD, "numbers", name), detail, "weights_given_twice"))
    _reject(problems)
    return found


def check_transfer(source: WeightsOfRun, layers: Sequence[LayerRow], saved: SavedShapes) -> None:
    """Check that each layer that starts from the weights of a run has the same name and shapes there.

    Args:
        source: The run, and the choice of layers.
        layers: Layers of the new network.
        saved: Shapes of the run's weights.

    Raises:
        InvalidSpec: With a problem for each layer that does not fit; it names the layers to start anew.
    """
    pointers = find_transferred(source, layers)
    wrong = {row.name: _compare(row, saved) for row in layers if row.name in pointers}
    wrong = {name: detail for name, detail in wrong.items() if detail}
    if not wrong:
        return
    names = ", ".join(f'"{name}"' for name in (*source.new_layers, *wrong))
    remedy = (
        f"Leave {', '.join(wrong)} out of layers."
        if source.layers is not None
        else f"To start without those of the run, set new_layers: [{names}]."
    )
    if len(wrong) == len(pointers):
        remedy = "No layer fits: the run has another network. Name another run, or leave initial_weights out."
    problems = [Problem(pointers[name], f"{detail} {remedy}", "layer_does_not_fit") for name, detail in wrong.items()]
    problems = problems[:NUM_LISTED]
    raise InvalidSpec(f"{' '.join(list(wrong.values())[:NUM_LISTED])} {remedy}", problems)


def _compare(row: LayerRow, saved: SavedShapes) -> str:
    """Return what is different about a layer in the run's network; "" for nothing."""
    found = saved.get(row.name)
    if found is None:
        known = f" It has {', '.join(saved)}." if len(saved) <= NUM_LISTED else ""
        return f"The network of the run has no layer '{row.name}' with weights.{known}"
    if found == row.weights:
        return ""
    return f"Expected {row.name} to have {_list(row.weights)}; in the run it has {_list(found)}."


def _list(weights: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in weights.items()) or "no weights"


def _reject(problems: Sequence[Problem]) -> None:
    if problems:
        problems = problems[:NUM_LISTED]
        raise InvalidSpec(" ".join(problem.detail for problem in problems), problems)
