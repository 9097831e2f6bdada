"""Uploaded data: which of it a run learns from, and how it is prepared."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling, TargetScaling, TaskChoice, UploadedDataset
from core.datasets.columns import ColumnChoices, choose_features, find_column
from core.datasets.features import Features
from core.datasets.shape import DatasetShape
from core.datasets.table_split import TableSplit, count_rows
from core.datasets.targets import find_class_labels, find_task
from core.errors import InvalidSpec, Problem
from core.signatures.signature import InputKind, Task
from core.specs.base import at_most
from core.uploads.description import TableDescription
from core.uploads.folder import SPLIT_COLUMN


class TableDataset(UploadedDataset):
    """An uploaded table: some columns in, one to be predicted."""

    name: Literal["table"]
    target: ColumnName
    """Column to predict. Rows without a value there are left out, and counted in the run's warnings."""
    task: TaskChoice = "auto"
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


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What a spec makes of a table.

    Attributes:
        features: Columns to learn from.
        task: Classification or regression.
        class_labels: Of a classification.
    """

    features: Features
    task: Task
    class_labels: tuple[str, ...]


def shape_of_table(dataset: TableDataset, description: TableDescription) -> DatasetShape:
    """Hold a spec against a table, and say what arrays come of it.

    Categories are learned from the training rows. Before these are known, `network_input_shape` counts all categories
    that the table has, and the counts of a table with missing targets and a split of its own are estimates; the
    trainer has the exact ones.

    Raises:
        InvalidSpec: If the spec asks for what the table does not have.
    """
    plan = plan_table(dataset, description)
    target = find_column(dataset.target, "/dataset/target", description)
    num_rows = description.num_rows - target.num_missing
    counts, warnings = count_rows(dataset.split, description, num_rows)
    if target.num_missing:
        warnings = (f"{target.num_missing:,} rows without a value of '{target.name}' are left out.", *warnings)
    return DatasetShape(
        task=plan.task,
        input_kind=InputKind.TABLE,
        input_shape=(plan.features.encoded_width,),
        network_input_shape=(plan.features.prepared_width,),
        target_shape=() if plan.class_labels else (1,),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=plan.class_labels,
        columns=plan.features.names,
        embeddings=plan.features.embeddings,
        warnings=(*warnings, *plan.features.warnings),
    )


def plan_table(dataset: TableDataset, description: TableDescription) -> TablePlan:
    """Choose features and task.

    Raises:
        InvalidSpec: If the spec asks for what the table does not have.
    """
    target = find_column(dataset.target, "/dataset/target", description)
    task = find_task(target, dataset.task, description.num_rows)
    labels: tuple[str, ...] = ()
    if task is Task.CLASSIFICATION:
        are_numbers = target.type in {"integer", "number"}
        labels = find_class_labels(target.values, target.num_distinct, "/dataset/target", are_numbers=are_numbers)
    elif dataset.split.stratify:
        detail = "stratify shares out classes, but the target's values are numbers. Leave it false."
        raise InvalidSpec(detail, [Problem("/dataset/split/stratify", detail, "no_classes")])
    left_out = {dataset.target, SPLIT_COLUMN, dataset.split.column}
    if dataset.features is None:
        left_out.add(dataset.split.order_by)
    return TablePlan(choose_features(dataset, description, left_out), task, labels)
