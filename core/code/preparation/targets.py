"""Targets in the form that a loss needs, and regression in the target's own units, in source."""

from core.checks.outputs import scales_targets
from core.code.datasets.base import Loaded
from core.code.draft import Draft
from core.code.source import call
from core.datasets.shape import DatasetShape
from core.experiment import ExperimentSpec
from core.signatures.signature import Task
from core.specs.losses import TargetForm

_UNITS = '''
class TargetUnits(layers.Layer):
    """Standardised answers to distances from the mean target, in the target's units.

    So the loss is in these units, and weights still learn as from standardised targets.
    """

    def call(self, answers):
        @tf.custom_gradient
        def to_units(answers):
            return answers * SPREAD, lambda gradient: gradient * SLOPE

        return to_units(answers)
'''


def are_scaled(spec: ExperimentSpec, shape: DatasetShape) -> bool:
    """Return True if the targets of a run are standardised."""
    is_regression = shape.task in {Task.REGRESSION, Task.SEQUENCE}
    return scales_targets(spec, is_classification=not is_regression)


def write_targets(
    draft: Draft, spec: ExperimentSpec, shape: DatasetShape, output_shape: tuple[int, ...], loaded: Loaded
) -> None:
    """Convert the targets of all parts to the form that the loss and the network's output need."""
    draft.need("import numpy as np")
    traits = spec.training.loss.traits
    if traits.targets is TargetForm.CLASS_NUMBERS:
        form = '{y}.astype("int32")'
    elif shape.task is Task.CLASSIFICATION and output_shape == (1,):
        form = '{y}[:, None].astype("float32")'
    elif shape.task is Task.CLASSIFICATION:
        draft.preparation.add('one_hot = np.eye(len(CLASSES), dtype="float32")')
        form = "one_hot[{y}]"
    elif are_scaled(spec, shape):
        _fit_scaling(draft)
        form = '({y} - target_mean).astype("float32")'
    else:
        form = '{y}.astype("float32")'
    is_choice = shape.task in {Task.CLASSIFICATION, Task.BINARY_ADDITION}
    if is_choice and traits.targets is TargetForm.SIGNS:
        form = f"{form} * 2 - 1"
    draft.preparation.add(*(f"y_{part} = {form.format(y=f'y_{part}')}" for part in loaded.parts))


def _fit_scaling(draft: Draft) -> None:
    draft.preparation.add(
        "# The loss reads distances from the mean target: float32 would lose digits of a large mean.",
        'y_train = y_train.astype("float64")',
        "axes = tuple(range(y_train.ndim - 1))",
        "target_mean, target_std = y_train.mean(axis=axes), y_train.std(axis=axes)",
        "target_std = np.where(target_std == 0, 1.0, target_std)",
    )


def write_units(draft: Draft, spec: ExperimentSpec) -> None:
    """Let the network's answers be in the target's units; `network` stays the network itself."""
    draft.need("import tensorflow as tf", "from keras import layers")
    slope = "1 / SPREAD" if spec.training.loss.traits.is_squared else "np.ones_like(SPREAD)"
    draft.network.add('SPREAD = target_std.astype("float32")', f"SLOPE = {slope}")
    draft.network.define(_UNITS)
    draft.network.add(
        "network = model",
        'answers = TargetUnits(name="target_units", dtype="float32")(network.outputs[0])',
        "model = keras.Model(network.inputs, answers)",
    )


def write_rescaling(draft: Draft) -> None:
    """Write the network whose answers are targets, which is saved."""
    units = call(
        "layers.Rescaling",
        "target_std.tolist()",
        offset="target_mean.tolist()",
        name='"target_units"',
        dtype='"float32"',
    )
    draft.evaluation.add("# The saved network answers with the target itself.")
    draft.evaluation.assign("rescaling", units)
    draft.evaluation.add("model = keras.Model(network.inputs, rescaling(network.outputs[0]))")
