"""Shadow versions: they receive the requests of another version, and their answers are compared and never returned."""

import asyncio
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.monitoring.instruments import Instruments
from api.served_models.loading import ModelLoader
from core.errors import TrainyardError
from core.served_models import ServedVersion
from core.signatures.signature import ModelSignature
from serving.answers import class_scores, has_class_per_row

logger = logging.getLogger(__name__)

Tensors = Mapping[str, NDArray[Any]]

MAX_IN_PROGRESS = 64
"""Requests of shadows in progress; further ones are left out, and counted as such."""

RELATIVE_TOLERANCE = 1e-3

ABSOLUTE_TOLERANCE = 1e-5


class Comparison(StrEnum):
    """Result of the comparison of a row."""

    SAME = "same"
    """The same class; or the same numbers, within a thousandth."""
    DIFFERENT = "different"
    FAILED = "failed"
    """The shadow has no answer: it cannot be loaded, or its inputs differ."""
    LEFT_OUT = "left_out"
    """Too many requests of shadows were in progress."""


class Shadows:
    """Sends requests to shadow versions, after the response.

    Args:
        loader: Loads networks.
        instruments: Counts the compared rows.
    """

    def __init__(self, loader: ModelLoader, instruments: Instruments) -> None:
        self._loader = loader
        self._instruments = instruments
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self,
        model_name: str,
        version: int,
        shadow: ServedVersion,
        signature: ModelSignature,
        inputs: Tensors,
        outputs: Tensors,
    ) -> None:
        """Send a request to a shadow, without waiting.

        Args:
            model_name: Name of the model.
            version: Version that answered.
            shadow: Version to compare with.
            signature: Signature of the version that answered.
            inputs: Inputs of the request.
            outputs: Outputs of the version that answered.
        """
        num_rows = len(outputs[signature.output.name])
        if len(self._tasks) >= MAX_IN_PROGRESS:
            self._instruments.count_shadow(model_name, version, shadow.version, Comparison.LEFT_OUT, num_rows)
            return
        work = self._compare(model_name, version, shadow, signature, inputs, outputs)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for comparisons in progress."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _compare(
        self,
        model_name: str,
        version: int,
        shadow: ServedVersion,
        signature: ModelSignature,
        inputs: Tensors,
        outputs: Tensors,
    ) -> None:
        count = self._instruments.count_shadow
        num_rows = len(outputs[signature.output.name])
        try:
            lane = self._loader.find(shadow) or await self._loader.load(model_name, shadow)
            if lane.model.signature != signature and not _take_the_same(lane.model.signature, signature):
                count(model_name, version, shadow.version, Comparison.FAILED, num_rows)
                return
            answered = await lane.run(inputs, num_rows)
        except TrainyardError as error:
            logger.warning("The shadow %d of '%s' has no answer: %s", shadow.version, model_name, error.detail)
            count(model_name, version, shadow.version, Comparison.FAILED, num_rows)
            return
        except Exception:
            # Nothing awaits this task, so nothing else would report the error.
            logger.exception("The shadow %d of '%s' failed.", shadow.version, model_name)
            count(model_name, version, shadow.version, Comparison.FAILED, num_rows)
            return
        num_same = count_same(outputs[signature.output.name], answered[lane.model.signature.output.name], signature)
        count(model_name, version, shadow.version, Comparison.SAME, num_same)
        count(model_name, version, shadow.version, Comparison.DIFFERENT, num_rows - num_same)


def count_same(first: NDArray[Any], second: NDArray[Any], signature: ModelSignature) -> int:
    """Return the number of rows with the same class, or with the same numbers within a thousandth.

    Args:
        first: (num_rows, *output shape).
        second: Outputs of another version for the same rows.
        signature: Signature of the first version.
    """
    if first.shape != second.shape:
        return 0
    if has_class_per_row(signature):
        if first.shape[1] == 1:
            same = (first[:, 0] >= signature.threshold) == (second[:, 0] >= signature.threshold)
        else:
            same = class_scores(first, signature).argmax(axis=1) == class_scores(second, signature).argmax(axis=1)
        return int(same.sum())
    if first.dtype.kind not in "fiu":
        return int((first == second).reshape(len(first), -1).all(axis=1).sum())
    is_close = np.isclose(first, second, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, equal_nan=True)
    return int(is_close.reshape(len(first), -1).all(axis=1).sum())


def _take_the_same(one: ModelSignature, other: ModelSignature) -> bool:
    """Return True if rows that were read for one model can be given to another."""
    return (one.inputs, one.input_kind, one.columns, one.table, one.class_labels, one.pixel_range) == (
        other.inputs,
        other.input_kind,
        other.columns,
        other.table,
        other.class_labels,
        other.pixel_range,
    )
