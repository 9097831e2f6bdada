"""Windows cut from an uploaded table whose rows follow one another in time."""

from typing import Annotated, Literal, NoReturn

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling, TargetScaling, UploadedDataset
from core.datasets.columns import ColumnChoices, choose_features, find_column
from core.datasets.features import TableShape
from core.datasets.splits import SplitCounts, count_split
from core.datasets.table_split import TableSplit, check_split, count_rows, without_given
from core.errors import reject_spec
from core.signatures.signature import InputKind, Task
from core.specs.base import Bool, PositiveInt, at_most
from core.uploads.description import ColumnDescription, DatasetDescription, TableDescription
from core.uploads.folder import SPLIT_COLUMN


class SeriesSplit(TableSplit):
    """Which windows are held out."""

    shuffle: Bool = False
    """Windows overlap, so that they can only be divided by time."""


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

    @property
    def sorted_by(self) -> str | None:
        """Column that sorts the rows; None: as they were uploaded."""
        return self.order_by or self.split.order_by

    def shape(self, description: DatasetDescription | None = None) -> TableShape:
        """Hold the spec against a table, and return the shape of the windows that come of it.

        Before the rows are read the counts are estimates where values of the target are missing, or windows are lost
        at the borders of a split that a column gives; the trainer has the exact ones.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the spec asks for what the table does not have, or no window fits.
        """
        table = self.check_upload(description, TableDescription)
        target = self._check_columns(table)
        left_out = {SPLIT_COLUMN, self.split.column}
        if self.features is None:
            left_out |= {self.sorted_by, self.group_by}
        left_out.discard(self.target)
        features = choose_features(self, table, left_out)
        counts, warnings = _count_windows(self, table)
        if target.num_missing:
            lost = (
                f"Windows whose target is one of the {target.num_missing:,} rows without a value of '{self.target}' "
                "are left out."
            )
            warnings = (lost, *warnings)
        return TableShape(
            task=Task.SEQUENCE,
            input_kind=InputKind.TABLE,
            input_shape=(self.window, features.encoded_width),
            network_input_shape=(self.window, features.prepared_width),
            target_shape=(1,) if self.targets == "last" else (self.window, 1),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            columns=features.names,
            embeddings=features.embeddings,
            target_name=self.target,
            warnings=(*warnings, *features.warnings),
            features=features,
        )

    def _check_columns(self, table: TableDescription) -> ColumnDescription:
        """Return the target after a look at all columns that the spec names for order, groups and split."""
        target = find_column(self.target, "/dataset/target", table)
        if target.type not in {"integer", "number"} or not target.num_distinct:
            reject_spec(
                "/dataset/target",
                f"A series forecasts numbers; '{target.name}' holds values of the type {target.type}. "
                "Name another column.",
                "target_is_no_number",
            )
        for field, name in (("order_by", self.order_by), ("group_by", self.group_by)):
            if name is not None:
                find_column(name, f"/dataset/{field}", table)
        check_split(self.split, table)
        if self.split.shuffle:
            reject_spec(
                "/dataset/split/shuffle",
                "Windows overlap: drawn at random, those to train on would hold the rows of those held out. "
                "Set it false.",
                "windows_overlap",
            )
        if self.split.stratify:
            detail = "stratify shares out classes; a series has none. Leave it false."
            reject_spec("/dataset/split/stratify", detail, "no_classes")
        return target

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the target."""
        return self.target_scaling


def count_fitting(num_rows: int, window: int, horizon: int) -> int:
    """Windows that fit into a series of so many rows, target included."""
    return max(0, num_rows - window - horizon + 1)


def refuse_window(dataset: SeriesDataset, longest: int) -> NoReturn:
    """Say that no window fits.

    Raises:
        InvalidSpec: In any case.
    """
    reject_spec(
        "/dataset/window",
        f"A window of {dataset.window} rows and a target {dataset.horizon} rows later need "
        f"{dataset.window + dataset.horizon} rows; the longest series has {longest}. Use a shorter window.",
        "window_too_long",
    )


def _count_windows(dataset: SeriesDataset, description: TableDescription) -> tuple[SplitCounts, tuple[str, ...]]:
    if dataset.split.column is not None or description.splits:
        counts, warnings = count_rows(dataset.split, description, description.num_rows)
        fitting = count_fitting(counts.train, dataset.window, dataset.horizon)
        if not fitting:
            refuse_window(dataset, counts.train)
        return SplitCounts(fitting, counts.validation, counts.test), warnings
    lengths = _series_lengths(dataset, description)
    num_windows = sum(count_fitting(length, dataset.window, dataset.horizon) for length in lengths)
    if not num_windows:
        refuse_window(dataset, max(lengths, default=0))
    split, _ = without_given(dataset.split, has_test=False, has_validation=False)
    return count_split(split, num_windows), ()


def _series_lengths(dataset: SeriesDataset, description: TableDescription) -> list[int]:
    """Rows of each series; where there are more than were kept, those known and the rest as one."""
    if dataset.group_by is None:
        return [description.num_rows]
    column = find_column(dataset.group_by, "/dataset/group_by", description)
    lengths = [entry.count for entry in column.values]
    rest = description.num_rows - sum(lengths)
    return [*lengths, rest] if rest else lengths
