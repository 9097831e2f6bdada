"""First runs of a network after its load: they warm it up, and show what its calls cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import TensorSpec
from serving.rows.tensors import ANY_LENGTH
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.runtime_errors import run_errors

Tensors = dict[str, NDArray[Any]]

LENGTHS = (32, 1, 128, 1024)
"""Lengths tried for axes of any length: a network's filters may need some, and its products one alone."""

MAX_MEASURED_ROWS = 64
BATCH_SECONDS = 0.1
"""A batch is measured only if it is expected to take no longer."""

MIN_TRIALS = 3
MAX_TRIALS = 30
TRIALS_SECONDS = 0.003
"""Calls are repeated for this long: other programs make single ones take longer."""

COMPARED_ROWS = 3
RELATIVE_TOLERANCE = 1e-2
SEED = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """Findings of the first runs of a network.

    Attributes:
        call_seconds: Time of a call besides that of its rows; less than 0 if many rows take longer each than one.
        row_seconds: Time of a row.
        row_size: Numbers of a row as it was measured; a row of more takes longer.
        is_rowwise: True if the outputs of a row do not depend on the others of its batch.
    """

    call_seconds: float
    row_seconds: float
    row_size: int
    is_rowwise: bool

    def estimate_seconds(self, num_rows: int, row_size: int | None = None) -> float:
        """Return the time of a call, by estimate."""
        scale = max(1.0, row_size / self.row_size) if row_size is not None and self.row_size else 1.0
        return self.call_seconds + self.row_seconds * num_rows * scale


def measure(model: LoadedModel) -> Measurement | None:
    """Run a network on rows drawn at random; None if it takes none of them."""
    for length in LENGTHS:
        for draw in (_draw_tensor, _zero_tensor):
            rows = {spec.name: draw(spec, length) for spec in model.signature.inputs}
            measurement = _measure_on(model, rows, is_drawn=draw is _draw_tensor)
            if measurement is not None:
                return measurement
    return None


def size_of_row(inputs: Mapping[str, NDArray[Any]], num_rows: int) -> int:
    """Return the numbers of a row, in all inputs, which need not have been checked."""
    return sum([tensor.size for tensor in inputs.values()]) // max(1, num_rows)


def _measure_on(model: LoadedModel, rows: Tensors, *, is_drawn: bool) -> Measurement | None:
    one = {name: tensor[:1] for name, tensor in rows.items()}
    try:
        model.run(one)
        one_seconds = _time(lambda: model.run(one))
        is_rowwise = is_drawn and _is_rowwise(model, rows)
        num_rows = min(MAX_MEASURED_ROWS, int(BATCH_SECONDS / max(one_seconds, 1e-9)))
        if num_rows > 1:
            batch = {name: np.repeat(tensor[:1], num_rows, axis=0) for name, tensor in rows.items()}
            row_seconds = max(0.0, (_time(lambda: model.run(batch)) - one_seconds) / (num_rows - 1))
        else:
            row_seconds = one_seconds
    except InvalidInstances:
        return None
    except run_errors():
        return None
    return Measurement(one_seconds - row_seconds, row_seconds, size_of_row(one, 1), is_rowwise)


def _time(run: Callable[[], object]) -> float:
    """Return the shortest time of several calls, in seconds."""
    durations: list[float] = []
    while len(durations) < MIN_TRIALS or (len(durations) < MAX_TRIALS and sum(durations) < TRIALS_SECONDS):
        start = perf_counter()
        run()
        durations.append(perf_counter() - start)
    return min(durations)


def _is_rowwise(model: LoadedModel, rows: Tensors) -> bool:
    """Return True if rows have the same outputs together as alone.

    A network that was not trained here may normalise over the batch, or have outputs without a row axis.
    """
    together = model.run(rows)
    for index in range(COMPARED_ROWS):
        alone = model.run({name: tensor[index : index + 1] for name, tensor in rows.items()})
        for name, output in together.items():
            if output.ndim == 0 or len(output) != COMPARED_ROWS or alone[name].shape != (1, *output.shape[1:]):
                return False
            if not _are_close(output[index : index + 1], alone[name]):
                return False
    return True


def _are_close(left: NDArray[Any], right: NDArray[Any]) -> bool:
    if left.dtype.kind == "f":
        scale = float(np.max(np.abs(right), initial=0.0, where=np.isfinite(right)))
        return np.allclose(left, right, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE * scale, equal_nan=True)
    return np.array_equal(left, right)


def _shape(spec: TensorSpec, length: int) -> tuple[int, ...]:
    return (COMPARED_ROWS, *(length if axis == ANY_LENGTH else axis for axis in spec.shape))


def _draw_tensor(spec: TensorSpec, length: int) -> NDArray[Any]:
    random = np.random.default_rng(SEED)
    shape = _shape(spec, length)
    if spec.dtype == "str":
        return random.choice(np.array(["a", "b", "1"], object), shape)
    if spec.dtype.startswith("float"):
        return random.random(shape).astype(spec.dtype)
    # Whole numbers may be indices, of which only the least are surely within bounds.
    return random.integers(0, 2, shape).astype(spec.dtype)


def _zero_tensor(spec: TensorSpec, length: int) -> NDArray[Any]:
    shape = _shape(spec, length)
    return np.full(shape, "", object) if spec.dtype == "str" else np.zeros(shape, spec.dtype)
