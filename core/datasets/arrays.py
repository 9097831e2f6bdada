"""Uploaded arrays: samples along the first axis."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from core.datasets.base import Scaling, TargetScaling, TaskChoice, UploadedDataset
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split, suggest_split
from core.datasets.target_warnings import warn_of_classes
from core.datasets.targets import find_class_labels, has_few_whole_numbers
from core.errors import nearest, reject_spec
from core.notices import Notice
from core.signatures.labels import Label
from core.signatures.signature import InputKind, Task
from core.specs.base import Bool
from core.uploads.description import ArrayDescription, ArraysDescription, DatasetDescription
from core.uploads.reading import ColumnType

USUAL_NAMES = {
    "inputs": ("x", "inputs", "images", "data", "features", "x_train", "train_x", "train_inputs", "train_images"),
    "targets": ("y", "targets", "labels", "y_train", "train_y", "train_targets", "train_labels"),
    "test_inputs": ("x_test", "test_x", "test_inputs", "test_images", "t10k_images"),
    "test_targets": ("y_test", "test_y", "test_targets", "test_labels", "t10k_labels"),
}
"""Usual names of arrays, in lower case and with underscores; the first one found is used."""

IMAGE_RANKS = {3, 4}

IMAGE_CHANNELS = {1, 3}

TABLE_RANK = 2


@dataclass(frozen=True, slots=True)
class ChosenArrays:
    """Arrays that a run trains on.

    Attributes:
        inputs: Samples along the first axis.
        targets: Likewise; the inputs array itself if `target_column` is set.
        test_inputs: None if the upload has none.
        test_targets: Likewise.
        target_column: Index of the target's column, from 0; None if the targets are an array of their own.
    """

    inputs: ArrayDescription
    targets: ArrayDescription
    test_inputs: ArrayDescription | None
    test_targets: ArrayDescription | None
    target_column: int | None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (self.inputs.shape[1] - 1,) if self.target_column is not None else self.inputs.shape[1:]

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one target of numbers."""
        return (1,) if self.target_column is not None else self.targets.shape[1:] or (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArraysShape(DatasetShape):
    """Shape of a dataset of uploaded arrays.

    Attributes:
        arrays: Arrays that a run trains on.
    """

    arrays: ChosenArrays


class ArraysDataset(UploadedDataset):
    """Uploaded arrays: samples along the first axis."""

    name: Literal["arrays"]
    inputs: str | None = None
    """Name of an array; null: the one with a usual name (x, X, inputs, images, x_train, …), or the only one."""
    targets: str | None = None
    """Name of an array; null: the one with a usual name (y, targets, labels, y_train, …)."""
    target_column: int | None = None
    """Index of the target's column, if inputs and targets are in one array with two axes; −1 is the last."""
    test_inputs: str | None = None
    """Name of an array; null: the one with a usual name (x_test, …), if there is one."""
    test_targets: str | None = None
    task: TaskChoice = "auto"
    rescale: Bool = True
    """Divide uint8 arrays by 255 before the network."""
    scaling: Scaling = "none"
    """Scaling of arrays with two axes."""
    target_scaling: TargetScaling = "auto"
    """Scaling of the targets of a regression."""
    split: Split = Split()

    def shape(self, description: DatasetDescription | None = None) -> ArraysShape:
        """Find the arrays of the spec, and return their shape.

        Raises:
            DatasetMissing: If nothing was uploaded under the name.
            InvalidSpec: If an array is missing, or the arrays do not match.
        """
        arrays = _choose(self, self.check_upload(description, ArraysDescription))
        task, labels = _find_task(self, arrays.targets, arrays.target_column)
        num_test = arrays.test_inputs.shape[0] if arrays.test_inputs is not None else 0
        counts = count_split(self.split, arrays.inputs.shape[0], num_test)
        return ArraysShape(
            task=task,
            input_kind=InputKind.IMAGE if _is_image(arrays.inputs) else InputKind.TENSOR,
            input_shape=arrays.input_shape,
            network_input_shape=arrays.input_shape,
            target_shape=() if labels else arrays.target_shape,
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            class_labels=labels,
            arrays=arrays,
            warnings=tuple(_warn(arrays, are_classes=bool(labels))),
        )

    def target_scaling_asked(self) -> TargetScaling:
        """Return the scaling of the targets of a regression."""
        return self.target_scaling

    @classmethod
    def suggest(cls, description: DatasetDescription) -> dict[str, Any] | None:
        """Return fields of a first spec; the target of a single array is its last column."""
        if not isinstance(description, ArraysDescription):
            return None
        most = max((array.shape[0] for array in description.arrays if array.shape), default=0)
        has_test = any("test" in array.name.lower() for array in description.arrays)
        column = {"target_column": -1} if len(description.arrays) == 1 else {}
        return {"name": cls.source_name(), "split": suggest_split(most, ["test"] if has_test else []), **column}


def _choose(dataset: ArraysDataset, description: ArraysDescription) -> ChosenArrays:
    inputs = _find(dataset, description, "inputs")
    if inputs is None:
        inputs = _only(dataset, description)
    if not inputs.shape:
        reject_spec("/dataset/inputs", f"The array '{inputs.name}' is a single number.", "no_samples")
    targets = None if dataset.target_column is not None else _find(dataset, description, "targets")
    column = _target_column(dataset, inputs, description) if targets is None else None
    targets = targets or inputs
    test_inputs, test_targets = (_find(dataset, description, field) for field in ("test_inputs", "test_targets"))
    if column is not None and test_inputs is not None:
        test_targets = test_inputs
    _check_arrays(dataset, inputs, targets, test_inputs, test_targets)
    return ChosenArrays(inputs, targets, test_inputs, test_targets, column)


def _find(dataset: ArraysDataset, description: ArraysDescription, field: str) -> ArrayDescription | None:
    asked = getattr(dataset, field)
    if asked is not None:
        array = description.array(asked)
        if array is None:
            detail = f"There is no array '{asked}'.{nearest(asked, [array.name for array in description.arrays])}"
            reject_spec(f"/dataset/{field}", detail, "unknown_array")
        return array
    return find_usual_array(description, field)


def find_usual_array(description: ArraysDescription, field: str) -> ArrayDescription | None:
    """Return the array that has one of the usual names of a field of USUAL_NAMES, if there is one."""
    name = find_usual_name([array.name for array in description.arrays], field)
    return None if name is None else description.array(name)


def find_usual_name(names: Collection[str], field: str) -> str | None:
    """Return the first of these names that is a usual one for a field of USUAL_NAMES, if there is one."""
    by_plain_name = {_plain(name): name for name in reversed(list(names))}
    return next((by_plain_name[usual] for usual in USUAL_NAMES[field] if usual in by_plain_name), None)


def _plain(name: str) -> str:
    plain = name.lower().replace("-", "_").replace(".", "_")
    return plain.removesuffix("_ubyte").removesuffix("_idx1").removesuffix("_idx3")


def _only(dataset: ArraysDataset, description: ArraysDescription) -> ArrayDescription:
    if len(description.arrays) != 1:
        names = ", ".join(array.name for array in description.arrays)
        detail = f"Expected the name of the array of '{dataset.dataset}' that holds the inputs. Choose one of {names}."
        reject_spec("/dataset/inputs", detail, "no_inputs")
    return description.arrays[0]


def _target_column(dataset: ArraysDataset, inputs: ArrayDescription, description: ArraysDescription) -> int:
    names = ", ".join(array.name for array in description.arrays)
    column = dataset.target_column
    if column is None:
        reject_spec(
            "/dataset/targets",
            f"No array has a usual name for targets; there are {names}. Name it, or set target_column if the targets "
            f"are a column of '{inputs.name}'.",
            "no_targets",
        )
    if len(inputs.shape) != TABLE_RANK or inputs.shape[1] < 2:  # noqa: PLR2004 - a target and an input
        detail = f"target_column needs an array of at least two columns; '{inputs.name}' has shape {inputs.shape}."
        reject_spec("/dataset/target_column", detail, "not_a_table")
    width = inputs.shape[1]
    if not -width <= column < width:
        detail = f"'{inputs.name}' has {width} columns, numbered 0 to {width - 1}; there is no column {column}."
        reject_spec("/dataset/target_column", detail, "unknown_column")
    return column % width


def _check_arrays(
    dataset: ArraysDataset,
    inputs: ArrayDescription,
    targets: ArrayDescription,
    test_inputs: ArrayDescription | None,
    test_targets: ArrayDescription | None,
) -> None:
    used = {array.name: array for array in (inputs, targets, test_inputs, test_targets) if array is not None}
    for array in used.values():
        if not array.dtype.startswith(("int", "uint", "float", "bool")):
            reject_spec("/dataset", f"The array '{array.name}' holds {array.dtype}, not numbers.", "not_numbers")
        if array.num_not_finite:
            detail = f"The array '{array.name}' holds {array.num_not_finite:,} NaN or infinite numbers. Replace them."
            reject_spec("/dataset", detail, "not_finite")
        if not array.shape or 0 in array.shape:
            reject_spec("/dataset", f"The array '{array.name}' has shape {array.shape}: no samples.", "no_samples")
    _check_lengths("/dataset/targets", inputs, targets)
    if (test_inputs is None) != (test_targets is None):
        there = test_inputs or test_targets
        detail = f"'{there.name if there else ''}' is for test. Expected both inputs and targets for test."
        reject_spec("/dataset/test_inputs", detail, "half_a_test")
    if test_inputs is not None and test_targets is not None:
        _check_lengths("/dataset/test_targets", test_inputs, test_targets)
        for one, other in ((inputs, test_inputs), (targets, test_targets)):
            if one.shape[1:] != other.shape[1:]:
                detail = f"'{one.name}' has shape {one.shape}, '{other.name}' {other.shape}. Expected one shape."
                reject_spec("/dataset/test_inputs", detail, "shapes_differ")
    if dataset.scaling != "none" and len(inputs.shape) > TABLE_RANK:
        detail = f"scaling needs arrays with two axes; '{inputs.name}' has shape {inputs.shape}. Set it to none."
        reject_spec("/dataset/scaling", detail, "scaling_does_not_fit")


def _check_lengths(pointer: str, inputs: ArrayDescription, targets: ArrayDescription) -> None:
    if inputs.shape[0] != targets.shape[0]:
        detail = (
            f"'{inputs.name}' holds {inputs.shape[0]:,} samples, '{targets.name}' {targets.shape[0]:,} targets. "
            "Expected one target for each sample."
        )
        reject_spec(pointer, detail, "lengths_differ")


def _find_task(dataset: ArraysDataset, targets: ArrayDescription, column: int | None) -> tuple[Task, tuple[Label, ...]]:
    is_rank_one = column is None and len(targets.shape) == 1
    is_classes = is_rank_one and has_few_whole_numbers(targets.values, len(targets.values))
    if dataset.task == "classification" or (dataset.task == "auto" and is_classes):
        if not is_rank_one or not targets.values:
            detail = (
                "Classes must be an array with one axis and at most 1,000 different whole numbers; "
                f"'{targets.name}' has shape {targets.shape} and type {targets.dtype}."
            )
            reject_spec("/dataset/task", detail, "no_classes")
        type_: ColumnType = "boolean" if targets.dtype == "bool" else "integer"
        labels = find_class_labels(targets.values, len(targets.values), "/dataset/targets", type_)
        return Task.CLASSIFICATION, labels
    if dataset.split.stratify:
        detail = "stratify needs classes, but this dataset's targets are numbers. Set it to false."
        reject_spec("/dataset/split/stratify", detail, "no_classes")
    has_steps = column is None and len(targets.shape) > TABLE_RANK
    return Task.SEQUENCE if has_steps else Task.REGRESSION, ()


def _warn(arrays: ChosenArrays, *, are_classes: bool) -> list[Notice]:
    inputs, targets = arrays.inputs, arrays.targets
    notices = []
    if inputs.least is not None and inputs.least == inputs.greatest:
        detail = f"The array '{inputs.name}' is {inputs.least:g} everywhere: nothing can be learned."
        notices.append(Notice("constant_inputs", "/dataset/inputs", f"{detail} Choose another array."))
    if are_classes:
        notices += warn_of_classes(targets.values, "/dataset/targets")
    elif arrays.target_column is None and targets.least is not None and targets.least == targets.greatest:
        detail = f"The array '{targets.name}' is {targets.least:g} everywhere: there is nothing to learn."
        notices.append(Notice("constant_target", "/dataset/targets", f"{detail} Choose another array."))
    return notices


def _is_image(inputs: ArrayDescription) -> bool:
    rank = len(inputs.shape)
    return (
        inputs.dtype == "uint8"
        and rank in IMAGE_RANKS
        and (rank == min(IMAGE_RANKS) or inputs.shape[-1] in IMAGE_CHANNELS)
    )
