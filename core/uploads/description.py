"""What is known of an uploaded dataset: found when it is taken in, shown to people, and relied on by specs.

Written as `description.json` beside the data it describes; see core.uploads.folder.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SplitName = Literal["train", "validation", "test"]

SPLIT_NAMES: tuple[SplitName, ...] = ("train", "validation", "test")

ColumnType = Literal["integer", "number", "boolean", "date", "text"]
"""integer: whole numbers up to 2⁶³; number: float64; date: a day or a moment; text: anything else."""

MAX_VALUES_KEPT = 1_000
"""Of a column's different values so many are kept, the most frequent ones. Fewer in tables of over 100 columns; none of
texts longer than 200 letters, where there are over 100,000 different ones, or of numbers with more than are kept."""


class Described(BaseModel):
    """A part of a description."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueCount(Described):
    """A value as text, as it was written, and how many rows have it."""

    value: str
    count: int


class ColumnDescription(Described):
    """A column of a table.

    Attributes:
        name: As in the header; columns without one are called `column_1`, `column_2`, …
        type: What all its values are.
        num_missing: Rows without a value: empty, null, NaN, or one of the usual words for it (`NA`, `null`, …).
        num_distinct: Different values; those that are missing do not count. Over 100,000 it is estimated.
        least: Smallest number, or earliest date in RFC 3339; null for text, and where all are missing.
        greatest: Likewise.
        mean: Of numbers.
        stddev: Of numbers; of the whole column, not estimated from a sample.
        values: The most frequent values; all of them where there are as many as `num_distinct`. Numbers and truth
            values as JSON writes them, dates as in RFC 3339.
    """

    name: str
    type: ColumnType
    num_missing: int
    num_distinct: int
    least: int | float | str | None = None
    greatest: int | float | str | None = None
    mean: float | None = None
    stddev: float | None = None
    values: tuple[ValueCount, ...] = ()


class TableDescription(Described):
    """A table: rows of named columns.

    Attributes:
        splits: Rows by split, where the upload divides them (an archive with train.csv and test.csv); else empty.
        sample: The first rows, each a list of values in the order of the columns.
    """

    kind: Literal["table"] = "table"
    num_rows: int
    columns: tuple[ColumnDescription, ...]
    splits: dict[SplitName, int] = {}
    sample: tuple[tuple[Any, ...], ...] = ()

    def column(self, name: str) -> ColumnDescription | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


class ArrayDescription(Described):
    """An array.

    Attributes:
        name: In an archive the name of its file without suffix; `array` for a file of one.
        shape: Sizes of all axes; the first one counts samples.
        dtype: NumPy's name of the element type.
        least: Smallest number; null where there is none that is finite.
        greatest: Likewise.
        num_not_finite: NaN and infinities.
        values: Of a whole-numbered array of one axis, with at most MAX_VALUES_KEPT different ones: each and its count.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    least: float | None = None
    greatest: float | None = None
    num_not_finite: int = 0
    values: tuple[ValueCount, ...] = ()


class ArraysDescription(Described):
    """One array or several.

    Attributes:
        sample: For each array its first elements, by name, cut to a few numbers.
    """

    kind: Literal["arrays"] = "arrays"
    arrays: tuple[ArrayDescription, ...]
    sample: dict[str, Any] = {}

    def array(self, name: str) -> ArrayDescription | None:
        """The array of this name."""
        return next((array for array in self.arrays if array.name == name), None)


class ImagesDescription(Described):
    """Images in folders named after their classes.

    Attributes:
        classes: Every class, sorted by label, with its number of images in all splits.
        splits: Images by split, where the archive has folders `train`, `test` and perhaps `validation`; else empty.
        least_height: Pixels; the sizes of all images lie between these.
        num_grey: Images without colours; the others have three channels or more.
        sample: Some of the images: path in the archive, label, height and width.
    """

    kind: Literal["images"] = "images"
    num_images: int
    classes: tuple[ValueCount, ...]
    splits: dict[SplitName, int] = {}
    least_height: int
    greatest_height: int
    least_width: int
    greatest_width: int
    num_grey: int
    sample: tuple[dict[str, Any], ...] = ()


DatasetDescription = Annotated[TableDescription | ArraysDescription | ImagesDescription, Field(discriminator="kind")]


class DescriptionFile(Described):
    """What `description.json` holds."""

    format: str
    """What the upload was: `csv`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip`, `tar`."""
    description: DatasetDescription
    warnings: tuple[str, ...] = ()
    """What people should look at, such as columns without any value."""


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
