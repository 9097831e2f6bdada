"""Metrics by Keras's names, and a table of their traits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

TOP_K = 5
"""The k of `top_k_categorical_accuracy`."""


@dataclass(frozen=True, slots=True)
class MetricTraits:
    """Traits of a metric.

    Attributes:
        alias: Keras's short name.
        rises: Whether higher is better.
        counts_answers: Whether it counts correct predictions, and so requires classes or bits.
        most_outputs_always_right: Number of outputs up to which every prediction counts as correct.
    """

    alias: str | None = None
    rises: bool = False
    counts_answers: bool = False
    most_outputs_always_right: int = 0


METRICS = {
    "accuracy": MetricTraits("acc", rises=True, counts_answers=True),
    "top_k_categorical_accuracy": MetricTraits(rises=True, counts_answers=True, most_outputs_always_right=TOP_K),
    "precision": MetricTraits(rises=True, counts_answers=True),
    "recall": MetricTraits(rises=True, counts_answers=True),
    "auc": MetricTraits(rises=True, counts_answers=True),
    "mean_squared_error": MetricTraits("mse"),
    "root_mean_squared_error": MetricTraits("rmse"),
    "mean_absolute_error": MetricTraits("mae"),
    "mean_absolute_percentage_error": MetricTraits("mape"),
    "r2_score": MetricTraits(rises=True),
    "cosine_similarity": MetricTraits(rises=True),
}
"""Every metric; models/objectives/metrics.py has the Keras class of each."""

METRIC_ALIASES = {traits.alias: name for name, traits in METRICS.items() if traits.alias}

if TYPE_CHECKING:
    MetricName = str
    MetricAlias = str
    MetricWord = str
else:
    # The schema takes its names from the table; mypy accepts only literals that are written out.
    MetricName = Literal[tuple(METRICS)]
    MetricAlias = Literal[tuple(METRIC_ALIASES)]
    MetricWord = Literal[(*METRICS, *METRIC_ALIASES)]


def _full_name(value: Any) -> Any:
    return METRIC_ALIASES.get(value, value) if isinstance(value, str) else value


AnyMetricName = Annotated[MetricName, BeforeValidator(_full_name, json_schema_input_type=MetricWord)]


def find_direction(key: str) -> bool | None:
    """Return True if more is better in a curve such as `test/accuracy`, False if less is; None if that is unknown."""
    name = key.rpartition("/")[2]
    if name == "loss":
        return False
    return METRICS[name].rises if name in METRICS else None
