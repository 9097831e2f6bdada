"""Scaling of inputs in source: fitted on the training samples alone, computed in 64 bits."""

from dataclasses import replace

from core.code.datasets.base import Loaded
from core.code.draft import Draft
from core.code.source import literal
from core.datasets.augmentation import Augmentation
from core.datasets.base import Scaling
from core.datasets.function import PolynomialFeatures

_FITS = {
    "standardize": ("offset, spread = x_train.mean(axis=0), x_train.std(axis=0)",),
    "min_max": ("offset, spread = x_train.min(axis=0), np.ptp(x_train, axis=0)",),
}


def write_scaling(draft: Draft, scaling: Scaling, loaded: Loaded, dtype: str = "float32") -> None:
    """Scale the columns of all parts, and convert them to what the network reads."""
    cast = "" if dtype == "float64" else f".astype({literal(dtype)})"
    if scaling == "none":
        if cast:
            draft.preparation.add(*(f"x_{part} = x_{part}{cast}" for part in loaded.parts))
        return
    draft.need("import numpy as np")
    draft.preparation.add(
        "# Fitted on the training samples alone. A constant column keeps its scale.",
        'x_train = x_train.astype("float64")',
        *_FITS[scaling],
        "spread = np.where(np.ptp(x_train, axis=0) == 0, 1.0, spread)",
    )
    draft.preparation.add(*(f"x_{part} = ((x_{part} - offset) / spread){cast}" for part in loaded.parts))


def write_powers(draft: Draft, powers: PolynomialFeatures, loaded: Loaded) -> None:
    """Replace x by its powers."""
    draft.need("import numpy as np")
    exponents = f"np.arange({0 if powers.include_bias else 1}, {powers.degree + 1})"
    draft.preparation.add(
        f"exponents = {exponents}",
        *(f'x_{part} = (x_{part}**exponents).astype("float32")' for part in loaded.parts),
    )


def write_factor(draft: Draft, loaded: Loaded, greatest: int, augmentation: Augmentation) -> Loaded:
    """Divide pixels by the greatest one; those that are augmented only then, batch by batch."""
    factor = 1 / greatest
    held_out = [part for part in loaded.parts if part != "train" or not augmentation.is_any]
    scaled = "" if greatest == 1 else f" / {greatest}"
    draft.preparation.add(*(f'x_{part} = x_{part}.astype("float32"){scaled}' for part in held_out))
    return replace(loaded, factor=factor) if augmentation.is_any else loaded
