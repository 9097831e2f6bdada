"""Responses about drift."""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from api.drift.schemas import ColumnNumbers, DriftBin, DriftColumn, DriftLinks, DriftReport
from core.observation.stability import Reading
from core.observation.summaries import AnyBins, ColumnCounts, NumberBins
from serving.observation.comparison import ColumnDrift, Drift

OTHER, MISSING = "(other)", "(missing)"

LEAST_DIGITS, MOST_DIGITS = 3, 17

WHOLE = re.compile("-?[0-9]+")


def describe_drift(model_name: str, version: int, since: datetime | None, drift: Drift) -> DriftReport:
    """Return the response about the drift of a version."""
    columns = (*drift.outputs, *drift.inputs)
    path = f"/v1/registry/models/{model_name}/versions/{version}"
    return DriftReport(
        model=model_name,
        version=version,
        since=since,
        num_rows=drift.num_rows,
        num_watched=drift.num_watched,
        reason=drift.reason or None,
        shifted=[
            column.name
            for column in columns
            if column.stability is not None and column.stability.reading is Reading.SHIFTED
        ],
        predictions=[_describe_column(column) for column in drift.outputs],
        inputs=[_describe_column(column) for column in drift.inputs],
        num_left_out=drift.num_left_out,
        links=DriftLinks(picture=f"{path}/drift.svg", version=path),
    )


def _describe_column(column: ColumnDrift) -> DriftColumn:
    stability = column.stability
    return DriftColumn(
        name=column.name,
        kind=column.bins.kind,
        psi=None if stability is None else stability.psi,
        psi_by_chance=None if stability is None else stability.by_chance,
        reading=None if stability is None else stability.reading,
        reference=None if column.reference is None else _describe_numbers(column.reference, column.bins),
        served=_describe_numbers(column.served, column.bins),
        bins=list(_describe_bins(column)),
    )


def _describe_numbers(counts: ColumnCounts, bins: AnyBins) -> ColumnNumbers:
    moments = counts.moments
    if moments is None or not isinstance(bins, NumberBins):
        return ColumnNumbers(
            num_rows=counts.num_rows, num_missing=counts.missing, mean=None, std=None, least=None, greatest=None
        )
    return ColumnNumbers(
        num_rows=counts.num_rows,
        num_missing=counts.missing,
        mean=_to_number(moments.mean, bins),
        std=math.sqrt(moments.squares / moments.count) * bins.unit,
        least=_to_number(moments.least, bins),
        greatest=_to_number(moments.greatest, bins),
    )


def _describe_bins(column: ColumnDrift) -> Iterator[DriftBin]:
    reference, served = column.reference, column.served
    before = (None,) * len(served.bins) if reference is None else reference.bins
    rows = [
        *zip(_name_bins(column.bins), before, served.bins, strict=True),
        (MISSING, None if reference is None else reference.missing, served.missing),
    ]
    for label, expected, found in rows:
        if expected or found:
            yield DriftBin(label=label, reference=_share(expected, reference), served=_share(found, served))


def _share(rows: int | None, counts: ColumnCounts | None) -> float | None:
    return None if rows is None or counts is None or not counts.num_rows else rows / counts.num_rows


def _name_bins(bins: AnyBins) -> list[str]:
    if not isinstance(bins, NumberBins):
        return [*bins.labels, OTHER]
    if not bins.edges:
        return ["any number"]
    shown = _show_edges(bins)
    ranges = list(pairwise(shown))
    # Of whole numbers in a row the first alone says which one is in the bin.
    are_in_a_row = 2 * sum(_follow(low, high) for low, high in ranges) > sum(low != high for low, high in ranges)
    between = [
        low if low == high or (are_in_a_row and _follow(low, high)) else f"{low} – {high}" for low, high in ranges
    ]
    # The last edge follows the greatest number at once.
    return [f"< {shown[0]}", *between, f"> {shown[-1]}"]


def _follow(low: str, high: str) -> bool:
    """Return True for two whole numbers in a row."""
    return WHOLE.fullmatch(low) is not None and WHOLE.fullmatch(high) is not None and int(high) - int(low) == 1


def _show_edges(bins: NumberBins) -> list[str]:
    """Return the edges as text, with as few digits as keep them apart."""
    if isinstance(bins.origin, int) and bins.origin and bins.unit == 1:
        # Long whole numbers have more digits than a float.
        return [str(bins.origin + round(edge)) for edge in bins.edges]
    half = bins.step / 2
    numbers = [*(edge + half for edge in bins.edges[:-1]), bins.edges[-1] - half]
    shown = [_to_number(number, bins) for number in numbers]
    if all(number.is_integer() for number in numbers[:-1]) and bins.unit == 1:
        # The last edge follows the greatest number at once.
        return [f"{number:.0f}" for number in shown]
    for num_digits in range(LEAST_DIGITS, MOST_DIGITS):
        texts = [_show(number, num_digits) for number in shown]
        if len(set(texts[:-1])) == len(numbers) - 1:
            return texts
    return [_show(number, MOST_DIGITS) for number in shown]


def _show(number: float, num_digits: int) -> str:
    """Return a number of so many significant digits; without an exponent, unless it is very large or small."""
    return f"{float(f'{number:.{num_digits}g}'):.15g}"


def _to_number(distance: float, bins: NumberBins) -> float:
    return float(bins.origin) + distance * bins.unit
