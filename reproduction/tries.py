"""What there is to train: every preset and every variant, some of them on several seeds."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalogue.figures import MetricFigure, PredictionFigure
from core.catalogue.presets import Preset

ROWS = (
    "linear-regression", "cubic-regression", "quadratic-regression", "keras-linear", "two-input-regression",
    "sine-regression", "sine-sequence", "perceptron-or", "perceptron-and", "perceptron-xor", "iris-keras", "iris-small",
    "mnist-softmax", "mnist-3-layer", "mnist-cnn-tf", "mnist-mlp", "mnist-cnn", "cifar10-cnn", "binary-adder",
    "vanishing-gradient", "batch-norm", "optimizers", "overfitting", "alexnet", "vgg", "googlenet", "resnet",
    "forward-softmax", "forward-linear", "forward-sigmoid", "conv-shapes",
)  # fmt: skip
"""The order of the course; presets that it does not name come after these."""


@dataclass(frozen=True, slots=True)
class Try:
    """One run that is wanted.

    Attributes:
        preset: Name.
        variant: Name; None is the preset as it stands.
        seed: Of the spec.
        digest: Changes with what would be submitted, and with what is asked of the outcome.
    """

    preset: str
    variant: str | None
    seed: int
    digest: str


def in_order(presets: Iterable[Preset]) -> list[Preset]:
    """As the course has them."""
    return sorted(
        presets, key=lambda preset: (ROWS.index(preset.name) if preset.name in ROWS else len(ROWS), preset.name)
    )


def list_tries(preset: Preset, *, variants: bool = True) -> list[Try]:
    """The preset and its variants, each on its own seed; those that a figure speaks of on further seeds as well.

    Args:
        preset: Which.
        variants: Whether those that no figure speaks of are wanted too.
    """
    judged = {variant for figure in preset.figures for variant in tries_of(figure)}
    names = [None, *(name for name in preset.variants if variants or name in judged)]
    return [
        Try(preset.name, name, seed, _digest(preset, name, seed))
        for name in names
        for seed in _seeds(preset, name, preset.num_seeds if name in judged else 1)
    ]


def tries_of(figure: Any) -> tuple[str | None, ...]:
    """The tries that a figure speaks of, its own first."""
    return (figure.variant, *figure.beside) if isinstance(figure, MetricFigure) else (figure.variant,)


def own_seed(preset: Preset, variant: str | None) -> int:
    """The seed of a try as it stands."""
    return int(preset.spec_json(variant).get("seed", 0))


def questions(preset: Preset, variant: str | None) -> list[tuple[Any, ...]]:
    """What figures ask of the model that this try trains, in their order, each set of instances once."""
    asked = [
        figure.instances
        for figure in preset.figures
        if isinstance(figure, PredictionFigure) and figure.variant == variant
    ]
    return [instances for number, instances in enumerate(asked) if instances not in asked[:number]]


def name_of(instances: Sequence[Any]) -> str:
    """A short name of a set of instances, the same for the same set."""
    return hashlib.sha256(json.dumps(instances).encode()).hexdigest()[:8]


def _seeds(preset: Preset, variant: str | None, count: int) -> Sequence[int]:
    first = own_seed(preset, variant)
    return range(first, first + count)


def _digest(preset: Preset, variant: str | None, seed: int) -> str:
    wanted = [preset.spec_json(variant) | {"seed": seed}, questions(preset, variant), preset.chart]
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
