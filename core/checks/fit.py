"""Whether the parts of a spec belong together: asked before a run is queued, and again by the trainer on its data."""

from core.checks.outputs import check_metrics, check_output, check_target_scaling
from core.checks.recording import check_record
from core.checks.weights import check_class_weight, check_initial_weights
from core.datasets.shape import DatasetShape
from core.errors import InvalidSpec, Problem
from core.experiment import ExperimentSpec
from core.networks.network import tabulate_layers
from core.networks.table import LayerRow


def fit_parts(spec: ExperimentSpec, shape: DatasetShape) -> tuple[tuple[LayerRow, ...], tuple[str, ...]]:
    """Hold network, loss, metrics and weights against the data.

    Returns:
        The network's layers, and warnings about what is legal but probably not meant.

    Raises:
        InvalidSpec: Where two parts do not fit together.
    """
    _check_stratify(spec, shape)
    layers = tabulate_layers(spec.model, shape.network_input_shape, shape.embeddings)
    output_shape = layers[-1].output_shape
    warnings = check_output(spec, shape, output_shape)
    check_metrics(spec, shape, output_shape)
    check_class_weight(spec, shape)
    check_target_scaling(spec, is_classification=bool(shape.class_labels))
    check_initial_weights(spec, layers)
    check_record(spec, layers)
    return layers, warnings


def _check_stratify(spec: ExperimentSpec, shape: DatasetShape) -> None:
    if spec.dataset.split.stratify and not shape.class_labels:
        problem = "stratify shares out classes, but this dataset's targets are numbers. Leave it false."
        raise InvalidSpec(problem, [Problem("/dataset/split/stratify", problem, "no_classes")])
