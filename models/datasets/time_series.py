"""Windows of a noisy function of time."""

import numpy as np

from core.datasets.shape import DatasetShape
from core.datasets.time_series import TimeSeriesDataset
from models.arrays.distances import shorten
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.function import evaluate, noise
from models.datasets.splits import split_samples
from models.preparation.preparation import Preparation


def load(dataset: TimeSeriesDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Compute the series, cut it into windows and hold some out."""
    parts = split_samples(cut_windows(dataset, context.seed), dataset.split, context.seed)
    return LoadedData(context.shape, parts, Preparation())


def cut_windows(dataset: TimeSeriesDataset, seed: int) -> Samples:
    """Cut every window: inputs (n, window, 1); targets (n, 1), or (n, window, 1) with a target for every step.

    Window i covers points i to i + window - 1; a target lies `horizon` points after the step it belongs to.
    """
    times = np.arange(dataset.num_points, dtype=np.float64) * dataset.time_step
    series = evaluate(dataset.function, times[:, None]) + noise(dataset.noise, dataset.num_points, seed)
    windows = np.lib.stride_tricks.sliding_window_view(series, dataset.window)
    inputs = windows[: dataset.num_samples, :, None]
    following = windows[dataset.horizon : dataset.horizon + dataset.num_samples]
    targets = following[:, :, None] if dataset.targets == "every_step" else following[:, -1:]
    return Samples(shorten(np.ascontiguousarray(inputs)), np.ascontiguousarray(targets))
