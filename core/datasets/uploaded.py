"""Uploaded data: which of it a run learns from, and how it is prepared."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.datasets.splits import Scaling, Split
from core.images import Resize
from core.specs.base import Bool, Float, Fraction, NonNegativeInt, PositiveInt, SpecModel, at_most

UPLOAD_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

UploadName = Annotated[str, Field(pattern=UPLOAD_NAME_PATTERN)]

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]

MAX_COLUMNS = 10_000

Task = Literal["auto", "classification", "regression"]
"""auto: classes where the target is text or boolean, or has at most 20 different whole numbers; else numbers."""


class UploadedDataset(SpecModel):
    """What all uploaded data have in common."""

    dataset: UploadName
    """Name it was uploaded under."""
    version: PositiveInt | None = None
    """Null: the newest; a run's own spec says which one that was."""
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Filled in by the service: of the bytes that were uploaded. Given, it has to be right."""


class TableSplit(Split):
    """Which rows are held out: drawn, named by a column, the last in time, or as the upload divides them."""

    column: ColumnName | None = None
    """A column that says `train`, `validation` or `test` (or `val`, `valid`, `dev`) for each row."""
    order_by: ColumnName | None = None
    """Sort rows by this column first; with `shuffle` false the latest ones are held out."""


class SeriesSplit(TableSplit):
    """Which windows are held out."""

    shuffle: Bool = False
    """Windows overlap, so that they can only be divided by time."""


class ColumnChoice(SpecModel):
    """Corrects what is done with one column; what is left out follows from its values."""

    type: Literal["number", "category", "boolean", "date"] | None = None
    """What to take the column for, such as `category` for post codes."""
    scaling: Scaling | None = None
    """Of numbers and of the parts of dates; null: as the dataset's."""
    missing: Literal["mean", "median", "most_frequent", "constant", "category", "refuse"] | None = None
    """What stands for a missing value. Null: the median for numbers and dates, a category of its own for categories
    and booleans. `refuse` fails the run, and later the prediction."""
    fill_value: Float | str | None = None
    """For `constant`."""
    encoding: Literal["one_hot", "embedding"] | None = None
    """Of categories; null: one-hot up to 50 of them, else an embedding."""
    embedding_dim: PositiveInt | None = None
    """Null: min(50, (number of categories + 1) / 2), rounded up."""
    max_categories: PositiveInt | None = None
    """Keep the most frequent ones; all others, and those unseen in training, share one place."""


ColumnChoices = Annotated[dict[ColumnName, ColumnChoice], Field(max_length=MAX_COLUMNS)]


TargetScaling = Literal["auto", "none", "standardize"]
"""Of the numbers to predict: learn them as if their mean were 0 and their standard deviation 1; curves, reports and
answers are in the target's own units. auto: where the loss measures differences and the last layer is linear."""


class TableDataset(UploadedDataset):
    """An uploaded table: some columns in, one to be predicted."""

    name: Literal["table"]
    target: ColumnName
    """Column to predict. Rows without a value there are left out, and counted in the run's warnings."""
    task: Task = "auto"
    features: Annotated[tuple[ColumnName, ...] | None, at_most(MAX_COLUMNS)] = None
    """Columns to learn from; null: all but the target and those of the split."""
    exclude: Annotated[tuple[ColumnName, ...], at_most(MAX_COLUMNS)] = ()
    """Columns not to learn from, such as identifiers."""
    columns: ColumnChoices = Field(default_factory=dict)
    """Corrections, by column."""
    scaling: Scaling = "standardize"
    """Of numbers and dates."""
    target_scaling: TargetScaling = "auto"
    """Of the target of a regression."""
    split: TableSplit = TableSplit(validation=0.2, test=0.2)


class SeriesDataset(UploadedDataset):
    """Windows cut from an uploaded table whose rows follow one another in time.

    A sample is (window, features) → the target `horizon` rows after the window's last row, or after each of its rows.
    """

    name: Literal["series"]
    target: ColumnName
    """Column to forecast; its own past is among the features unless `exclude` names it."""
    order_by: ColumnName | None = None
    """Sort rows by this column; null: as they were uploaded."""
    group_by: ColumnName | None = None
    """Rows with different values here are different series; no window spans two."""
    features: Annotated[tuple[ColumnName, ...] | None, at_most(MAX_COLUMNS)] = None
    exclude: Annotated[tuple[ColumnName, ...], at_most(MAX_COLUMNS)] = ()
    columns: ColumnChoices = Field(default_factory=dict)
    window: PositiveInt = 20
    horizon: PositiveInt = 1
    targets: Literal["last", "every_step"] = "last"
    scaling: Scaling = "standardize"
    target_scaling: TargetScaling = "auto"
    split: SeriesSplit = SeriesSplit(validation=0.2, test=0.2)
    """By time, as it stands: the last windows are for test, those before them for validation. No training window
    reaches into held-out rows."""


class ArraysDataset(UploadedDataset):
    """Uploaded arrays: samples along the first axis."""

    name: Literal["arrays"]
    inputs: str | None = None
    """Name of an array; null: found by the usual names (x, X, inputs, images, x_train, …), or the only one."""
    targets: str | None = None
    """Name of an array; null: found by the usual names (y, targets, labels, y_train, …)."""
    target_column: int | None = None
    """Where inputs and targets are one array of two axes: which of its columns is the target; −1 is the last."""
    test_inputs: str | None = None
    """Null: found by the usual names (x_test, …), if there."""
    test_targets: str | None = None
    task: Task = "auto"
    rescale: Bool = True
    """Divide arrays of bytes (uint8) by 255 in front of the network."""
    scaling: Scaling = "none"
    """Of arrays of two axes."""
    target_scaling: TargetScaling = "auto"
    """Of the targets of a regression."""
    split: Split = Split()


class Augmentation(SpecModel):
    """Changes made to training images at random, anew in every step; held-out images are never changed."""

    horizontal_flip: Bool = False
    vertical_flip: Bool = False
    shift: Fraction = 0.0
    """Move by up to this share of height and width; what comes in from outside repeats the border."""
    rotation: Annotated[Float, Field(ge=0, le=180)] = 0.0
    """Turn by up to so many degrees either way."""
    crop: Annotated[NonNegativeInt, Field(le=64)] = 0
    """Add so many pixels of zeros on every side and cut the image's size out of that anywhere."""

    @property
    def is_any(self) -> bool:
        """Whether anything is changed."""
        return self != Augmentation()


class ImagesDataset(UploadedDataset):
    """Uploaded images, each in a folder named after its class."""

    name: Literal["images"]
    height: Annotated[PositiveInt, Field(le=2048)] | None = None
    """Pixels that the network sees; null: the images' own, where all are of one size."""
    width: Annotated[PositiveInt, Field(le=2048)] | None = None
    channels: Literal[1, 3] | None = None
    """Null: 1 where all images are grey, else 3."""
    resize: Resize = "stretch"
    """How images of other proportions are fitted: stretched, cut at the sides, or framed in black."""
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes images as they come either way."""
    max_train_samples: PositiveInt | None = None
    """Use only so many training images, drawn by the seed with the same share of every class."""
    max_test_samples: PositiveInt | None = None
    augmentation: Augmentation = Augmentation()
    split: Split = Split()

    @model_validator(mode="after")
    def _check_size(self) -> "ImagesDataset":
        if (self.height is None) != (self.width is None):
            raise ValueError("Give height and width both, or neither")
        return self


OwnData = TableDataset | SeriesDataset | ArraysDataset | ImagesDataset
