"""Columns of a model version that are counted, with their bins."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from core.observation.bins import MOST_CATEGORIES, category_bins, count, standard_number_bins
from core.observation.columns import ColumnReader, WatchedColumn, read_inputs, read_outputs, read_with_origins
from core.observation.summaries import AnyBins, ColumnCounts, ColumnSummary, NumberBins, ServedCounts, TrainingSummary
from core.signatures.signature import ModelSignature, TensorSpec

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class TensorLayout:
    """Columns of one tensor.

    Attributes:
        tensor: Name of the tensor.
        names: Names of the columns.
        bins: Bins of each column.
        reader: Reads their numbers; may read further columns, which are not counted.
    """

    tensor: str
    names: tuple[str, ...]
    bins: tuple[AnyBins, ...]
    reader: ColumnReader

    def count(self, batch: NDArray[Any]) -> list[ColumnCounts]:
        """Count the rows of a batch by column and bin."""
        origins = [bins.origin if isinstance(bins, NumberBins) else 0 for bins in self.bins]
        origins += [0] * (len(self.reader.columns) - len(origins))
        numbers = read_with_origins(self.reader, batch, origins)
        return [count(values, bins) for values, bins in zip(numbers, self.bins, strict=False)]


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a model version.

    Attributes:
        inputs: Those of each input tensor.
        output: Those of the first output tensor.
        fingerprint: Identifies the columns and bins: counts of equal layouts can be added.
    """

    inputs: tuple[TensorLayout, ...]
    output: TensorLayout
    fingerprint: str

    @classmethod
    def of(cls, signature: ModelSignature, reference: TrainingSummary | None) -> Self:
        """Return the layout of a model: the bins of its training summary, or standard ones if there is none."""
        inputs = tuple(
            _lay_out(spec.name, reader, () if reference is None else reference.inputs)
            for spec, reader in _read_each_input(signature)
        )
        outputs = () if reference is None else reference.outputs
        output = _lay_out(signature.output.name, read_outputs(signature), outputs)
        parts = [(part.names, [bins.model_dump_json() for bins in part.bins]) for part in (*inputs, output)]
        return cls(inputs, output, f"{zlib.crc32(repr(parts).encode(errors='surrogatepass')):08x}")

    @property
    def input_columns(self) -> list[tuple[str, AnyBins]]:
        """Return the name and bins of each column of the inputs."""
        is_only = len(self.inputs) == 1
        return [
            (name if is_only else f"{part.tensor} {name}", bins)
            for part in self.inputs
            for name, bins in zip(part.names, part.bins, strict=True)
        ]

    @property
    def output_columns(self) -> list[tuple[str, AnyBins]]:
        """Return the name and bins of each column of the output."""
        return list(zip(self.output.names, self.output.bins, strict=True))

    @property
    def nothing(self) -> ServedCounts:
        """Return the counts of no rows."""
        inputs, outputs = (
            tuple(ColumnCounts(bins=(0,) * bins.num_bins) for _, bins in columns)
            for columns in (self.input_columns, self.output_columns)
        )
        return ServedCounts(layout=self.fingerprint, num_rows=0, num_watched=0, inputs=inputs, outputs=outputs)

    def count(self, inputs: Tensors, outputs: Tensors) -> ServedCounts:
        """Count the rows of a batch.

        Args:
            inputs: Input tensors by name, (n, ...), as the network received them.
            outputs: Output tensors by name, (n, ...).
        """
        answers = outputs[self.output.tensor]
        return ServedCounts(
            layout=self.fingerprint,
            num_rows=0,
            num_watched=len(answers),
            inputs=tuple(counts for part in self.inputs for counts in part.count(inputs[part.tensor])),
            outputs=tuple(self.output.count(answers)),
        )


def _read_each_input(signature: ModelSignature) -> list[tuple[TensorSpec, ColumnReader]]:
    specs = signature.inputs
    readers = [
        read_inputs(signature.input_kind, spec.shape, signature.columns, signature.table, spec.dtype) for spec in specs
    ]
    return list(zip(specs, readers, strict=True))


def _lay_out(tensor: str, reader: ColumnReader, summaries: Sequence[ColumnSummary]) -> TensorLayout:
    if summaries:
        # The last columns may have been left out of the summary.
        return TensorLayout(
            tensor, tuple(part.name for part in summaries), tuple(part.bins for part in summaries), reader
        )
    return TensorLayout(
        tensor, tuple(column.name for column in reader.columns), tuple(map(_standard_bins, reader.columns)), reader
    )


def _standard_bins(column: WatchedColumn) -> AnyBins:
    if column.labels:
        return category_bins(range(min(len(column.labels), MOST_CATEGORIES)), column.labels)
    return standard_number_bins(origin=column.origin, unit=column.unit)
