"""Metrics by Keras's names, and all that tells one from another: a row in a table for each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

TOP_K = 5
"""Of how many best answers `top_k_categorical_accuracy` asks whether the right one is among them."""


@dataclass(frozen=True, slots=True)
class MetricTraits:
    """One metric.

    Attributes:
        alias: Keras's short name.
        rises: Whether more is better.
        counts_answers: Whether it counts right answers, so that targets have to be classes or bits.
        most_outputs_always_right: Outputs up to which every answer counts as right.
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
"""Every metric. Its place in models is the table in models/objectives/metrics.py."""

METRIC_ALIASES = {traits.alias: name for name, traits in METRICS.items() if traits.alias}

if TYPE_CHECKING:
    MetricName = str
    MetricAlias = str
else:
    # The names of a schema are those of the table; mypy takes only literals that are written out.
    MetricName = Literal[tuple(METRICS)]
    MetricAlias = Literal[tuple(METRIC_ALIASES)]


def _full_name(value: Any) -> Any:
    return METRIC_ALIASES.get(value, value) if isinstance(value, str) else value


AnyMetricName = Annotated[MetricName, BeforeValidator(_full_name, json_schema_input_type=MetricName | MetricAlias)]
