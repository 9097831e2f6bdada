"""Samples that describe normal requests of a model, whose summary is stored with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.datasets.shape import DatasetShape
from core.networks.layer_table import LayerRow
from core.observation.bins import Numbers, count, fit_category_bins, fit_number_bins
from core.observation.columns import ColumnReader, WatchedColumn, read_inputs, read_with_origins
from core.observation.stability import LEAST_ROWS
from core.observation.summaries import ColumnSummary
from models.arrays.distances import LARGEST_EXACT
from models.arrays.samples import Samples, SplitSamples
from models.seeds import random_generator

MOST_ROWS = 20_000
"""Most training samples that are summarised."""

MOST_NUMBERS = 1 << 24
"""Most numbers that are read for it, but at least those of FEW_ROWS."""

FEW_ROWS = 500

NUMBERS_AT_ONCE = 1 << 21

MOST_ANSWERS = 5_000
"""Most samples whose answers are summarised."""

MOST_ANSWER_FLOPS = 4_000_000_000
"""Most floating-point operations for the answers, unless LEAST_ROWS take more: about a quarter of a second."""

MOST_ANSWER_NUMBERS = 1 << 22

SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class WatchedSamples:
    """Summary of training inputs, and inputs for which the trained model's answers are to be summarised.

    Attributes:
        num_samples: Training samples.
        num_rows: Training samples that are summarised.
        inputs: Summary of each column.
        num_left_out: Columns that are not summarised.
        to_answer: Raw inputs (n, *input_shape).
        answers_of: Split of `to_answer`: held out, if enough are.
    """

    num_samples: int
    num_rows: int
    inputs: tuple[ColumnSummary, ...]
    num_left_out: int
    to_answer: npt.NDArray[Any]
    answers_of: SplitName


def watch_samples(
    shape: DatasetShape, samples: SplitSamples, layers: Sequence[LayerRow], dtype: str, seed: int
) -> WatchedSamples:
    """Summarise the raw inputs of training samples, and draw samples for a summary of answers.

    Args:
        shape: Shape of the dataset.
        samples: Raw samples.
        layers: Layers of the network, for the cost of an answer.
        dtype: Type of the model's input.
        seed: Seed of the experiment.
    """
    train = samples.train
    size = max(prod(shape.input_shape), 1)
    rows = _draw(len(train), min(MOST_ROWS, max(MOST_NUMBERS // size, FEW_ROWS)), seed, "inputs")
    reader = read_inputs(shape.input_kind, shape.input_shape, shape.columns, shape.table)
    origins = _find_origins(train.inputs, dtype, len(reader.columns))
    numbers = _read(reader, train, rows, dtype, origins)
    answers_of, chosen = _choose_split(samples)
    flops = max(sum(layer.flops for layer in layers), 1)
    most = max(min(MOST_ANSWERS, MOST_ANSWER_FLOPS // flops, MOST_ANSWER_NUMBERS // size), LEAST_ROWS)
    return WatchedSamples(
        num_samples=len(train),
        num_rows=len(rows),
        inputs=tuple(
            summarise(column, values, origin)
            for column, values, origin in zip(reader.columns, numbers, origins, strict=True)
        ),
        num_left_out=reader.num_left_out,
        to_answer=np.array(chosen.inputs[_draw(len(chosen), most, seed, "answers")]),
        answers_of=answers_of,
    )


def summarise(column: WatchedColumn, values: Numbers, origin: float = 0) -> ColumnSummary:
    """Choose bins for the numbers (n,) of a column, and count them.

    Args:
        column: The column.
        values: Its numbers, NaN if missing.
        origin: Number from which they are measured, if it is not the column's.
    """
    if column.labels:
        categories = fit_category_bins(values, column.labels)
        return ColumnSummary(name=column.name, bins=categories, counts=count(values, categories))
    bins = fit_number_bins(values, origin=origin or column.origin, unit=column.unit, is_computed=column.is_computed)
    return ColumnSummary(name=column.name, bins=bins, counts=count(values, bins))


def _draw(num_samples: int, most: int, seed: int, purpose: str) -> npt.NDArray[np.intp]:
    """Return the numbers of at most this many samples, in order."""
    if num_samples <= most:
        return np.arange(num_samples, dtype=np.intp)
    drawn = random_generator(seed, "watched", purpose).choice(num_samples, most, replace=False, shuffle=False)
    return np.sort(drawn.astype(np.intp))


def _find_origins(inputs: Any, dtype: str, num_columns: int) -> list[int]:
    """Return the least number of each column of whole numbers that float64 cannot tell apart; 0 for others."""
    if dtype != "int64":
        return [0] * num_columns
    least = [int(number) for number in inputs.min(axis=0)[:num_columns]]
    return [number if abs(number) > LARGEST_EXACT else 0 for number in least]


def _read(
    reader: ColumnReader, samples: Samples, rows: npt.NDArray[np.intp], dtype: str, origins: Sequence[int]
) -> list[Numbers]:
    """Return the numbers of each column, read in chunks, in the type in which requests are received."""
    at_once = max(1, NUMBERS_AT_ONCE // max(prod(samples.inputs.shape[1:]), 1))
    chunks = [
        read_with_origins(reader, np.asarray(samples.inputs[rows[start : start + at_once]]).astype(dtype), origins)
        for start in range(0, len(rows), at_once)
    ]
    return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


def _choose_split(samples: SplitSamples) -> tuple[SplitName, Samples]:
    """Return the largest split that was held out if it has enough samples, else the training samples."""
    name: SplitName = "test" if len(samples.test) >= len(samples.validation) else "validation"
    held_out = samples.test if name == "test" else samples.validation
    return (name, held_out) if len(held_out) >= LEAST_ROWS else ("train", samples.train)
