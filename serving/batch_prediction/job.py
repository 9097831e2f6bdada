"""A batch prediction from its order to its result."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batch_predictions import AnswerKind, BatchPlan, BatchProgress, OnError, RefusedRow
from core.errors import InvalidInput, InvalidInstances
from core.uploads.folder import DatasetFolder
from serving.batch_prediction.answers import ERROR, NOT_A_NUMBER, ROW, AnswerColumn, list_columns, read_answers
from serving.batch_prediction.carried import open_carried
from serving.batch_prediction.columns import Refusals
from serving.batch_prediction.parts import PartAnswers, PartFolder
from serving.batch_prediction.results import write_result
from serving.batch_prediction.sources import RowSource, open_source
from serving.batch_prediction.sql import connect
from serving.sessions.loaded_model import LoadedModel

logger = logging.getLogger(__name__)

Report = Callable[[BatchProgress], None]


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Order to predict, with the places of its files.

    Attributes:
        network: The ONNX file.
        signature: The signature, a JSON file.
        dataset: Folder of the dataset.
        plan: Rows to answer, and the columns and the format of the result.
        parts: Folder of the parts, the same for all attempts.
        scratch: Existing folder of the attempt.
        attempt: Number of the attempt.
        name: Name of the result without its suffix.
    """

    network: Path
    signature: Path
    dataset: Path
    plan: BatchPlan
    parts: Path
    scratch: Path
    attempt: int
    name: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Result of a batch prediction.

    Attributes:
        result: The file, in the scratch folder.
        num_refused: Rows without an answer.
        refused_rows: The first of them.
    """

    result: Path
    num_refused: int
    refused_rows: tuple[RefusedRow, ...]


def predict_dataset(order: BatchOrder, report: Report) -> BatchOutcome:
    """Answer the rows of a dataset, go on from the parts of earlier attempts, and write the result.

    Args:
        order: What to predict.
        report: Called with the progress after each part.

    Raises:
        ArtifactCorrupt: If the network cannot be loaded.
        DatasetMissing: If the dataset is not on this machine.
        InvalidInput: If a row cannot be answered and the plan says to fail; or the result has no form in its format.
    """
    plan, folder = order.plan, DatasetFolder(order.dataset)
    description = folder.read_description().description
    model = LoadedModel.from_files(order.network, order.signature)
    columns = list_columns(model.signature, plan.answers)
    carried = open_carried(folder, description, plan.columns)
    with (
        open_source(folder, description, model.signature, plan.arrays, order.scratch) as source,
        connect([folder.path, order.parts], order.scratch) as connection,
    ):
        bounds = list(_divide(plan, source.rows_a_part))
        parts = PartFolder(order.parts, _describe(order), order.attempt, bounds)
        meter = _Meter(plan.num_rows - sum(stop - start for start, stop in parts.missing), report)
        for start, stop in parts.missing:
            answers = _answer_part(model, source, columns, plan, start, stop)
            parts.write(connection, answers, columns, carried, len(plan.columns))
            meter.add(stop - start)
        num_refused, refused_rows = parts.count_refused(connection)
        result = order.scratch / f"{order.name}.{plan.format}"
        values_shape = model.signature.output.shape if plan.answers is AnswerKind.VALUES else ()
        write_result(connection, parts.paths, _name_columns(plan, columns), result, plan.format, values_shape)
    return BatchOutcome(result, num_refused, refused_rows)


class _Meter:
    """Counts rows, and reports them with their rate."""

    def __init__(self, num_done: int, report: Report) -> None:
        self._num_done = self._num_before = num_done
        self._report = report
        self._started = time.monotonic()
        report(BatchProgress(num_done))

    def add(self, num_rows: int) -> None:
        """Count rows that are stored."""
        self._num_done += num_rows
        seconds = time.monotonic() - self._started
        rate = (self._num_done - self._num_before) / seconds if seconds else None
        self._report(BatchProgress(self._num_done, rate))


def _divide(plan: BatchPlan, rows_a_part: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of the parts: they depend on the order alone, so that all attempts have the same."""
    return pairwise([*range(plan.start, plan.stop, rows_a_part), plan.stop])


def _describe(order: BatchOrder) -> str:
    """Return a text that is equal for orders of the same result: files are named by their content."""
    return f"{order.network.name} {order.signature.name} {order.dataset.name} {order.plan.model_dump_json()}"


def _answer_part(
    model: LoadedModel,
    source: RowSource,
    columns: tuple[AnswerColumn, ...],
    plan: BatchPlan,
    start: int,
    stop: int,
) -> PartAnswers:
    pieces: list[list[NDArray[Any]]] = []
    refusals: Refusals = {}
    for first in range(start, stop, source.rows_at_once):
        rows = source.read(first, min(first + source.rows_at_once, stop))
        found = dict(rows.refusals)
        num_rows = len(next(iter(rows.inputs.values())))
        outputs = _compute(model, rows.inputs, found, range(num_rows))
        values, is_known = read_answers(outputs, model.signature, plan.answers)
        for place in np.flatnonzero(~is_known).tolist():
            found.setdefault(place, NOT_A_NUMBER)
        if found and plan.on_error is OnError.FAIL:
            place = min(found)
            raise InvalidInput(
                f"Row {first + place} cannot be answered. {found[place]} Correct it, or set on_error to continue."
            )
        refusals |= {first - start + place: reason for place, reason in found.items()}
        pieces.append(values)
    joined = [np.concatenate([piece[place] for piece in pieces]) for place in range(len(columns))]
    return PartAnswers(start, joined, refusals)


def _compute(
    model: LoadedModel, inputs: Mapping[str, NDArray[Any]], refusals: Refusals, places: range
) -> Mapping[str, NDArray[Any]]:
    """Run the network; rows that it rejects, such as those with an index out of range, are found by halving."""
    taken = {name: values[places.start : places.stop] for name, values in inputs.items()}
    try:
        return model.run(taken)
    except InvalidInstances as error:
        if len(places) == 1:
            refusals.setdefault(places.start, error.detail)
            return {tensor.name: np.full((1, *tensor.shape), np.nan, np.float32) for tensor in model.signature.outputs}
        middle = places.start + len(places) // 2
        halves = [
            _compute(model, inputs, refusals, half)
            for half in (range(places.start, middle), range(middle, places.stop))
        ]
        return {name: np.concatenate([half[name] for half in halves]) for name in halves[0]}


def _name_columns(plan: BatchPlan, columns: tuple[AnswerColumn, ...]) -> dict[str, str]:
    """Return the column of a part by its name in the result, in order."""
    named = {ROW: ROW} | {name: f"k{place}" for place, name in enumerate(plan.columns)}
    named |= {column.name: f"a{place}" for place, column in enumerate(columns)}
    return named | ({ERROR: ERROR} if plan.on_error is OnError.CONTINUE else {})
