"""Cases of the comparison: at least one of every family of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.catalogue.presets import get_preset
from core.experiment import ExperimentSpec, parse_spec
from core.specs.merging import apply_overrides


@dataclass(frozen=True, slots=True)
class Case:
    """A preset, shortened if it would take many minutes, and its required speedup over stock Keras.

    Attributes:
        name: Name on the command line and in the table.
        preset: Preset of the catalogue.
        variant: Variant of the preset.
        overrides: Merge patch on top.
        bar: Required ratio of stock seconds to ours with empty caches.
        cached_bar: Required ratio with the caches of the run before; None for `bar`.
        stock_lengths: Two numbers of epochs at which stock Keras is measured, to extrapolate from.
        is_long: True to extrapolate unless --full is given; other cases are extrapolated with --quick only.
        note: Note shown below the table.
    """

    name: str
    preset: str
    variant: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    bar: float = 1.0
    cached_bar: float | None = None
    stock_lengths: tuple[int, int] | None = None
    is_long: bool = False
    note: str = ""

    def document(self, num_epochs: int | None = None) -> dict[str, Any]:
        """Return the spec as JSON, optionally with another number of epochs."""
        preset = get_preset(self.preset)
        document = preset.spec_json()
        if self.variant is not None:
            document = apply_overrides(document, preset.variant(self.variant))
        document = apply_overrides(document, dict(self.overrides))
        if num_epochs is not None:
            document = apply_overrides(document, {"training": {"epochs": num_epochs}})
        return dict(document)

    @property
    def spec(self) -> ExperimentSpec:
        """Validated spec."""
        return parse_spec(self.document())

    @property
    def reads_mnist(self) -> bool:
        """True if the case needs MNIST's files."""
        return self.spec.dataset.name == "mnist"

    def lengths(self, *, is_quick: bool, is_full: bool) -> tuple[int, int] | None:
        """Return the epochs at which to measure stock Keras; None for the whole case, without extrapolation."""
        return self.stock_lengths if not is_full and (is_quick or self.is_long) else None


CASES = (
    Case("cubic-regression", "cubic-regression", bar=100.0, stock_lengths=(500, 1_500), is_long=True),
    Case("keras-linear", "keras-linear", stock_lengths=(50, 150)),
    Case("sine-regression", "sine-regression"),
    Case("two-input-regression", "two-input-regression"),
    Case("perceptron-or", "perceptron-or"),
    Case("iris-keras", "iris-keras", bar=4.0),
    Case("iris-small", "iris-small", stock_lengths=(50, 150)),
    Case("binary-adder", "binary-adder", bar=15.0, cached_bar=30.0, stock_lengths=(1, 2)),
    Case(
        "binary-adder-lstm",
        "binary-adder",
        variant="lstm",
        bar=10.0,
        stock_lengths=(1, 2),
        is_long=True,
    ),
    Case("sine-sequence", "sine-sequence"),
    Case("mnist-softmax", "mnist-softmax"),
    Case("mnist-3-layer", "mnist-3-layer", overrides={"training": {"steps": 600}}, note="600 of 3,000 steps"),
    Case("mnist-mlp", "mnist-mlp", overrides={"training": {"epochs": 2}}, bar=2.0, note="2 of 20 epochs"),
    Case(
        "mnist-cnn",
        "mnist-cnn",
        overrides={"training": {"epochs": None, "steps": 60}},
        bar=2.0,
        note="60 of 2,345 steps: one-time work weighs forty times as much as in the whole run",
    ),
    Case("batch-norm", "batch-norm"),
    Case("batch-norm-after", "batch-norm", variant="after-activation"),
    Case("overfitting", "overfitting"),
    Case("overfitting-l2", "overfitting", variant="l2"),
    Case("overfitting-l1", "overfitting", variant="l1"),
    Case("overfitting-dropout", "overfitting", variant="dropout"),
    Case("overfitting-dropout-l1", "overfitting", variant="dropout-l1"),
)


def choose_cases(names: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases with these names, in the order of the table; all if no name is given.

    Raises:
        ValueError: If a name is unknown.
    """
    known = [case.name for case in CASES]
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"Unknown case {', '.join(unknown)}. Choose from {', '.join(known)}.")
    return tuple(case for case in CASES if not names or case.name in names)
