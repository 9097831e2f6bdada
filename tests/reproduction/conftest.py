"""Made-up outcomes, and presets to evaluate them."""

from collections.abc import Callable
from typing import Any

import pytest

from core.catalogue.presets import Preset
from core.specs.parsing import parse_as
from reproduction.outcomes import MetricValues, Outcome

SPEC = {
    "name": "lines",
    "dataset": {"name": "function", "function": {"type": "sine"}},
    "model": {"kind": "mlp", "layers": [{"units": 1}]},
    "training": {"loss": "mean_squared_error", "epochs": 4},
    "seed": 7,
}


@pytest.fixture
def make_preset() -> Callable[..., Preset]:
    """Return a function that makes a preset `lines` on seed 7 with the variants `long` and, on seed 9, `other`."""

    def make(*figures: dict[str, Any], **more: Any) -> Preset:
        return parse_as(
            Preset,
            {
                "name": "lines",
                "title": "Lines",
                "teaches": "Lines.",
                "published": "a loss of 0.5",
                "figures": list(figures),
                "expected_seconds": 1.0,
                "spec": SPEC,
                "variants": {"long": {"training": {"epochs": 9}}, "other": {"seed": 9}},
                **more,
            },
        )

    return make


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    """Return a function that makes an outcome of a variant of `lines`."""

    def make(variant: str | None = None, seed: int = 7, **more: Any) -> Outcome:
        metrics = more.pop("metrics", {"train/loss": 0.4})
        given = {
            "digest": "d",
            "state": "succeeded",
            "error": "",
            "error_code": "",
            "seconds": 1.5,
            "train_seconds": 1.0,
            "num_epochs": 4,
            "num_attempts": 1,
            "device": "CPU",
            "versions": {"keras": "3"},
            **more,
        }
        values = {
            key: MetricValues(first=value, last=value, least=value, greatest=value) for key, value in metrics.items()
        }
        return Outcome(preset="lines", variant=variant, seed=seed, metrics=values, **given)

    return make
