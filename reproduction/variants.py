"""Runs of the reproduction: every preset and every variant, some of them on several seeds."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalogue.figures import PredictionFigure
from core.catalogue.presets import Preset

ROWS = (
    "linear-regression", "cubic-regression", "quadratic-regression", "keras-linear", "two-input-regression",
    "sine-regression", "sine-sequence", "perceptron-or", "perceptron-and", "perceptron-xor", "iris-keras", "iris-small",
    "mnist-softmax", "mnist-3-layer", "mnist-cnn-tf", "mnist-mlp", "mnist-cnn", "cifar10-cnn", "binary-adder",
    "vanishing-gradient", "batch-norm", "optimizers", "overfitting", "alexnet", "vgg", "googlenet", "resnet",
    "forward-softmax", "forward-linear", "forward-sigmoid", "conv-shapes",
)  # fmt: skip
"""Order of the course; other presets follow."""


@dataclass(frozen=True, slots=True)
class VariantRun:
    """One run of the reproduction.

    Attributes:
        preset: Name.
        variant: Name; None for the preset without a variant.
        seed: Seed of the spec.
        digest: Digest of the submission and of the predictions and curves that are stored.
    """

    preset: str
    variant: str | None
    seed: int
    digest: str


def in_order(presets: Iterable[Preset]) -> list[Preset]:
    """Sort presets in the order of the course."""
    return sorted(
        presets, key=lambda preset: (ROWS.index(preset.name) if preset.name in ROWS else len(ROWS), preset.name)
    )


def list_variant_runs(preset: Preset, *, variants: bool = True) -> list[VariantRun]:
    """List the preset and its variants, each on its own seed; those with a figure on further seeds as well.

    Args:
        preset: The preset.
        variants: True to include variants without a figure.
    """
    evaluated = {variant for figure in preset.figures for variant in figure.variants}
    names = [None, *(name for name in preset.variants if variants or name in evaluated)]
    return [
        VariantRun(preset.name, name, seed, _digest(preset, name, seed))
        for name in names
        for seed in _seeds(preset, name, preset.num_seeds if name in evaluated else 1)
    ]


def own_seed(preset: Preset, variant: str | None) -> int:
    """Return the seed in the spec of a variant."""
    return int(preset.spec_json(variant).get("seed", 0))


def questions(preset: Preset, variant: str | None) -> list[tuple[Any, ...]]:
    """Return the instances that figures predict with the model of this variant, in order, each set once."""
    asked = [
        figure.instances
        for figure in preset.figures
        if isinstance(figure, PredictionFigure) and figure.variant == variant
    ]
    return [instances for number, instances in enumerate(asked) if instances not in asked[:number]]


def name_of(instances: Sequence[Any]) -> str:
    """Return a short name of a set of instances, equal for equal sets."""
    return hashlib.sha256(json.dumps(instances).encode()).hexdigest()[:8]


def _seeds(preset: Preset, variant: str | None, count: int) -> Sequence[int]:
    first = own_seed(preset, variant)
    return range(first, first + count)


def _digest(preset: Preset, variant: str | None, seed: int) -> str:
    wanted = [preset.spec_json(variant) | {"seed": seed}, questions(preset, variant), preset.chart]
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
