"""Responses with explanations."""

from collections.abc import Sequence
from typing import Any

from api.explanations.schemas import ColumnContribution, ExplanationReport, HeatMapEntry, RowExplanationEntry
from core.signatures.signature import ModelSignature
from serving.explanations.explanation import Explanation, RowExplanation
from serving.explanations.features import Feature


def describe_explanation(
    model_name: str, version: int, signature: ModelSignature, instances: Sequence[Any], explanation: Explanation
) -> ExplanationReport:
    """Return the response with explanations.

    Args:
        model_name: Name of the model.
        version: The version that was explained.
        signature: Its signature.
        instances: Rows as they were sent.
        explanation: Their explanations.
    """
    return ExplanationReport(
        model=model_name,
        version=version,
        method=explanation.method,
        num_passes=explanation.num_passes,
        explanations=[
            _describe_row(row, explanation.features, _list_values(instance, explanation.features, signature))
            for row, instance in zip(explanation.rows, instances, strict=True)
        ],
    )


def _describe_row(row: RowExplanation, features: Sequence[Feature], values: Sequence[Any]) -> RowExplanationEntry:
    attribution, heat_map = row.attribution, row.heat_map
    if attribution is None:
        if heat_map is None:
            raise ValueError("an explanation has either contributions or a heat map")
        return RowExplanationEntry(
            target=row.number.label,
            output=row.number.place,
            prediction=heat_map.prediction,
            baseline=None,
            contributions=None,
            heat_map=HeatMapEntry(
                cells=heat_map.cells.tolist(), cell_height=heat_map.cell_height, cell_width=heat_map.cell_width
            ),
        )
    errors = attribution.standard_errors
    return RowExplanationEntry(
        target=row.number.label,
        output=row.number.place,
        prediction=attribution.prediction,
        baseline=attribution.baseline,
        contributions=[
            ColumnContribution(
                name=feature.name,
                value=values[place],
                contribution=float(attribution.contributions[place]),
                standard_error=None if errors is None else float(errors[place]),
            )
            for place, feature in enumerate(features)
        ],
        heat_map=None,
    )


def _list_values(instance: Any, features: Sequence[Feature], signature: ModelSignature) -> list[Any]:
    """Return the value of each column of a row, as it was sent; None for a series."""
    if isinstance(instance, dict) and set(instance) == {signature.input.name} and len(features) != 1:
        instance = instance[signature.input.name]
    if isinstance(instance, dict):
        return [instance.get(feature.name) for feature in features]
    is_row = isinstance(instance, list) and len(instance) == len(features) and len(signature.input.shape) == 1
    return list(instance) if is_row else [None] * len(features)
