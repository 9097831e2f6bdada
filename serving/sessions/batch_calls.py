"""Calls of a network for batches of several requests."""

from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from numpy.typing import NDArray

from serving.sessions.batches import Part, join, part_outputs
from serving.sessions.loaded_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one part of a batch: its outputs, or the error."""

    part: Part
    result: dict[str, NDArray[Any]] | Exception


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Figures of one call of the network; times are nanoseconds."""

    num_rows: int
    input_ns: int
    infer_ns: int
    output_ns: int


class BatchCalls:
    """Calls for one batch.

    Args:
        model: The network.
        pads_to: Most rows that a batch is padded to; 0 for no padding.

    Attributes:
        figures: Of each call that succeeded.
    """

    def __init__(self, model: LoadedModel, *, pads_to: int = 0) -> None:
        self._model = model
        self._pads_to = pads_to
        self.figures: list[CallFigures] = []

    def compute(self, parts: list[Part]) -> list[Outcome]:
        """Compute a batch; if that fails, each part alone, so that only the bad ones fail."""
        now = perf_counter_ns()
        for part in parts:
            part.request.started_at_ns = part.request.started_at_ns or now
        try:
            return self._call(parts)
        # Whatever went wrong, those who wait must be told; each error goes to its own request.
        except Exception as error:  # noqa: BLE001
            if len(parts) == 1:
                return [Outcome(parts[0], error)]
        return [outcome for part in parts for outcome in self.compute([part])]

    def _call(self, parts: list[Part]) -> list[Outcome]:
        num_rows = sum(part.num_rows for part in parts)
        start = perf_counter_ns()
        padded = self._pad(num_rows)
        is_alone = len(parts) == 1 and padded == num_rows
        inputs = parts[0].cut() if is_alone else join(parts, padded)
        joined = perf_counter_ns()
        outputs = self._model.compute(inputs)
        computed = perf_counter_ns()
        is_whole = is_alone and num_rows == parts[0].request.num_rows
        answers = [outputs] if is_whole else part_outputs(outputs, parts, padded)
        self.figures.append(CallFigures(num_rows, joined - start, computed - joined, perf_counter_ns() - computed))
        return [Outcome(part, answer) for part, answer in zip(parts, answers, strict=True)]

    def _pad(self, num_rows: int) -> int:
        """Return the next power of two, as far as batches are padded."""
        return max(num_rows, min(1 << (num_rows - 1).bit_length(), self._pads_to))
