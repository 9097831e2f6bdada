"""Export of a trained network: a Keras file, an ONNX file and their signature."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from core.artifacts import KERAS_MODEL, ONNX_MODEL, SIGNATURE
from core.datasets.shape import DatasetShape
from core.errors import ExportMismatch
from core.experiment import ExperimentSpec
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.specs.losses import Loss, TargetForm
from models.arrays.distances import measure
from models.assembly import Assembly
from models.export.onnx import INPUT, OUTPUT, write_onnx
from models.export.steps import Step, compute_steps, follow, list_steps
from models.networks.layer import activation_name
from models.networks.layers import TRAINING_ONLY
from models.preparation.preparation import AnyPreparation
from models.preparation.targets import TargetScaling, TargetUnits
from models.runtime import keras

Inputs = npt.NDArray[Any]

RELATIVE_TOLERANCE = 1e-4

ABSOLUTE_TOLERANCE = 1e-5

NUDGE = 1e-6

ROWS_AT_ONCE = 256
"""Rows per call of a network: a convolutional network takes memory for each."""

PROBABILITIES = frozenset({"softmax", "sigmoid", "hard_sigmoid"})
"""Activations whose values are probabilities."""


def export_model(assembly: Assembly, spec: ExperimentSpec, output_dir: Path) -> list[Path]:
    """Save a trained network with its preparation, and check that the Keras and ONNX models agree.

    Args:
        assembly: The trained network with its preparation, which becomes part of the saved models.
        spec: Spec of the run. A network with logits as outputs is saved with probabilities as outputs.
        output_dir: Folder for the files.

    Returns:
        The paths of `model.keras`, `model.onnx` and `signature.json`.

    Raises:
        ExportMismatch: If the outputs of the ONNX model differ from those of the Keras model.
    """
    final = _final_layers(spec.training.loss, assembly.target_scaling)
    steps = follow(list_steps(assembly.network, without=(TargetUnits,)), final)
    model = build_model(assembly.shape.input_shape, assembly.preparation, steps)
    keras_path, onnx_path, signature_path = (output_dir / name for name in (KERAS_MODEL, ONNX_MODEL, SIGNATURE))
    model.save(keras_path)
    # The Keras file keeps its dropout, so that it can be trained further.
    computing = follow(list_steps(assembly.network, without=(*TRAINING_ONLY, TargetUnits)), final)
    write_onnx(onnx_path, assembly.shape.input_shape, assembly.preparation, computing)
    offset = None if assembly.target_scaling is None else assembly.target_scaling.offset
    compare(model, onnx_path, assembly.examples, offset)
    signature = describe(assembly.shape, spec, [step.layer for step in steps], assembly.preparation.dtype)
    signature_path.write_text(signature.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [keras_path, onnx_path, signature_path]


def _final_layers(loss: Loss, target_scaling: TargetScaling | None) -> list[Any]:
    """Return the layers that convert outputs to the target's units, or logits to probabilities."""
    if target_scaling is not None:
        return [target_scaling.layer()]
    if not loss.from_logits:
        return []
    return [keras.layers.Activation(str(loss.traits.probability), name="probabilities")]


def build_model(input_shape: tuple[int, ...], preparation: AnyPreparation, steps: Sequence[Step]) -> Any:
    """Return one flat keras.Model from raw inputs to outputs, which shares the layers' weights."""
    inputs = keras.Input(input_shape, name=INPUT, dtype=preparation.dtype)
    return keras.Model(inputs, compute_steps(steps, preparation.attach(inputs)), name="model")


