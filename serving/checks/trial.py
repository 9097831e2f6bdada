"""Trial of a network: several rows at once are answered like each row alone.

Requests that come together are computed together, so that a network whose answer to a row depends on its neighbours
would answer wrongly, and nobody would notice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.checks.errors import RejectedNetwork
from serving.checks.session import ANY_LENGTH, Network, NetworkTensor, array_of
from serving.errors import show

NUM_ROWS = 3

FREE_LENGTHS = (8, 32, 224, 1)
"""Lengths to try for free axes other than the first, until one suits the network."""

TOLERANCE = 1e-3
"""Largest difference between answers to the same row, relative to the largest number of the output."""

SEED = 7


@dataclass(frozen=True, slots=True)
class TrialOutput:
    """Output in the trial.

    Attributes:
        values: (rows, *shape).
    """

    values: NDArray[Any]

    @property
    def are_probabilities(self) -> bool:
        """Return True if the rows look like probabilities: from 0 to 1, and 1 in total if there are several."""
        values = self.values
        if values.dtype.kind != "f" or values.ndim != 2 or not np.all((values >= 0) & (values <= 1)):  # noqa: PLR2004
            return False
        return values.shape[1] == 1 or bool(np.allclose(values.sum(axis=1), 1, atol=TOLERANCE))


def try_network(network: Network) -> dict[str, TrialOutput]:
    """Run a network on a few rows; returns its outputs by name.

    Raises:
        RejectedNetwork: If it fails, returns another number of rows than it gets, or answers a row otherwise among
            others than alone.
    """
    failure: RejectedNetwork | None = None
    for feeds in _make_feeds(network.inputs):
        try:
            together = _run(network, feeds, NUM_ROWS)
        except RejectedNetwork as error:
            if error.code != "trial_failed":
                raise
            # The first failure says most: the lengths that come later are odd ones.
            failure = failure or error
            continue
        for row in range(NUM_ROWS):
            alone = _run(network, {name: values[row : row + 1] for name, values in feeds.items()}, 1)
            _compare(network, [values[row : row + 1] for values in together], alone)
        return {tensor.name: TrialOutput(values) for tensor, values in zip(network.outputs, together, strict=True)}
    if failure is None:
        raise ValueError("a network has one or more inputs")
    raise failure


def _make_feeds(inputs: tuple[NetworkTensor, ...]) -> Iterator[dict[str, NDArray[Any]]]:
    are_free = any(ANY_LENGTH in (tensor.shape or ()) for tensor in inputs)
    for length in FREE_LENGTHS if are_free else FREE_LENGTHS[:1]:
        for are_zeros in (False, True):
            random = np.random.default_rng(SEED)
            yield {
                tensor.name: array_of(
                    tensor.dtype,
                    (NUM_ROWS, *(length if size == ANY_LENGTH else size for size in tensor.shape or ())),
                    random,
                    are_zeros=are_zeros,
                )
                for tensor in inputs
            }


def _run(network: Network, feeds: dict[str, NDArray[Any]], num_rows: int) -> list[NDArray[Any]]:
    outputs = network.run(feeds)
    for tensor, values in zip(network.outputs, outputs, strict=True):
        if values.ndim == 0 or len(values) != num_rows:
            shape = "×".join(map(str, values.shape)) or "a single value"
            raise RejectedNetwork(
                "wrong_number_of_rows",
                f"The output '{show(tensor.name)}' is {shape} for {num_rows} row{'s' if num_rows > 1 else ''}. Its "
                "first axis must be the number of rows.",
            )
        if 0 in values.shape:
            shape = "×".join(map(str, values.shape))
            raise RejectedNetwork(
                "trial_failed", f"The output '{show(tensor.name)}' is empty in a trial: {shape}. Rows need answers."
            )
    return outputs


def _compare(network: Network, among_others: list[NDArray[Any]], alone: list[NDArray[Any]]) -> None:
    for tensor, first, second in zip(network.outputs, among_others, alone, strict=True):
        if first.shape == second.shape and _are_close(first, second):
            continue
        raise RejectedNetwork(
            "rows_not_independent",
            f"The output '{show(tensor.name)}' for a row is another among other rows than alone, or is random. "
            "Requests that come together are computed together. Export the network in evaluation mode, without "
            "operators across rows and without dynamic quantization.",
        )


def _are_close(first: NDArray[Any], second: NDArray[Any]) -> bool:
    if first.dtype.kind != "f":
        return bool(np.array_equal(first, second))
    wide, other = first.astype(np.float64), second.astype(np.float64)
    finite = np.isfinite(wide)
    scale = float(np.abs(wide[finite]).max(initial=0.0))
    return bool(np.allclose(wide, other, rtol=TOLERANCE, atol=TOLERANCE * max(scale, TOLERANCE), equal_nan=True))
