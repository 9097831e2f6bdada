"""Comparison of versions of a model: metrics, specs, data and sizes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from api.registry.schemas import ComparedMetric, ComparedVersion, MetricChange, SpecDifference, VersionComparison
from api.registry.views import describe_data, entry_fields
from core.artifacts import ArtifactStore
from core.specs.metrics import find_direction
from core.version_comparison import ABSENT, find_differences, judge, select_held_out
from db.lineage import Lineage
from db.model_versions import ModelVersion

MAX_DIFFERENCES = 500


def compare(
    model_name: str,
    versions: Sequence[ModelVersion],
    runs: Mapping[int, Lineage],
    networks: Mapping[int, str],
    store: ArtifactStore,
) -> VersionComparison:
    """Compare versions with the first of them.

    Args:
        model_name: Name of the model.
        versions: Two or more, in the order to show them in.
        runs: Their lineage by number; uploads have none.
        networks: The sha256 of their ONNX files, by number.
        store: Has the files.
    """
    compared = [
        ComparedVersion(
            **entry_fields(version),
            data=describe_data(runs.get(version.version)),
            num_bytes=store.find_size(networks[version.version]) if version.version in networks else None,
        )
        for version in versions
    ]
    metrics = {number: select_held_out(run.metrics) for number, run in runs.items()}
    keys = sorted({key for values in metrics.values() for key in values})
    numbers = [version.version for version in versions]
    differences = _compare_specs(numbers, runs)
    return VersionComparison(
        model=model_name,
        versions=compared,
        metrics=[_compare_metric(key, numbers, metrics) for key in keys],
        spec=differences[:MAX_DIFFERENCES],
        num_spec_differences=len(differences),
        remarks=_remark(compared, runs),
    )


def _compare_metric(key: str, numbers: Sequence[int], metrics: Mapping[int, Mapping[str, float]]) -> ComparedMetric:
    values = {number: metrics.get(number, {}).get(key) for number in numbers}
    first = values[numbers[0]]
    return ComparedMetric(
        key=key,
        higher_is_better=find_direction(key),
        values={str(number): value for number, value in values.items() if value is not None},
        changes=[
            MetricChange(
                version=number,
                difference=_subtract(values[number], first),
                verdict=judge(key, values[number], first),
            )
            for number in numbers[1:]
        ],
    )


def _subtract(value: float | None, first: float | None) -> float | None:
    difference = math.nan if value is None or first is None else value - first
    return difference if math.isfinite(difference) else None


def _compare_specs(numbers: Sequence[int], runs: Mapping[int, Lineage]) -> list[SpecDifference]:
    trained = [number for number in numbers if number in runs]
    if not trained:
        return []
    return [
        SpecDifference(
            pointer=pointer,
            values={str(number): value for number, value in zip(trained, values, strict=True) if value is not ABSENT},
        )
        for pointer, values in find_differences([runs[number].spec for number in trained])
    ]


def _remark(versions: Sequence[ComparedVersion], runs: Mapping[int, Lineage]) -> list[str]:
    remarks = []
    uploads = [str(version.version) for version in versions if version.run_id is None]
    if uploads:
        remarks.append(f"Uploaded versions have no metrics, spec or data: {', '.join(uploads)}.")
    trained = [_find_parts(run.spec) for run in runs.values()]
    if any(parts["data"] != trained[0]["data"] for parts in trained):
        remarks.append(
            "The versions were tested on different data or parts of it, so their metrics differ for that too."
        )
    if any(parts["loss"] != trained[0]["loss"] for parts in trained):
        remarks.append("The versions were trained with different losses: their values of the loss do not compare.")
    return remarks


def _find_parts(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a spec that decide what its metrics mean."""
    return {"data": spec.get("dataset"), "loss": (spec.get("training") or {}).get("loss")}
