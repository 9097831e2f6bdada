"""The Keras program of a spec."""

from dataclasses import dataclass

from core.checks.fit import check_parts
from core.code.datasets.base import SourceContext, Upload
from core.code.datasets.loading import write_data
from core.code.differences import list_differences
from core.code.draft import Draft
from core.code.header import write_header
from core.code.networks.network import write_network
from core.code.objectives.metrics import Outputs
from core.code.objectives.weighting import write_class_weights
from core.code.preparation.targets import are_scaled, write_rescaling, write_targets, write_units
from core.code.source import literal
from core.code.training import write_evaluation, write_training
from core.experiment import ExperimentSpec


@dataclass(frozen=True, slots=True)
class Program:
    """A Keras program.

    Attributes:
        text: Source of one Python module, as `ruff format` writes it.
        differences: What it does otherwise than a run of the spec, each a sentence.
    """

    text: str
    differences: tuple[str, ...]


def write_program(spec: ExperimentSpec, upload: Upload | None = None, origin: str = "") -> Program:
    """Write a program that trains the network of a spec on its data: the same samples, weights and batches.

    Args:
        spec: A spec that has been checked.
        upload: The upload that it names; None for a built-in dataset.
        origin: Sentence about where the spec comes from, in the program's header; without users' text.

    Raises:
        InvalidSpec: If the parts of the spec do not fit together.
    """
    shape = spec.dataset.shape(None if upload is None else upload.file.description)
    parts = check_parts(spec, shape)
    training = spec.training
    draft = Draft()
    context = SourceContext(spec, shape, upload)
    loaded = write_data(draft, context)
    if training.class_weight is not None:
        write_class_weights(draft, training.class_weight, shape, loaded.parts if loaded.is_weighted else ())
    write_targets(draft, spec, shape, parts.output_shape, loaded)
    write_network(draft, spec, shape, parts.layers)
    is_scaled = are_scaled(spec, shape)
    if is_scaled:
        write_units(draft, spec)
    outputs = Outputs(training.loss, parts.output_shape, spec.model, is_centred=is_scaled)
    write_training(draft, context, loaded, outputs)
    write_evaluation(draft, training, loaded)
    if is_scaled:
        write_rescaling(draft)
    draft.evaluation.add(f"model.save({literal(f'{spec.name}.keras')})")
    draft.differences += list_differences(spec)
    header = write_header(spec, context, draft, origin)
    return Program(draft.write(header, [f"SEED = {spec.seed}"]), tuple(draft.differences))
