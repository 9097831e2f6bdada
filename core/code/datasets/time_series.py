"""Windows of a noisy function of time, in source."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.function import define_function, noisy
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_scaling
from core.code.source import literal
from core.datasets.time_series import TimeSeriesDataset


def write(draft: Draft, dataset: TimeSeriesDataset, context: SourceContext) -> Loaded:
    """Compute the series, cut it into windows and hold some out."""
    define_function(draft, dataset.function)
    draft.data.add(
        f"WINDOW, HORIZON = {dataset.window}, {dataset.horizon}",
        f"times = np.arange({dataset.num_points}) * {literal(dataset.time_step)}",
        *noisy("series", "function(times[:, None])", dataset.noise, draft),
    )
    is_every_step = dataset.targets == "every_step"
    answer = "after each of its steps" if is_every_step else "after its last step"
    draft.data.add(
        f"# A window of values, and the value HORIZON steps {answer}.",
        "windows = np.lib.stride_tricks.sliding_window_view(series, WINDOW)",
        "inputs = windows[:-HORIZON, :, None]",
        f"targets = windows[HORIZON:, {':, None' if is_every_step else '-1:'}]",
    )
    loaded = write_split(draft, dataset.split, context)
    write_scaling(draft, "none", loaded)
    return loaded
