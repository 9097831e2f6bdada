"""Sample of the requests of one model version: a bounded sample of rows, for a thread that counts them."""

from collections import deque
from dataclasses import dataclass

from core.signatures.signature import ModelSignature
from serving.observation.layout import Tensors

MOST_ROWS_WHOLE = 64
"""Most rows of a request that are kept without a copy; of more, some are copied."""


@dataclass(slots=True)
class ByteBudget:
    """Memory for kept rows of all model versions, until they are counted."""

    num_left: int


class Observer:
    """Samples the requests of one model version; `note` may be called from any thread.

    Args:
        model_name: Name of the model.
        version: Number of the version.
        signature: Signature of the model.
        rows_per_second: Most rows that are kept in a second; 0 keeps none.
        budget: Memory for kept rows.

    Attributes:
        num_rows: Rows noted so far.
        num_kept_bytes: Memory of the inputs that are kept.
    """

    __slots__ = (
        "_budget",
        "_kept",
        "_output",
        "_room",
        "_rows_per_second",
        "model_name",
        "num_kept_bytes",
        "num_rows",
        "signature",
        "version",
    )

    def __init__(
        self, model_name: str, version: int, signature: ModelSignature, rows_per_second: int, budget: ByteBudget
    ) -> None:
        self.model_name = model_name
        self.version = version
        self.signature = signature
        self.num_rows = 0
        self.num_kept_bytes = 0
        self._output = signature.output.name
        self._rows_per_second = rows_per_second
        self._room = rows_per_second
        self._budget = budget
        self._kept: deque[tuple[Tensors, Tensors]] = deque()

    def note(self, inputs: Tensors, outputs: Tensors) -> None:
        """Note a batch that was answered. Keeps references to the arrays: they must not change afterwards.

        Args:
            inputs: Input tensors by name, (n, ...), as the network received them.
            outputs: Output tensors by name, (n, ...).
        """
        num_rows = len(outputs[self._output])
        # Threads that do this at once may lose a count, or keep a few rows more: neither is worth a lock here.
        self.num_rows += num_rows
        if self._room > 0:
            self._keep(inputs, outputs, num_rows)

    def take(self) -> list[tuple[Tensors, Tensors]]:
        """Return the kept batches, and make room for those of the next second."""
        # Those that come meanwhile are taken the next time.
        taken = [self._kept.popleft() for _ in range(len(self._kept))]
        self._room = self._rows_per_second
        self.num_kept_bytes = 0
        return taken

    def close(self) -> None:
        """Keep no more rows."""
        self._rows_per_second = self._room = 0

    def _keep(self, inputs: Tensors, outputs: Tensors, num_rows: int) -> None:
        room = self._room
        if num_rows > MOST_ROWS_WHOLE or num_rows > room:
            # Spread over the batch: clients may send sorted rows.
            step = -(-num_rows // min(room, MOST_ROWS_WHOLE))
            start = self.num_rows % step
            inputs, outputs = (
                {name: tensor[start::step].copy() for name, tensor in tensors.items()} for tensors in (inputs, outputs)
            )
            num_rows = -(-(num_rows - start) // step)
        num_bytes = sum(tensor.nbytes for tensor in inputs.values())
        if num_bytes > self._budget.num_left:
            self._room = 0
            return
        self._budget.num_left -= num_bytes
        self.num_kept_bytes += num_bytes
        self._room = room - num_rows
        self._kept.append((inputs, outputs))
