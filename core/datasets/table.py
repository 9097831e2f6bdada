"""Uploaded tables: rows of named columns."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core.datasets.base import MAX_COLUMNS, ColumnName, Scaling, TargetScaling, TaskChoice, UploadedDataset
from core.datasets.columns import ColumnChoices, choose_features, find_column
from core.datasets.features import TableShape
from core.datasets.identities import find_identity
from core.datasets.order_warnings import warn_of_split_order
from core.datasets.splits import suggest_split
from core.datasets.table_split import TableSplit, count_rows
from core.datasets.target_warnings import warn_of_target
from core.datasets.targets import find_class_labels, find_task
from core.errors import InvalidSpec, Problem
from core.signatures.labels import Label
from core.signatures.signature import InputKind, Task
from core.specs.base import at_most
from core.uploads.description import ColumnDescription, DatasetDescription, TableDescription
from core.uploads.folder import SPLIT_COLUMN


class TableDataset(UploadedDataset):
    """Uploaded table of named columns, one of which is predicted."""

    name: Literal["table"]
    target: Annotated[ColumnName, Field(examples=["species"])]
    """Column to predict. Rows without a target are left out; the run's warnings give their number."""
    task: TaskChoice = "auto"
    features: Annotated[tuple[ColumnName, ...] | None, at_most(MAX_COLUMNS)] = None
    """Feature columns; null: all but the target and those of the split."""
    exclude: Annotated[tuple[ColumnName, ...], at_most(MAX_COLUMNS)] = ()
    """Columns that are not features, such as identifiers."""
    columns: ColumnChoices = Field(default_factory=dict, examples=[{"color": {"type": "category"}}])
    """Preparation, by column."""
    scaling: Scaling = "standardize"
    """Scaling of numbers and dates."""
    target_scaling: TargetScaling = "auto"
    """Scaling of the target of a regression."""
    split: TableSplit = TableSplit(validation=0.2, test=0.2)

    def shape(self, description: DatasetDescription | None = None) -> TableShape:
        """Check the spec against a table, and return the shape of its arrays.

        Categories are learned from the training rows. Before these are read, `network_input_shape` counts all
        categories of the table, and the counts of a table with missing targets and a split of its own are estimates;
        the trainer has the exact ones.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If the spec does not match the table.
        """
        table = self.check_upload(description, TableDescription)
        target = find_column(self.target, "/dataset/target", table)
        task = find_task(target, self.task, table.num_rows)
        labels = self._find_labels(task, target)
        left_out = {self.target, SPLIT_COLUMN, self.split.column}
        if self.features is None:
            left_out.add(self.split.order_by)
        features = choose_features(self, table, left_out)
        counts, warnings = count_rows(self.split, table, table.num_rows - target.num_missing)
        order = warn_of_split_order(self.split, table)
        warnings = (*warn_of_target(target, table, are_classes=bool(labels)), *warnings, *order)
        return TableShape(
            task=task,
            input_kind=InputKind.TABLE,
            input_shape=(features.encoded_width,),
            network_input_shape=(features.prepared_width,),
            target_shape=() if labels else (1,),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            class_labels=labels,
            columns=features.names,
            embeddings=features.embeddings,
            target_name=self.target,
            warnings=(*warnings, *features.warnings),
            features=features,
        )

    def _find_labels(self, task: Task, target: ColumnDescription) -> tuple[Label, ...]:
        if task is Task.CLASSIFICATION:
            return find_class_labels(target.values, target.num_distinct, "/dataset/target", target.type)
        if self.split.stratify:
            detail = "stratify needs classes, but the target's values are numbers. Set it to false."
            raise InvalidSpec(detail, [Problem("/dataset/split/stratify", detail, "no_classes")])
        return ()

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the target of a regression."""
        return self.target_scaling

    @classmethod
    def suggest(cls, description: DatasetDescription) -> dict[str, Any] | None:
        """Return fields of a first spec; the target is the last column with at least two different values.

        Columns that number or name the rows are neither target nor features.
        """
        if not isinstance(description, TableDescription):
            return None
        target = _guess_target(description)
        if target is None:
            return None
        identities = [name for name in _list_identities(description) if name != target]
        exclude = {"exclude": identities} if 0 < len(identities) < len(description.columns) - 1 else {}
        split = suggest_split(description.num_rows, [name for name, count in description.splits.items() if count])
        return {"name": cls.source_name(), "target": target, "split": split, **exclude}


def _guess_target(description: TableDescription) -> str | None:
    useful = [column for column in reversed(description.columns) if column.num_distinct > 1 and column.type != "date"]
    identities = _list_identities(description)
    telling = (column for column in useful if column.name not in identities)
    return next((column.name for column in (*telling, *useful)), None)


def _list_identities(description: TableDescription) -> list[str]:
    columns = enumerate(description.columns)
    return [column.name for place, column in columns if find_identity(description, place)]
