"""Data that are there without an upload."""

from pathlib import Path

from api.datasets.files import MNIST, missing_files, present_files
from api.datasets.schemas import Dataset
from core.errors import Conflict

DESCRIPTIONS = {
    "binary_addition": "Random pairs of numbers and their sums, as bits; drawn when a run starts.",
    "digits": "1,797 handwritten digits of 8×8 pixels; part of scikit-learn.",
    "function": "Samples of a function of your choice with noise: a regression.",
    "inline": "A small table written in the spec itself.",
    "iris": "150 irises of three species by four measures; part of scikit-learn.",
    MNIST: "70,000 handwritten digits of 28×28 pixels (LeCun et al.); its four files have to be sent once.",
    "time_series": "Windows cut from a function of time, for predicting what follows.",
    "truth_table": "The four rows of a logical operation.",
}


def describe_built_in(datasets_dir: Path, name: str) -> Dataset:
    """One of DESCRIPTIONS as clients see it."""
    files, missing = present_files(datasets_dir, name), missing_files(datasets_dir, name)
    return Dataset(
        name=name,
        kind="built_in",
        description=DESCRIPTIONS[name],
        state="missing" if missing else "ready",
        files=files,
        missing=missing,
        version=None,
        num_versions=0,
        num_bytes=None,
        created_at=None,
    )


def check_not_built_in(name: str) -> None:
    """Keep names that mean something else.

    Raises:
        Conflict: If this is one.
    """
    if name in DESCRIPTIONS:
        raise Conflict(
            f"'{name}' is built in: it can not be uploaded, deleted or downloaded. Uploads need other names, such as "
            f"my-{name.replace('_', '-')}."
        )
