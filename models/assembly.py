"""Build everything that a fit needs from a spec."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checks.fit import check_parts
from core.datasets.shape import DatasetShape
from core.errors import ArtifactCorrupt
from core.experiment import ExperimentSpec
from core.networks.layer_table import LayerRow
from core.notices import Notice
from core.signatures.signature import Task
from models.arrays.samples import Samples, SplitSamples
from models.arrays.storage import Storage
from models.data_checks.data import check_data
from models.datasets.loading import load_data, read_description
from models.evaluation.report import choose_tally
from models.evaluation.tallies import MakeTally
from models.evaluation.watched_samples import WatchedSamples, watch_samples
from models.fit.arrays import Arrays, FitData
from models.networks.network import build_network
from models.networks.saved_weights import transfer_weights
from models.networks.weights import freeze, set_first_weights
from models.objectives.metrics import Measure, make_measures
from models.objectives.weighting import weigh_samples
from models.preparation.augmentation import StepPreparation, make_augmentation
from models.preparation.preparation import AnyPreparation, find_lost_inputs
from models.preparation.targets import TargetScaling, find_lost_digits, fit_target_scaling, shape_targets

NUM_EXAMPLES = 64


@dataclass(frozen=True, slots=True)
class Assembly:
    """A network and the data it is trained on.

    Attributes:
        shape: Shape of the dataset.
        layers: Layers of the network in order, as a dry run lists them.
        network: A keras.Model with its initial weights, for prepared inputs.
        data: Prepared inputs and shaped targets.
        measures: Metrics of the spec.
        make_tally: Makes the tally that evaluates held-out samples.
        preparation: Preparation of the inputs.
        target_scaling: Conversion of outputs to the units of the target; in training, the part without the mean.
        examples: Some raw training inputs.
        watched: Summary of the training inputs, and samples to answer for one of the answers.
        warnings: Warnings that the description of the data does not show.
    """

    shape: DatasetShape
    layers: tuple[LayerRow, ...]
    network: Any
    data: FitData
    measures: tuple[Measure, ...]
    make_tally: MakeTally
    preparation: AnyPreparation
    target_scaling: TargetScaling | None
    examples: npt.NDArray[Any]
    watched: WatchedSamples
    warnings: tuple[Notice, ...]


def assemble(
    spec: ExperimentSpec,
    datasets_dir: Path,
    scratch_dir: Path | None = None,
    cache_dir: Path | None = None,
    weights_path: Path | None = None,
) -> Assembly:
    """Load and prepare the data and build the network.

    Args:
        spec: Spec of the experiment.
        datasets_dir: Directory of datasets that are files, each in a directory of its name.
        scratch_dir: Directory for arrays too large for memory; None for the temporary files of the system.
        cache_dir: Directory that keeps decoded datasets for later runs; None keeps nothing.
        weights_path: File with the weights of the run that the spec starts from; None if it starts from none.

    Raises:
        ArtifactCorrupt: If that file has changed, or cannot be read.
        InvalidSpec: If network, data, loss and metrics do not fit together.
        DatasetMissing: If the dataset's files are not on this machine.
        InvalidInput: If the files are not valid.
    """
    expected = spec.dataset.shape(read_description(spec.dataset, datasets_dir))
    # Checked before the data is read, which may take minutes.
    parts = check_parts(spec, expected)
    storage = Storage(scratch_dir, cache_dir=cache_dir)
    loaded = load_data(spec.dataset, expected, datasets_dir, spec.seed, storage)
    # Only the rows of a table determine its exact shape.
    shape, preparation = loaded.shape, loaded.preparation
    if shape != expected:
        parts = check_parts(spec, shape)
    output_shape = parts.output_shape
    samples = weigh_samples(loaded.samples, spec.training, shape.class_labels)

    augment = make_augmentation(spec.dataset.augmentation_asked(), spec.seed)
    factor = _factor_of_bytes(preparation, samples)
    step_preparation = StepPreparation(factor or 1.0, augment)

    is_regression = shape.task in {Task.REGRESSION, Task.SEQUENCE}
    target_scaling = fit_target_scaling(spec, samples.train.targets, is_classification=not is_regression)

    def prepare(part: Samples, *, is_reported: bool = True) -> Arrays:
        targets = shape_targets(part.targets, spec.training.loss, shape, output_shape, target_scaling)
        inputs = part.inputs if factor else preparation.apply(part.inputs, storage.empty)
        return Arrays(inputs, targets, part.weights, part.targets if is_regression and is_reported else None)

    network = build_network(spec.model, shape, spec.seed, spec.training.precision)
    if spec.source_weights is not None:
        transfer_weights(network, parts.layers, spec.source_weights, _need(weights_path), scratch_dir)
    set_first_weights(network, spec.given_weights)
    freeze(network, parts.layers)
    offset = None if target_scaling is None else target_scaling.offset
    found = (
        *check_data(spec.dataset, shape, loaded.samples),
        *find_lost_inputs(preparation, samples.train.inputs),
        *(find_lost_digits(samples.train.targets, target_scaling) if is_regression else ()),
    )
    shape = shape.with_warnings(found)
    return Assembly(
        shape=shape,
        layers=parts.layers,
        network=network if target_scaling is None else target_scaling.attach(network),
        data=FitData(
            prepare(samples.train, is_reported=False),
            prepare(samples.validation),
            prepare(samples.test),
            step_preparation,
        ),
        measures=make_measures(spec.training, output_shape, offset),
        make_tally=choose_tally(spec, shape, output_shape, offset),
        preparation=preparation,
        target_scaling=target_scaling,
        # Copied, so that these few rows do not keep all raw inputs in memory during training.
        examples=samples.train.inputs[:NUM_EXAMPLES].astype(preparation.dtype),
        watched=watch_samples(shape, loaded.samples, parts.layers, preparation.dtype, spec.seed),
        warnings=tuple(notice for notice in shape.warnings if notice not in expected.warnings),
    )


def _need(weights_path: Path | None) -> Path:
    if weights_path is None:
        raise ArtifactCorrupt("The file with the initial weights of the run is missing. Submit the run again.")
    return weights_path


def _factor_of_bytes(preparation: AnyPreparation, samples: SplitSamples) -> float | None:
    """Return the factor that scales bytes within each step; None if inputs are not bytes, or need other preparation.

    Samples kept as bytes take a quarter of the memory.
    """
    are_bytes = all(part.inputs.dtype == np.uint8 for part in (samples.train, samples.validation, samples.test))
    return preparation.factor_alone if are_bytes else None


def as_served(assembly: Assembly, spec: ExperimentSpec) -> Assembly:
    """Return the assembly with a network that computes in float32 on one device."""
    if spec.training.precision == "float32" and spec.training.devices == 1:
        return assembly
    network = build_network(spec.model, assembly.shape, spec.seed)
    network.set_weights(assembly.network.get_weights())
    freeze(network, assembly.layers)
    return replace(assembly, network=network)
