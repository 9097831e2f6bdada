"""Comparison of what a model version was served with what it was trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from core.observation.stability import LEAST_ROWS, Stability, compare
from core.observation.summaries import AnyBins, ColumnCounts, ColumnSummary, ServedCounts, TrainingSummary
from core.signatures.signature import ModelSignature
from serving.observation.layout import Layout

NO_REFERENCE = (
    "This version has no summary of its training samples: it was uploaded, or trained by an earlier version of the "
    "service. Its rows are counted, but there is nothing to compare them with."
)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column of the input or output.

    Attributes:
        reference: Training samples by bin; None without a summary.
        served: Served rows by bin.
        stability: Comparison of both; None if there are too few rows.
    """

    name: str
    bins: AnyBins
    reference: ColumnCounts | None
    served: ColumnCounts
    stability: Stability | None


@dataclass(frozen=True, slots=True)
class Drift:
    """Columns of a model version.

    Attributes:
        num_rows: Rows that were answered.
        num_watched: Rows of them that were looked at.
        num_left_out: Columns of the input that are not compared.
        reason: Why there is no figure for any column; "" if there is one.
    """

    num_rows: int
    num_watched: int
    inputs: tuple[ColumnDrift, ...]
    outputs: tuple[ColumnDrift, ...]
    num_left_out: int
    reason: str


def find_drift(signature: ModelSignature, reference: TrainingSummary | None, counts: Iterable[ServedCounts]) -> Drift:
    """Add up counts of served rows, and compare them with the training samples.

    Args:
        signature: Signature of the model.
        reference: Its training summary; None if there is none.
        counts: Counts of hours and days. Of other columns or bins than today's only the number of rows is used.
    """
    layout = Layout.of(signature, reference)
    total, num_rows = layout.nothing, 0
    for part in counts:
        num_rows += part.num_rows
        if part.layout == layout.fingerprint:
            total = total.plus(part)
    inputs = _compare_columns(layout.input_columns, () if reference is None else reference.inputs, total.inputs)
    num_left_out = sum(part.reader.num_left_out + len(part.reader.columns) - len(part.names) for part in layout.inputs)
    outputs = _compare_columns(layout.output_columns, () if reference is None else reference.outputs, total.outputs)
    return Drift(
        num_rows=num_rows,
        num_watched=total.num_watched,
        inputs=inputs,
        outputs=outputs,
        num_left_out=num_left_out,
        reason=_explain(reference, (*inputs, *outputs), total.num_watched),
    )


def _compare_columns(
    columns: Sequence[tuple[str, AnyBins]], summaries: Sequence[ColumnSummary], served: Sequence[ColumnCounts]
) -> tuple[ColumnDrift, ...]:
    found = []
    for (name, bins), summary, counts in zip_longest(columns, summaries, served):
        reference = None if summary is None else summary.counts
        found.append(
            ColumnDrift(name, bins, reference, counts, None if reference is None else compare(reference, counts))
        )
    return tuple(found)


def _explain(reference: TrainingSummary | None, columns: Sequence[ColumnDrift], num_watched: int) -> str:
    if reference is None:
        return NO_REFERENCE
    if any(column.stability is not None for column in columns):
        return ""
    if num_watched < LEAST_ROWS:
        return f"{num_watched} served rows were looked at; a comparison needs {LEAST_ROWS}."
    return f"{reference.num_rows} training samples were summarised; a comparison needs {LEAST_ROWS}."
