"""Description of an uploaded dataset: computed at the upload, returned by the API, and used to check specs.

Stored as `description.json` beside the data; see core.uploads.folder.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.notices import Notice, as_notice
from core.uploads.reading import ColumnType, Finding, ReadingOptions, TextForm

SplitName = Literal["train", "validation", "test"]

SPLIT_NAMES: tuple[SplitName, ...] = ("train", "validation", "test")

MAX_VALUES_KEPT = 1_000
"""Most distinct values of a column that are kept, the most frequent ones. Fewer in tables of over 100 columns; none of
texts longer than 200 characters, of over 100,000 distinct values, or of numbers with more values than this."""


class Described(BaseModel):
    """Base class of the parts of a description."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueCount(Described):
    """A value as written in the upload, and the number of its rows."""

    value: str
    count: int


class ColumnDescription(Described):
    """A column of a table.

    Attributes:
        name: Name in the header; columns without one are called `column_1`, `column_2`, …
        type: Type of all its values.
        num_missing: Rows without a value: empty, null, NaN, or one of the usual words for it (`NA`, `null`, …).
        num_distinct: Number of distinct values, without missing ones. Above 100,000 it is an estimate.
        least: Smallest number, or earliest date in RFC 3339; null for text, and if all values are missing.
        greatest: Largest number or latest date, likewise.
        mean: Mean of numbers.
        stddev: Standard deviation of numbers; of the whole column, not estimated from a sample.
        values: The most frequent values; all of them if there are `num_distinct`. Numbers and booleans as JSON writes
            them, dates as in RFC 3339.
        text: Form of the texts that its values were read from; null if the upload was typed.
        has_time: True if a date has a time of day, which may not be that of the earliest or the latest one; null for
            other types, and in descriptions stored earlier.
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
    text: TextForm | None = None
    has_time: bool | None = None


class TableDescription(Described):
    """A table: rows of named columns.

    Attributes:
        splits: Rows by split, if the upload has splits (an archive with train.csv and test.csv); else empty.
        sample: The first rows, each a list of values in the order of the columns.
    """

    kind: Literal["table"] = "table"
    num_rows: int
    columns: tuple[ColumnDescription, ...]
    splits: dict[SplitName, int] = {}
    sample: tuple[tuple[Any, ...], ...] = ()

    def column(self, name: str) -> ColumnDescription | None:
        """Return the column of this name; None if there is none."""
        return next((column for column in self.columns if column.name == name), None)


class ArrayDescription(Described):
    """An array.

    Attributes:
        name: Name of its file in the archive without suffix; `array` for a single file.
        shape: Sizes of all axes; the first is the number of samples.
        dtype: NumPy's name of the element type.
        least: Smallest finite number; null if there is none.
        greatest: Largest finite number, likewise.
        num_not_finite: Number of NaN and infinities.
        values: Values with their counts, for an integer array of one axis with at most MAX_VALUES_KEPT distinct values.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    least: float | None = None
    greatest: float | None = None
    num_not_finite: int = 0
    values: tuple[ValueCount, ...] = ()


class ArraysDescription(Described):
    """One or more arrays.

    Attributes:
        sample: The first elements of each array by name, cut to a few numbers.
    """

    kind: Literal["arrays"] = "arrays"
    arrays: tuple[ArrayDescription, ...]
    sample: dict[str, Any] = {}

    def array(self, name: str) -> ArrayDescription | None:
        """Return the array of this name; None if there is none."""
        return next((array for array in self.arrays if array.name == name), None)


class ImagesDescription(Described):
    """Images in folders named after their classes.

    Attributes:
        classes: Every class, sorted by label, with its number of images in all splits.
        splits: Images by split, if the archive has folders `train`, `test` and perhaps `validation`; else empty.
        least_height: Smallest height in pixels; the greatest height, and the widths, likewise.
        num_grey: Number of grey images; the others have three channels or more.
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
    """Content of `description.json`."""

    format: str
    """Format of the upload: `csv`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip`, `tar`."""
    description: DatasetDescription
    warnings: tuple[Annotated[Notice, BeforeValidator(as_notice)], ...] = ()
    """Possible mistakes in the data, such as columns without any value."""
    options: ReadingOptions = ReadingOptions()
    """Options that the client set."""
    findings: tuple[Finding, ...] = ()
    """Values of the other options of a text file, and the reasons for them."""


NUM_SHAPES = 3


def summarise(description: DatasetDescription) -> str:
    """Return the size of a dataset in words, such as `150 rows of 5 columns`."""
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
