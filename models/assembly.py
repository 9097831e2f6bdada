"""Everything that a fit needs, put together from a spec."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checks.fit import check_parts
from core.datasets.shape import DatasetShape
from core.experiment import ExperimentSpec
from core.networks.table import LayerRow
from models.arrays.samples import Samples, SplitSamples
from models.arrays.storage import Storage
from models.datasets.loading import load_data, read_description
from models.evaluation.report import choose_tally
from models.evaluation.tallies import MakeTally
from models.fit.arrays import Arrays, FitData
from models.networks.network import build_network
from models.networks.weights import set_first_weights
from models.objectives.metrics import Measure, make_measures
from models.objectives.weighting import weigh_samples
from models.preparation.augmentation import StepPreparation, make_augmentation
from models.preparation.preparation import AnyPreparation
from models.preparation.targets import TargetScaling, fit_target_scaling, shape_targets

NUM_EXAMPLES = 64


@dataclass(frozen=True, slots=True)
class Assembly:
    """A network and what it learns from.

    Attributes:
        shape: Of the dataset.
        layers: The network's layers in order, as a dry run lists them.
        network: A keras.Model with its first weights, from prepared inputs.
        data: Prepared inputs and shaped targets.
        measures: For the metrics of the spec.
        make_tally: Makes what counts answers to held-out samples.
        preparation: What was done to the inputs.
        target_scaling: What turns the network's answers into the target's units; in training a part of the network.
        examples: Some raw training inputs.
    """

    shape: DatasetShape
    layers: tuple[LayerRow, ...]
    network: Any
    data: FitData
    measures: tuple[Measure, ...]
    make_tally: MakeTally
    preparation: AnyPreparation
    target_scaling: TargetScaling | None
    examples: npt.NDArray[np.float32]


def assemble(
    spec: ExperimentSpec, datasets_dir: Path, scratch_dir: Path | None = None, cache_dir: Path | None = None
) -> Assembly:
    """Load and prepare the data and build the network.

    Args:
        spec: The experiment.
        datasets_dir: Where datasets that are files lie, each in a directory of its name.
        scratch_dir: On a disk with room, for arrays too large for memory; None for the system's temporary files.
        cache_dir: What is decoded of a dataset is kept here for later runs; None keeps nothing.

    Raises:
        InvalidSpec: If network, data, loss and metrics do not fit together.
        DatasetMissing: If the dataset's files are not on this machine.
        InvalidInput: If they are not what they should be.
    """
    promised = spec.dataset.shape(read_description(spec.dataset, datasets_dir))
    # Before the data are read: that may take minutes.
    parts = check_parts(spec, promised)
    storage = Storage(scratch_dir, cache_dir=cache_dir)
    loaded = load_data(spec.dataset, promised, datasets_dir, spec.seed, storage)
    # Only the rows of a table show exactly what comes of it.
    shape, preparation = loaded.shape, loaded.preparation
    if shape != promised:
        parts = check_parts(spec, shape)
    output_shape = parts.output_shape
    samples = weigh_samples(loaded.samples, spec.training, shape.class_labels)

    augment = make_augmentation(spec.dataset.augmentation_asked(), spec.seed)
    factor = _factor_of_bytes(preparation, samples)
    step_preparation = StepPreparation(factor or 1.0, augment)

    def prepare(part: Samples) -> Arrays:
        targets = shape_targets(part.targets, spec.training.loss, shape, output_shape)
        inputs = part.inputs if factor else preparation.apply(part.inputs, storage.empty)
        return Arrays(inputs, targets, part.weights)

    network = build_network(spec.model, shape, spec.seed, spec.training.precision)
    set_first_weights(network, spec.initial_weights)
    target_scaling = fit_target_scaling(spec, samples.train.targets)
    return Assembly(
        shape=shape,
        layers=parts.layers,
        network=network if target_scaling is None else target_scaling.attach(network),
        data=FitData(prepare(samples.train), prepare(samples.validation), prepare(samples.test), step_preparation),
        measures=make_measures(spec.training, output_shape),
        make_tally=choose_tally(spec, shape, output_shape),
        preparation=preparation,
        target_scaling=target_scaling,
        # Copied, so that these few rows do not keep all raw inputs in memory through the training.
        examples=samples.train.inputs[:NUM_EXAMPLES].astype(np.float32),
    )


def _factor_of_bytes(preparation: AnyPreparation, samples: SplitSamples) -> float | None:
    """Return what bytes are multiplied by within each step; None where inputs are no bytes, or more is done to them.

    All samples take a quarter of the memory until then.
    """
    are_bytes = all(part.inputs.dtype == np.uint8 for part in (samples.train, samples.validation, samples.test))
    return preparation.factor_alone if are_bytes else None


def as_served(assembly: Assembly, spec: ExperimentSpec) -> Assembly:
    """The same with a network that computes in float32 on one device, however it was trained."""
    if spec.training.precision == "float32" and spec.training.devices == 1:
        return assembly
    network = build_network(spec.model, assembly.shape, spec.seed)
    network.set_weights(assembly.network.get_weights())
    return replace(assembly, network=network)
