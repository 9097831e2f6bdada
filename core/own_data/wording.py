"""How much an upload is, in a few words for lists."""

from core.dataset_description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription

NUM_SHAPES = 3


def summarise(description: DatasetDescription) -> str:
    """Such as `150 rows of 5 columns`."""
    match description:
        case TableDescription():
            return f"{_count(description.num_rows, 'row')} of {_count(len(description.columns), 'column')}"
        case ImagesDescription():
            return (
                f"{_count(description.num_images, 'image')} of {_count(len(description.classes), 'class', 'classes')}"
            )
        case ArraysDescription():
            shapes = [f"{array.name} {'×'.join(map(str, array.shape))}" for array in description.arrays[:NUM_SHAPES]]
            more = ", …" if len(description.arrays) > NUM_SHAPES else ""
            return f"{_count(len(description.arrays), 'array')}: {', '.join(shapes)}{more}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
