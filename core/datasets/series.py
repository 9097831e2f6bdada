"""Uploaded data: which of it a run learns from, and how it is prepared."""

from dataclasses import dataclass
from typing import Annotated, Literal, NoReturn

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling, TargetScaling, UploadedDataset
from core.datasets.columns import ColumnChoices, choose_features, find_column
from core.datasets.features import Features
from core.datasets.shape import DatasetShape
from core.datasets.splits import SplitCounts, count_split
from core.datasets.table_split import TableSplit, check_split, count_rows, without_given
from core.errors import reject_spec
from core.signatures.signature import InputKind, Task
from core.specs.base import Bool, PositiveInt, at_most
from core.uploads.description import TableDescription
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


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What a spec makes of a table of series.

    Attributes:
        features: Columns of each step.
        order_by: Column that sorts the rows; null: as they were uploaded.
    """

    features: Features
    order_by: str | None


def shape_of_series(dataset: SeriesDataset, description: TableDescription) -> DatasetShape:
    """Hold a spec against a table, and say what windows come of it.

    Before the rows are read the counts are estimates where values of the target are missing, or windows are lost at
    the borders of a split that a column gives; the trainer has the exact ones.

    Raises:
        InvalidSpec: If the spec asks for what the table does not have, or no window fits.
    """
    plan = plan_series(dataset, description)
    counts, warnings = _count_windows(dataset, description)
    missing = find_column(dataset.target, "/dataset/target", description).num_missing
    if missing:
        lost = (
            f"Windows whose target is one of the {missing:,} rows without a value of '{dataset.target}' are left out."
        )
        warnings = (lost, *warnings)
    width = plan.features.encoded_width
    return DatasetShape(
        task=Task.SEQUENCE,
        input_kind=InputKind.TABLE,
        input_shape=(dataset.window, width),
        network_input_shape=(dataset.window, plan.features.prepared_width),
        target_shape=(1,) if dataset.targets == "last" else (dataset.window, 1),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        columns=plan.features.names,
        embeddings=plan.features.embeddings,
        warnings=(*warnings, *plan.features.warnings),
    )


def plan_series(dataset: SeriesDataset, description: TableDescription) -> SeriesPlan:
    """Choose features and order.

    Raises:
        InvalidSpec: If the spec asks for what the table does not have.
    """
    target = find_column(dataset.target, "/dataset/target", description)
    if target.type not in {"integer", "number"} or not target.num_distinct:
        reject_spec(
            "/dataset/target",
            f"A series forecasts numbers; '{target.name}' holds values of the type {target.type}. Name another column.",
            "target_is_no_number",
        )
    for field in ("order_by", "group_by"):
        name = getattr(dataset, field)
        if name is not None:
            find_column(name, f"/dataset/{field}", description)
    check_split(dataset.split, description)
    if dataset.split.shuffle:
        reject_spec(
            "/dataset/split/shuffle",
            "Windows overlap: drawn at random, those to train on would hold the rows of those held out. Set it false.",
            "windows_overlap",
        )
    if dataset.split.stratify:
        reject_spec(
            "/dataset/split/stratify", "stratify shares out classes; a series has none. Leave it false.", "no_classes"
        )
    order_by = dataset.order_by or dataset.split.order_by
    left_out = {SPLIT_COLUMN, dataset.split.column}
    if dataset.features is None:
        left_out |= {order_by, dataset.group_by}
    left_out.discard(dataset.target)
    return SeriesPlan(choose_features(dataset, description, left_out), order_by)


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
