"""Windows of an uploaded table whose rows are in order of time."""

from typing import Annotated, Literal, NoReturn

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling, TargetScaling, UploadedDataset
from core.datasets.columns import ColumnChoices, choose_features, find_column
from core.datasets.features import TableShape
from core.datasets.order_warnings import warn_of_joint_series, warn_of_order
from core.datasets.splits import SplitCounts, count_split
from core.datasets.table_split import TableSplit, check_split, count_rows, without_given
from core.errors import reject_spec
from core.notices import Notice
from core.signatures.signature import InputKind, Task
from core.specs.base import Bool, PositiveInt, at_most
from core.uploads.description import ColumnDescription, DatasetDescription, TableDescription
from core.uploads.folder import SPLIT_COLUMN


class SeriesSplit(TableSplit):
    """Held-out windows of a series."""

    shuffle: Bool = False
    """Must be false: windows overlap, so they can only be divided by time."""


class SeriesDataset(UploadedDataset):
    """Windows of an uploaded table whose rows are in order of time.

    A sample is (window, features) → the target `horizon` rows after the window's last row, or after each of its rows.
    """

    name: Literal["series"]
    target: Annotated[ColumnName, Field(examples=["temperature"])]
    """Column to forecast; its past values are features unless `exclude` names it."""
    order_by: ColumnName | None = None
    """Column to sort the rows by; null: keep the order of the upload."""
    group_by: ColumnName | None = None
    """Column that identifies the series of a row; no window spans two series."""
    features: Annotated[tuple[ColumnName, ...] | None, at_most(MAX_COLUMNS)] = None
    exclude: Annotated[tuple[ColumnName, ...], at_most(MAX_COLUMNS)] = ()
    columns: ColumnChoices = Field(default_factory=dict, examples=[{"weekday": {"type": "category"}}])
    window: PositiveInt = 20
    horizon: PositiveInt = 1
    targets: Literal["last", "every_step"] = "last"
    scaling: Scaling = "standardize"
    target_scaling: TargetScaling = "auto"
    split: SeriesSplit = SeriesSplit(validation=0.2, test=0.2)
    """Split by time: the last windows are for test, those before them for validation. No training window contains
    held-out rows."""

    @property
    def sorted_by(self) -> str | None:
        """Column to sort the rows by; None to keep the order of the upload."""
        return self.order_by or self.split.order_by

    def shape(self, description: DatasetDescription | None = None) -> TableShape:
        """Check the spec against a table, and return the shape of its windows.

        The counts are estimates if target values are missing, or if a split by column loses windows at its borders;
        the trainer reads the rows and has the exact counts.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the spec does not match the table, or no window fits.
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
            warnings = (Notice("windows_dropped", "/dataset/target", lost), *warnings)
        warnings = (*warnings, *_warn_of_short_series(self, table), *self._warn_of_order(table))
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
        """Check the columns for order, groups and split, and return the target."""
        target = find_column(self.target, "/dataset/target", table)
        if target.type not in {"integer", "number"} or not target.num_distinct:
            reject_spec(
                "/dataset/target",
                f"Expected a target of numbers; '{target.name}' holds values of type {target.type}. "
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
                "Windows overlap: a random split would put the rows of held-out windows into training windows. "
                "Set it to false.",
                "windows_overlap",
            )
        if self.split.stratify:
            detail = "stratify needs classes; a series has none. Set it to false."
            reject_spec("/dataset/split/stratify", detail, "no_classes")
        return target

    def _warn_of_order(self, table: TableDescription) -> tuple[Notice, ...]:
        if self.sorted_by is None:
            return ()
        pointer = "/dataset/order_by" if self.order_by else "/dataset/split/order_by"
        column = find_column(self.sorted_by, pointer, table)
        group = None if self.group_by is None else find_column(self.group_by, "/dataset/group_by", table)
        return (*warn_of_order(column, pointer), *warn_of_joint_series(column, group, table, pointer))

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the target."""
        return self.target_scaling


def count_fitting(num_rows: int, window: int, horizon: int) -> int:
    """Return the number of windows that fit into a series of num_rows rows, target included."""
    return max(0, num_rows - window - horizon + 1)


def reject_window(dataset: SeriesDataset, longest: int) -> NoReturn:
    """Raise InvalidSpec: no window fits.

    Raises:
        InvalidSpec: In any case.
    """
    reject_spec(
        "/dataset/window",
        f"A window of {dataset.window} rows and a target {dataset.horizon} rows later need "
        f"{dataset.window + dataset.horizon} rows; the longest series has {longest}. Use a shorter window.",
        "window_too_long",
    )


def _count_windows(dataset: SeriesDataset, description: TableDescription) -> tuple[SplitCounts, tuple[Notice, ...]]:
    if dataset.split.column is not None or description.splits:
        counts, warnings = count_rows(dataset.split, description, description.num_rows)
        fitting = count_fitting(counts.train, dataset.window, dataset.horizon)
        if not fitting:
            reject_window(dataset, counts.train)
        return SplitCounts(fitting, counts.validation, counts.test), warnings
    lengths = _series_lengths(dataset, description)
    num_windows = sum(count_fitting(length, dataset.window, dataset.horizon) for length in lengths)
    if not num_windows:
        reject_window(dataset, max(lengths, default=0))
    split, _ = without_given(dataset.split, has_test=False, has_validation=False)
    return count_split(split, num_windows), ()


def _series_lengths(dataset: SeriesDataset, description: TableDescription) -> list[int]:
    """Return the rows of each series; series beyond those in the description are counted as one."""
    if dataset.group_by is None:
        return [description.num_rows]
    column = find_column(dataset.group_by, "/dataset/group_by", description)
    lengths = [entry.count for entry in column.values]
    rest = description.num_rows - sum(lengths)
    return [*lengths, rest] if rest else lengths


def _warn_of_short_series(dataset: SeriesDataset, description: TableDescription) -> tuple[Notice, ...]:
    """Warn of series with fewer rows than a window needs, as far as the description has their lengths."""
    if dataset.group_by is None:
        return ()
    column = find_column(dataset.group_by, "/dataset/group_by", description)
    needed = dataset.window + dataset.horizon
    short = [entry for entry in column.values if entry.count < needed]
    # The values that are not listed are rarer than those that are.
    num_short = len(short) + (column.num_distinct - len(column.values) if short else 0)
    if not short or num_short >= column.num_distinct:
        return ()
    detail = (
        f"{num_short:,} of {column.num_distinct:,} series, such as '{short[0].value}', have fewer than the {needed} "
        f"rows of a window of {dataset.window} and a target {dataset.horizon} later: none of theirs is used. Shorten "
        "window or horizon, or upload longer series."
    )
    return (Notice("windows_dropped", "/dataset/window", detail),)
