"""Columns of flat inputs: their positions, and what they are called."""

from dataclasses import dataclass

from core.datasets.base import DatasetSpec
from core.datasets.features import TableShape, choice_pointer
from core.datasets.inline import InlineDataset
from core.datasets.shape import DatasetShape


@dataclass(frozen=True, slots=True)
class Place:
    """A column of the inputs.

    Attributes:
        position: Position in an input row.
        name: Name in texts, such as `The column 'age'`.
        pointer: JSON pointer to its place in the spec.
        is_category: True if its numbers are those of categories, without order.
        num_values: Number of different values in the whole upload; 0 if it is not known.
    """

    position: int
    name: str
    pointer: str
    is_category: bool = False
    num_values: int = 0


def list_places(dataset: DatasetSpec, shape: DatasetShape) -> list[Place]:
    """Return the columns of inputs (n, width), one for each that a table or a row has; none of other inputs.

    Dates, which become several numbers, are left out.
    """
    if len(shape.input_shape) != 1:
        return []
    if isinstance(shape, TableShape) and shape.table is not None:
        places, position = [], 0
        for encoding, feature in zip(shape.table.columns, shape.features.columns, strict=True):
            if encoding.width == 1:
                place = Place(
                    position,
                    f"The column '{feature.name}'",
                    choice_pointer(feature.name),
                    encoding.kind == "category",
                    feature.num_values,
                )
                places.append(place)
            position += encoding.width
        return places
    pointer = "/dataset/columns" if isinstance(dataset, InlineDataset) and shape.columns else "/dataset/inputs"
    names = shape.columns or tuple(map(str, range(shape.input_shape[0])))
    return [
        Place(position, f"The column '{name}'" if shape.columns else f"Column {name} of the inputs", pointer)
        for position, name in enumerate(names)
    ]
