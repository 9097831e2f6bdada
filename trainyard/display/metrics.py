"""Which of a run's metrics a person wants to see first."""

from collections.abc import Mapping, Sequence

from trainyard.display.formats import format_number
from trainyard.run_answers import MetricSummary

MEASURES = ("loss", "accuracy")
FEW_POINTS = 3


def headline(latest_metrics: Mapping[str, float], *, has_ended: bool = False) -> str:
    """The latest losses and accuracies in one line; of an ended run the test's, where it was tested.

    Such as `loss 0.0123, accuracy 0.99, validation loss 0.02`.
    """
    sources = [("", ("train/", "epoch/train/")), ("validation ", ("epoch/validation/",))]
    if has_ended and any(key.startswith("test/") for key in latest_metrics):
        sources = [("test ", ("test/",))]
    shown = []
    for title, prefixes in sources:
        for measure in MEASURES:
            keys = [prefix + measure for prefix in prefixes if prefix + measure in latest_metrics]
            if keys:
                shown.append(f"{title}{measure} {format_number(latest_metrics[keys[0]])}")
    return ", ".join(shown)


def keys_to_draw(metrics: Sequence[MetricSummary]) -> list[str]:
    """The loss curves worth drawing: by epoch with validation, or by step where there were few epochs."""
    counts = {metric.key: metric.count for metric in metrics}
    by_epoch = [key for key in ("epoch/train/loss", "epoch/validation/loss") if counts.get(key, 0) >= FEW_POINTS]
    if by_epoch:
        return by_epoch
    return [key for key in ("train/loss", "epoch/train/loss") if counts.get(key, 0) > 1][:1]
