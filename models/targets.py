"""Targets in the form that a loss compares outputs with."""

import numpy as np
import numpy.typing as npt

from core.dataset_sizes import DatasetShape
from core.signatures import Task
from core.specs.training import Loss
from models.losses import HINGES

Array = npt.NDArray[np.float32] | npt.NDArray[np.int32]


def shape_targets(
    targets: npt.NDArray[np.generic], loss: Loss, shape: DatasetShape, output_shape: tuple[int, ...]
) -> Array:
    """Put targets into the form that the loss and the network's output ask for.

    Args:
        targets: Class numbers of shape (n,), or numbers of shape (n, *shape.target_shape).
        loss: Whose second operand they become.
        shape: Says whether they are classes, and how many.
        output_shape: Of the network for one sample; core.output_fit has found that it fits.

    Returns:
        int32 class numbers (n,) for sparse categorical cross-entropy; otherwise float32 of shape (n, *output_shape),
        classes as 0 and 1, one-hot where there is an output for each; −1 and 1 for the hinge losses.
    """
    if loss.name == "sparse_categorical_crossentropy":
        return targets.astype(np.int32)
    if shape.task is Task.CLASSIFICATION:
        classes = targets.astype(np.intp)
        one_hot = np.eye(len(shape.class_labels), dtype=np.float32)
        shaped = classes[:, None].astype(np.float32) if output_shape == (1,) else one_hot[classes]
    else:
        shaped = targets.astype(np.float32)
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    return shaped * 2 - 1 if is_choice and loss.name in HINGES else shaped
