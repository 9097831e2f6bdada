"""Find the layers that a spec names."""

from collections.abc import Sequence

from core.errors import Problem, json_pointer, nearest
from core.networks.layer_table import LayerRow
from core.specs.layer_names import ANY_END

MOST_LAYERS_COMPARED = 100
"""Most layers among which the nearest name is suggested."""


def find_layers(
    names: Sequence[str], layers: Sequence[LayerRow], place: Sequence[str]
) -> tuple[dict[str, str], list[Problem]]:
    """Find the layers with weights that are named, alone or by how their names begin.

    Args:
        names: Names of the spec.
        layers: Layers of the network.
        place: Fields that lead to the names.

    Returns:
        The JSON Pointer to the name of each layer that was found, by the layer's name; and a problem for each name that
        stands for no layer.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    weighted = [row.name for row in layers if row.weights]
    for number, name in enumerate(names):
        pointer = json_pointer(*place, number)
        beginning = name.removesuffix(ANY_END)
        meant = [one for one in weighted if one == name or (beginning != name and one.startswith(beginning))]
        for one in meant:
            found.setdefault(one, pointer)
        if not meant:
            problems.append(Problem(pointer, describe_unknown(name, layers), "unknown_layer"))
    return found, problems


def describe_unknown(name: str, layers: Sequence[LayerRow]) -> str:
    """Say that a name stands for no layer with weights, and suggest the nearest that does."""
    if name.endswith(ANY_END):
        detail = f"No layer with weights has a name that begins with '{name.removesuffix(ANY_END)}'."
    elif any(row.name == name for row in layers):
        detail = f"The layer '{name}' has no weights."
    else:
        detail = f"Unknown layer '{name}'."
    known = [row.name for row in layers if row.weights]
    if len(known) <= MOST_LAYERS_COMPARED:
        return detail + nearest(name, known)
    return f"{detail} {len(known):,} layers have weights; a dry run (POST /v1/specs:validate) lists them."
