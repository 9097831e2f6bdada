"""Check that the parts of a spec fit together: before a run is queued, and in the trainer with the data itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.checks.freezing import freeze_layers
from core.checks.length import check_early_stopping
from core.checks.outputs import check_metrics, check_output, check_target_scaling
from core.checks.recording import check_record
from core.checks.transfer import find_transferred
from core.checks.weights import check_class_weight, check_given_weights
from core.datasets.shape import DatasetShape
from core.errors import reject_spec
from core.experiment import ExperimentSpec
from core.networks.layer_table import LayerRow
from core.networks.network import tabulate_layers
from core.notices import Notice
from core.specs.base import NUM_LISTED


@dataclass(frozen=True, slots=True)
class CheckedParts:
    """A network that fits its data.

    Attributes:
        layers: Layers of the network in order.
        warnings: Probable mistakes in a valid spec.
    """

    layers: tuple[LayerRow, ...]
    warnings: tuple[Notice, ...]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Output shape of the network for one sample."""
        return self.layers[-1].output_shape


def check_parts(spec: ExperimentSpec, shape: DatasetShape) -> CheckedParts:
    """Check network, loss, metrics, early stopping and weights against the data.

    Raises:
        InvalidSpec: If two parts do not fit together.
    """
    _check_stratify(spec, shape)
    layers = tabulate_layers(spec.model, shape.network_input_shape, shape.embeddings)
    if spec.training.frozen_layers:
        layers = freeze_layers(spec.training.frozen_layers, layers)
    output_shape = layers[-1].output_shape
    warnings = check_output(spec, shape, output_shape)
    check_metrics(spec, shape, output_shape)
    if spec.training.class_weight is not None:
        check_class_weight(spec.training.class_weight, shape)
    check_target_scaling(spec, is_classification=bool(shape.class_labels))
    warnings += _check_initial_weights(spec, layers)
    if spec.training.record:
        check_record(spec.training.record, layers)
    check_early_stopping(spec.training, has_validation=shape.num_validation > 0)
    return CheckedParts(layers, warnings)


def _check_initial_weights(spec: ExperimentSpec, layers: Sequence[LayerRow]) -> tuple[Notice, ...]:
    """Check initial weights, and warn of frozen layers that have none: they keep what their initializers draw."""
    source, given = spec.source_weights, spec.given_weights
    transferred = {} if source is None else find_transferred(source, layers)
    if given:
        check_given_weights(given, layers, ("initial_weights",) if source is None else ("initial_weights", "numbers"))
    random = [row.name for row in layers if row.is_frozen and row.name not in transferred and row.name not in given]
    if not random:
        return ()
    shown = ", ".join(random[:NUM_LISTED])
    detail = (
        f"Frozen layers keep what their initializers draw: {shown}. Give them initial_weights, or leave them out of "
        "frozen_layers."
    )
    return (Notice("frozen_at_random", "/training/frozen_layers", detail),)


def _check_stratify(spec: ExperimentSpec, shape: DatasetShape) -> None:
    if spec.dataset.split.stratify and not shape.class_labels:
        reject_spec(
            "/dataset/split/stratify",
            "stratify needs classes, but the targets of this dataset are numbers. Set it to false.",
            "no_classes",
        )