def compare(model: Any, onnx_path: Path, samples: Inputs, offset: tuple[int | float, ...] | None = None) -> None:
    """Compare the outputs of Keras and onnxruntime for the same rows.

    Both round after every operation, in different orders. The tolerance depends on the network: it is the change of
    Keras's output when its inputs change by a millionth: of themselves, or, where they are kept in 64 bits because they
    differ by much less than that, of their range.

    Args:
        model: The Keras model.
        onnx_path: The ONNX model.
        samples: Raw inputs.
        offset: Number that is part of every output, of which no share is tolerated; None for none.

    Raises:
        ExportMismatch: If an output differs by more.
    """
    expected = np.asarray(model(samples, training=False))
    nudged = np.asarray(model(_nudge(samples), training=False))
    answered = run_onnx(onnx_path, samples)
    if answered.shape != expected.shape:
        raise ExportMismatch(
            f"The output of the ONNX model has shape {answered.shape}, that of Keras {expected.shape}."
        )
    with np.errstate(invalid="ignore"):  # inf - inf; such outputs are left out.
        difference = np.abs(answered - expected)
        sizes = np.abs(expected if offset is None else expected - np.array(offset, np.float64))
        allowed = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * sizes + np.abs(nudged - expected)
    is_comparable = np.isfinite(expected) & np.isfinite(nudged)
    # Not "greater than": NaN instead of a number must count as a difference.
    is_wrong = is_comparable & ~(difference <= allowed)
    if is_wrong.any():
        raise ExportMismatch(
            f"The ONNX model's outputs for {len(samples)} training samples differ from Keras's in {is_wrong.sum()} of "
            f"{is_wrong.size} numbers, by up to {difference[is_wrong].max():.3g}. The model is not saved. Change the "
            "layers or activations, and report this with the spec."
        )


def _nudge(samples: Inputs) -> Inputs:
    if samples.dtype.itemsize <= np.dtype(np.float32).itemsize:
        return samples * (1 + NUDGE) + NUDGE
    reach = measure(samples.max(axis=0), samples.min(axis=0))
    nudged: Inputs = samples + (NUDGE * reach).astype(samples.dtype)
    return nudged


def run_onnx(path: Path, rows: Inputs) -> Inputs:
    """Return the outputs of a saved ONNX model for raw inputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # For a few rows, starting threads takes longer than it saves.
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    starts = range(0, max(len(rows), 1), ROWS_AT_ONCE)
    return np.concatenate([session.run([OUTPUT], {INPUT: rows[start : start + ROWS_AT_ONCE]})[0] for start in starts])


def describe(
    shape: DatasetShape, spec: ExperimentSpec, layers: Sequence[Any], input_dtype: str = "float32"
) -> ModelSignature:
    """Return the signature of the saved model.

    Args:
        shape: Shape of the dataset.
        spec: Spec of the run.
        layers: Layers of the saved model, the output layer last.
        input_dtype: Type of raw inputs.
    """
    output_shape = tuple(layers[-1].output.shape[1:])
    is_hinge = shape.task is Task.CLASSIFICATION and spec.training.loss.traits.targets is TargetForm.SIGNS
    return ModelSignature(
        task=shape.task,
        input_kind=shape.input_kind,
        input=TensorSpec(name=INPUT, onnx_name=INPUT, dtype=input_dtype, shape=shape.input_shape),
        output=TensorSpec(name=OUTPUT, onnx_name=OUTPUT, dtype=layers[-1].compute_dtype, shape=output_shape),
        columns=shape.columns,
        table=shape.table,
        resize=shape.resize,
        pixel_range=shape.pixel_range,
        class_labels=shape.class_labels,
        num_bits=shape.input_shape[0] if shape.input_kind is InputKind.BIT_PAIR else 0,
        # The hinge losses separate −1 and 1 at 0.
        threshold=0.0 if is_hinge else 0.5,
        answers_probabilities=_answers_probabilities(layers),
    )


def _answers_probabilities(layers: Sequence[Any]) -> bool:
    computing = [layer for layer in layers if not isinstance(layer, TRAINING_ONLY)]
    activation = getattr(computing[-1], "activation", None) if computing else None
    return activation_name(activation) in PROBABILITIES
