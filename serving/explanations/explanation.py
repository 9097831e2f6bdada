"""Explanation of the predictions of a request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.observation.summaries import TrainingSummary
from core.signatures.labels import Label
from core.signatures.signature import InputKind, ModelSignature
from serving.explanations.background import draw_background
from serving.explanations.features import Feature, list_features
from serving.explanations.occlusion import HeatMap, map_by_occlusion
from serving.explanations.shapley import (
    MOST_EXACT,
    Attribution,
    Evaluate,
    attribute_by_occlusion,
    attribute_by_sampling,
    attribute_exactly,
)
from serving.explanations.targets import ExplainedNumber, choose_number, list_scores

Run = Callable[[NDArray[Any]], NDArray[Any]]
"""Returns the first output of the network for a batch."""

DEFAULT_SAMPLES = 512

MOST_PASSES = 1_000_000
"""Most rows that the network computes for a request."""

PASSES_OF_A_HEAT_MAP = 320
"""Images that the network computes for a heat map, at most."""

ROWS_AT_ONCE = 256
"""Rows per call of a network: a convolutional network takes memory for each."""

MEAN = "mean"
"""Column of a training summary with the mean of an image's pixels."""


class Method(StrEnum):
    """Way to explain a prediction."""

    SHAPLEY = "shapley"
    OCCLUSION = "occlusion"


@dataclass(frozen=True, slots=True)
class Question:
    """Question to explain.

    Attributes:
        batch: Rows (n, *input shape).
        method: Way to explain; None for Shapley values of columns and occlusion of images.
        target: Label of a class or number of an output; None for the predicted class of each row, or the first output.
        num_samples: Orders of columns that are drawn for each row, for Shapley values of more than ten columns.
        seed: Seed of everything that is drawn.
        background: Rows (k, *input shape) to compare with; None for rows like the training samples.
    """

    batch: NDArray[Any]
    method: Method | None = None
    target: Label | None = None
    num_samples: int = DEFAULT_SAMPLES
    seed: int = 0
    background: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """Explanation of one row.

    Attributes:
        number: What is explained.
        attribution: Contributions of the columns; None for an image.
        heat_map: Importance of the parts of an image; None for a row of columns.
    """

    number: ExplainedNumber
    attribution: Attribution | None = None
    heat_map: HeatMap | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Explanations of the rows of a request.

    Attributes:
        method: The way.
        features: Columns of the contributions; empty for images.
        rows: One for each row of the request.
        num_passes: Rows that the network computed.
    """

    method: Method
    features: tuple[Feature, ...]
    rows: tuple[RowExplanation, ...]
    num_passes: int


class _Network:
    """Counts the rows that a network computes, in chunks, and stops if it takes too long."""

    def __init__(self, run: Run, signature: ModelSignature, check: Callable[[], None]) -> None:
        self.num_passes = 0
        self._run = run
        self._signature = signature
        self._check = check

    def list_scores(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return the scores (n, k) of rows."""
        parts = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self._check()
            parts.append(list_scores(self._run(rows[start : start + ROWS_AT_ONCE]), self._signature))
        self.num_passes += len(rows)
        return np.concatenate(parts)

    def make_evaluate(self, place: int) -> Evaluate:
        """Return the function from rows to one of the scores."""
        return lambda rows: self.list_scores(rows)[:, place]


def explain(
    run: Run,
    signature: ModelSignature,
    question: Question,
    summary: TrainingSummary | None,
    check: Callable[[], None],
) -> Explanation:
    """Explain the predictions for the rows of a request.

    Args:
        run: Computes the network's first output.
        signature: Signature of the model.
        question: What is to be explained.
        summary: Summary of the training samples; None if there is none.
        check: Is called often; raises the error of a request that takes too long.

    Raises:
        InvalidInstances: If the model or its answers cannot be explained, or there is nothing to compare with.
    """
    network = _Network(run, signature, check)
    if signature.other_inputs:
        detail = f"Models with one input can be explained; this one has {len(signature.inputs)}."
        raise InvalidInstances.at("", detail, "not_explainable")
    scores = network.list_scores(question.batch)
    numbers = [choose_number(row, signature, question.target) for row in scores]
    if signature.input_kind is InputKind.IMAGE:
        return _explain_images(network, signature, question, numbers, summary)
    features = list_features(signature)
    background = question.background
    if background is None:
        background = draw_background(signature, features, summary, question.seed)
    method = question.method or Method.SHAPLEY
    _check_cost(_count_passes(method, len(features), len(background), question.num_samples), len(numbers))
    rows = []
    for row, number in zip(question.batch, numbers, strict=True):
        evaluate = network.make_evaluate(number.place)
        if method is Method.OCCLUSION:
            attribution = attribute_by_occlusion(evaluate, row, background, features)
        elif len(features) <= MOST_EXACT:
            attribution = attribute_exactly(evaluate, row, background, features)
        else:
            attribution = attribute_by_sampling(
                evaluate, row, background, features, question.num_samples, question.seed
            )
        rows.append(RowExplanation(number, attribution=attribution))
    return Explanation(method, features, tuple(rows), network.num_passes)


def _explain_images(
    network: _Network,
    signature: ModelSignature,
    question: Question,
    numbers: Sequence[ExplainedNumber],
    summary: TrainingSummary | None,
) -> Explanation:
    if question.method is Method.SHAPLEY:
        detail = "Images are explained by occlusion. Leave 'method' out, or send \"occlusion\"."
        raise InvalidInstances.at("/method", detail, "wrong_method")
    if question.background is not None:
        detail = "Images are explained without a background: parts are hidden by grey. Leave it out."
        raise InvalidInstances.at("/background", detail, "no_background")
    _check_cost(PASSES_OF_A_HEAT_MAP, len(numbers))
    least, greatest = signature.pixel_range
    fill = _find_mean(summary)
    rows = [
        RowExplanation(
            number,
            heat_map=map_by_occlusion(
                network.make_evaluate(number.place), image, (least + greatest) / 2 if fill is None else fill
            ),
        )
        for image, number in zip(question.batch, numbers, strict=True)
    ]
    return Explanation(Method.OCCLUSION, (), tuple(rows), network.num_passes)


def _find_mean(summary: TrainingSummary | None) -> float | None:
    """Return the mean pixel of the training images; None if it is not known."""
    columns = () if summary is None else summary.inputs
    moments = next((column.counts.moments for column in columns if column.name == MEAN), None)
    return None if moments is None else moments.mean


def _count_passes(method: Method, num_features: int, num_background: int, num_samples: int) -> int:
    """Return the number of rows that the network computes for one row."""
    if method is Method.OCCLUSION:
        return (num_features + 1) * num_background
    if num_features <= MOST_EXACT:
        return (1 << num_features) * num_background
    return max(num_samples, 2 * num_background) * (num_features + 1)


def _check_cost(passes_per_row: int, num_rows: int) -> None:
    if passes_per_row * num_rows > MOST_PASSES:
        raise InvalidInstances.at(
            "/instances",
            f"Explaining {num_rows} rows takes {passes_per_row * num_rows:,} passes through the network; at most "
            f"{MOST_PASSES:,} are allowed. Send fewer rows, or a smaller num_samples.",
            "too_expensive",
        )
