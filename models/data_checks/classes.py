"""Classes that are absent from the training samples, or from held-out ones."""

import numpy as np

from core.datasets.shape import DatasetShape
from core.datasets.target_warnings import NUM_NAMED, name_classes
from core.notices import Notice
from core.signatures.labels import label_text
from models.arrays.samples import SplitSamples

POINTER = "/dataset/split"


def warn_of_absent_classes(shape: DatasetShape, samples: SplitSamples) -> list[Notice]:
    """Warn of classes that cannot be learned, or that the evaluation says nothing of."""
    labels = shape.class_labels
    if not labels or samples.train.targets.ndim != 1:
        return []
    parts = {"training": samples.train, "validation": samples.validation, "test": samples.test}
    counts = {name: np.bincount(part.targets, minlength=len(labels)) for name, part in parts.items() if len(part)}
    notices = []
    untrained = {
        label_text(labels[number]): sum(int(count[number]) for count in counts.values())
        for number in np.flatnonzero(counts["training"] == 0).tolist()
    }
    if not any(untrained.values()) and len(counts) == 1:
        untrained = {}  # An exercise on given weights may name classes that no row has.
    if untrained:
        is_one = len(untrained) == 1
        detail = (
            f"{'The class' if is_one else f'{len(untrained):,} classes'} {name_classes(untrained)} "
            f"{'has' if is_one else 'have'} no training sample: the network cannot answer "
            f"{'it' if is_one else 'them'}, and every held-out sample of {'it' if is_one else 'them'} counts as wrong. "
            f"Set split.stratify, hold out fewer samples, or add some of {'it' if is_one else 'them'}."
        )
        notices.append(Notice("class_not_trained", POINTER, detail))
    for name in ("validation", "test"):
        if name not in counts:
            continue
        absent = [
            label_text(labels[number])
            for number in np.flatnonzero((counts[name] == 0) & (counts["training"] > 0)).tolist()
        ]
        if absent:
            shown = ", ".join(f"'{label}'" for label in absent[:NUM_NAMED])
            more = f" and {len(absent) - NUM_NAMED:,} more" if len(absent) > NUM_NAMED else ""
            detail = (
                f"{len(absent):,} of {len(labels):,} classes ({shown}{more}) have no {name} sample: the figures of "
                f"{name} say nothing of them. Set split.stratify, or hold out more samples."
            )
            notices.append(Notice("class_not_evaluated", f"{POINTER}/{name}", detail))
    return notices
